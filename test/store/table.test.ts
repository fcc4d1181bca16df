/** The table alone: that it can be taken back, played again, and never walks over all runs where it must be quick. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Changes } from '../../src/store/rows.ts';
import { Table } from '../../src/store/table.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { type Act, acts, granting, OFFER, onTable, perform } from './acts.ts';
import { stateOf } from './helpers.ts';

/** Everything that can be asked of a table, also what its indexes answer. */
function answersOf(table: Table, at: number): string {
  const seen = [...table.rows()].map(({ awaited, dependents, expires }) => ({ awaited, waiting: dependents?.length ?? 0, expires }));
  const overdue = table.nextExpiryAt();
  return JSON.stringify({
    state: stateOf(table),
    counts: [table.listing.counts(), table.listing.counts({ task: 'greet' }), table.size],
    tasks: table.queue.tasks(),
    children: [...table.rows()].map(({ run }) => table.children.descendants(run.id, 60).map((row) => row.run.id)),
    leased: table.leased().map(({ id }) => id),
    overdue,
    cached: ['c0', 'c1'].map((key) => table.cached.live(key, at)?.id),
    awaited: seen.map(({ awaited }) => awaited),
    known: ['k0', 'k1', 'k2'].map((key) => table.known(aSubmit({ id: 'new', idempotencyKey: key }), at)?.run?.id),
  });
}

function play(table: Table, all: readonly Act[], from: number, to: number): void {
  const target = onTable(table);
  for (let index = from; index < to; index += 1) perform(target, all, index);
}

const several = (count: number, kind: Act['kind'], pick = 0): Act[] => Array.from({ length: count }, () => ({ kind, pick }));
/** Found by chance: cut in the middle, an old run that is swept holds a key whose ttl has ended, and a newer run has it. */
const KEY_OF_A_REMOVED_RUN: [Act[], number] = [
  [
    ...several(1, 'key', 3),
    ...several(9, 'submit'),
    ...several(1, 'key'),
    ...several(1, 'cancel'),
    ...several(1, 'claim'),
    ...several(1, 'submit'),
    ...several(1, 'sweep'),
    ...several(1, 'submit'),
  ],
  11,
];
/** Found by chance: a run expires, which is the end of the run that waits for it, and is removed, all in one batch. */
const REMOVED_BEHIND_ITS_DEPENDENT: [Act[], number] = [
  [...several(6, 'submit'), ...several(1, 'wait', 15), ...several(4, 'submit'), ...several(1, 'claim'), ...several(1, 'remove', 15)],
  7,
];
/** Found by chance: a run is put aside by a sweep, since another waits for it; taken back and ended again, it is not overdue yet. */
const ASIDE_AND_ENDED_AGAIN: [Act[], number] = [
  [
    ...several(1, 'submit'),
    ...several(1, 'cancel'),
    ...several(2, 'submit'),
    ...several(1, 'sweep'),
    ...several(1, 'submit'),
    ...several(1, 'wait'),
    ...several(4, 'submit'),
    ...several(1, 'claim'),
    ...several(1, 'submit'),
    ...several(1, 'sweep'),
    ...several(2, 'submit'),
  ],
  1,
];
/** Found by chance: a run that was swept comes back behind runs whose ends, after its own, are taken back in the same moment. */
const SWEPT_BEFORE_ENDS_TAKEN_BACK: [Act[], number] = [
  [
    ...several(9, 'submit'),
    ...several(1, 'claim'),
    ...several(5, 'submit'),
    ...several(1, 'sweep'),
    ...several(4, 'submit'),
    ...several(1, 'expire'),
    ...several(1, 'submit'),
  ],
  15,
];
/** Found by chance: one batch adds a run with a key, another one that takes the key over, and removes the first. */
const KEYED_AND_REMOVED_IN_ONE: [Act[], number] = [
  [
    ...several(7, 'submit'),
    ...several(1, 'key', 15),
    ...several(3, 'submit'),
    ...several(1, 'cancel', 18),
    ...several(1, 'wait', 7),
    ...several(4, 'submit'),
    ...several(1, 'key'),
    ...several(1, 'remove', 7),
    ...several(1, 'submit'),
  ],
  0,
];
/** Found by chance: the run that took a key is removed; the run that had it before must not answer again once the table is loaded anew. */
const KEY_TAKEN_AND_GONE: [Act[]] = [
  [
    ...several(3, 'submit'),
    ...several(1, 'key', 10),
    ...several(2, 'submit'),
    ...several(1, 'key', 10),
    ...several(1, 'cancel', 20),
    ...several(3, 'submit'),
    ...several(1, 'remove', 17),
    ...several(1, 'submit'),
  ],
];

