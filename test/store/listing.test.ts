import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RUN_STATES, type Run, type RunState } from '../../src/core/run.ts';
import { Listing } from '../../src/store/listing.ts';
import { aRun } from '../core/builders.ts';

type Item = { run: Run; seq: number; gone: boolean };
let seq = 0;
const add = (listing: Listing<Item>, run: Run): Item => {
  const item = { run, seq: ++seq, gone: false };
  listing.update(item, undefined, run);
  return item;
};
const change = (listing: Listing<Item>, item: Item, after: Run): void => {
  const before = item.run;
  item.run = after;
  listing.update(item, before, after);
};
const remove = (listing: Listing<Item>, item: Item): void => {
  item.gone = true;
  listing.update(item, item.run, undefined);
};

describe('counts', () => {
  test('are what is there, after any changes, in all and by task', () => {
    const anItem = fc.record({ state: fc.constantFrom(...RUN_STATES), task: fc.constantFrom('a', 'b'), tag: fc.constantFrom('x', 'y') });
    fc.assert(
      fc.property(fc.array(anItem, { minLength: 1 }), fc.array(fc.tuple(fc.nat(), fc.constantFrom(...RUN_STATES))), (said, changes) => {
        const listing = new Listing<Item>();
        const items = said.map(({ state, task, tag }) => add(listing, aRun(state, { task, tags: [tag] })));
        for (const [pick, state] of changes) disturb(listing, items[pick % items.length] as Item, pick, state);
        for (const filter of [{}, { task: 'a' }, { tag: 'x' }, { task: 'b', tag: 'y' }, { text: 'x' }]) {
          const there = items.filter((item) => !item.gone && matches(item.run, filter));
          const counts = listing.counts(filter);
          for (const state of RUN_STATES) expect(counts[state]).toBe(there.filter(({ run }) => run.state === state).length);
          expect(listing.page({ ...filter, limit: 1_000 }).runs).toEqual(there.map(({ run }) => run).reverse());
        }
      }),
    );
  });
});

function disturb(listing: Listing<Item>, item: Item, pick: number, state: RunState): void {
  if (item.gone) return;
  if (pick % 5 === 0) remove(listing, item);
  else change(listing, item, aRun(state, { task: item.run.task, tags: item.run.tags }));
}

function matches(run: Run, { task, tag, text }: { task?: string; tag?: string; text?: string }): boolean {
  if (text !== undefined) return run.tags.includes(text);
  return (task === undefined || run.task === task) && (tag === undefined || run.tags.includes(tag));
}

describe('pages', () => {
  test('go on where the one before ended, though runs come and go in between', () => {
    const listing = new Listing<Item>();
    const items = Array.from({ length: 10 }, () => add(listing, aRun('SCHEDULED')));
    const one = listing.page({ limit: 4 });
    remove(listing, items[6] as Item); // the last of the page itself
    remove(listing, items[5] as Item);
    add(listing, aRun('SCHEDULED'));
    const two = listing.page({ limit: 4, cursor: one.nextCursor as string });
    expect(two.runs).toEqual([4, 3, 2, 1].map((at) => items[at]?.run));
    expect(listing.page({ limit: 4, cursor: two.nextCursor as string })).toEqual({ runs: [items[0]?.run], nextCursor: null });
  });

  test('of what is rare end without a look at the rest', () => {
    const listing = new Listing<Item>();
    add(listing, aRun('SCHEDULED'));
    const rare = add(listing, aRun('FAILED'));
    expect(listing.page({ limit: 5, state: ['FAILED'] })).toEqual({ runs: [rare.run], nextCursor: null });
    expect(listing.page({ limit: 5, state: ['CRASHED'] })).toEqual({ runs: [], nextCursor: null });
  });

  test('hold no places of removed runs for ever, and one that comes back stands where it stood', () => {
    const listing = new Listing<Item>();
    const items = Array.from({ length: 4_000 }, () => add(listing, aRun('COMPLETED')));
    for (const item of items.slice(0, 3_000)) remove(listing, item);
    const back = items[17] as Item;
    back.gone = false;
    listing.update(back, undefined, back.run);
    const there = [...listing.all()];
    expect(there).toHaveLength(1_001);
    expect(there[0]).toBe(back);
  });
});