describe('facts', () => {
  test('played again give the same table', () => {
    fc.assert(
      fc.property(acts, (all) => {
        const table = new Table();
        const changes = new Changes();
        table.changes = changes;
        play(table, all, 0, all.length);
        const again = new Table();
        for (const fact of changes.facts) again.replay(fact);
        expect(answersOf(again, T0 + 1e6)).toBe(answersOf(table, T0 + 1e6));
      }),
    );
  });

  test('that do not fit are refused, never half done in silence', () => {
    const table = new Table();
    table.replay({ kind: 'submit', run: aSubmit({ id: 'a' }), at: T0 });
    expect(() => table.replay({ kind: 'submit', run: aSubmit({ id: 'a' }), at: T0 })).toThrow(/which is there/);
    expect(() => table.replay({ kind: 'event', id: 'b', event: { type: 'expire' }, at: T0 })).toThrow(/does not take/);
    expect(() => table.replay({ kind: 'remove', ids: ['a'], at: T0 })).toThrow(/cannot be removed/);
    const waiting = aSubmit({ id: 'c', waitFor: [{ id: 'nobody', allowFailure: false }] });
    expect(() => table.replay({ kind: 'submit', run: waiting, at: T0 })).toThrow(/waits for nobody/);
  });
});

describe('steps', () => {
  test('taken back leave the table as it was before them, in all it answers', () => {
    fc.assert(
      fc.property(acts, fc.nat(), (all, cut) => {
        const keep = cut % (all.length + 1);
        const table = new Table();
        play(table, all, 0, keep);
        const before = answersOf(table, T0 + 1e6);
        const changes = new Changes();
        table.changes = changes;
        play(table, all, keep, all.length);
        table.changes = null;
        table.revert(changes.steps);
        expect(answersOf(table, T0 + 1e6)).toBe(before);
      }),
      { numRuns: 300, examples: [KEY_OF_A_REMOVED_RUN, REMOVED_BEHIND_ITS_DEPENDENT] },
    );
  });

  test('taken back and done again lead to the same end', () => {
    fc.assert(
      fc.property(acts, fc.nat(), (all, cut) => {
        const keep = cut % (all.length + 1);
        const [table, plain] = [new Table(), new Table()];
        play(table, all, 0, keep);
        const changes = new Changes();
        table.changes = changes;
        play(table, all, keep, all.length);
        table.changes = null;
        table.revert(changes.steps);
        play(table, all, keep, all.length);
        play(plain, all, 0, all.length);
        const runs = ({ rows }: { rows: { run: { id: string } }[] }) => JSON.stringify(rows.map(({ run }) => run));
        expect(runs(JSON.parse(stateOf(table)))).toBe(runs(JSON.parse(stateOf(plain))));
      }),
      { examples: [ASIDE_AND_ENDED_AGAIN, SWEPT_BEFORE_ENDS_TAKEN_BACK, KEYED_AND_REMOVED_IN_ONE] },
    );
  });
});

describe('loading', () => {
  test('row by row gives the same table, whatever it answers', () => {
    fc.assert(
      fc.property(acts, (all) => {
        const table = new Table();
        play(table, all, 0, all.length);
        const loaded = new Table();
        for (const row of table.rows()) loaded.load(row);
        loaded.pauses.load(table.pauses.kept());
        loaded.inputs.load(table.inputs.kept());
        loaded.forgetUpTo(table.newestRemoved);
        expect(answersOf(loaded, T0 + 1e6)).toBe(answersOf(table, T0 + 1e6));
      }),
      { examples: [KEY_TAKEN_AND_GONE] },
    );
  });
});

test('a flood of runs makes no call slower: 20,000 behind one upstream run, taken and ended one by one', () => {
  const table = new Table();
  table.submit(aSubmit({ id: 'up', task: 'up' }), T0);
  for (let index = 0; index < 20_000; index += 1) {
    table.submit(aSubmit({ id: `run-${index}`, waitFor: [{ id: 'up', allowFailure: true }] }), T0);
  }
  table.apply('up', { type: 'cancel', reason: 'x' }, T0);
  let looks = 0;
  const rows = table.rows;
  table.rows = () => {
    looks += 1;
    return rows.call(table);
  };
  for (let index = 0; index < 20_000; index += 1) {
    const [claimed] = table.claim(OFFER, T0, granting('t'));
    table.apply(claimed?.run.id as string, { type: 'succeed', token: 't', result: null }, T0);
  }
  expect(table.listing.counts()).toMatchObject({ COMPLETED: 20_000, CANCELLED: 1 });
  expect(looks).toBe(0);
});
