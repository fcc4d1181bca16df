import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/api.ts';
import { OPEN_STATES, RUN_STATES } from '../../src/core/run.ts';
import { countOf, emptyView, type FollowEvent, fold, mostAttempts, newestFirst, type View } from '../../src/core/view.ts';
import { aRunView, countsOf, iso, NOON, someRuns } from '../helpers/fake-client.ts';

const LIMIT = 10;

function snapshot(seq: number, runs: readonly RunView[]): FollowEvent {
  return { type: 'snapshot', seq, runs, counts: countsOf(runs), durability: 'durable' };
}
function change(seq: number, runs: readonly RunView[], removed: readonly string[] = []): FollowEvent {
  return { type: 'change', seq, runs, removed, counts: countsOf(runs) };
}
function folded(...events: FollowEvent[]): View {
  return events.reduce((view, event, index) => fold(view, event, NOON + index), emptyView(LIMIT, NOON));
}
const ids = (view: View) => view.runs.map((run) => run.id.slice(-2));

describe('the list', () => {
  test('is empty and connecting before anything was heard', () => {
    expect(emptyView(LIMIT, NOON)).toMatchObject({ runs: [], counts: null, connection: { state: 'connecting', since: NOON, failures: 0 } });
  });

  test('stands newest first, whatever the order of the snapshot', () => {
    expect(ids(folded(snapshot(1, someRuns(3))))).toEqual(['02', '01', '00']);
  });

  test('takes a new run in at its place and a changed one where it stands', () => {
    const runs = someRuns(3);
    const [, middle] = runs as [RunView, RunView, RunView];
    const later = aRunView({ ...middle, state: 'FAILED', stateName: 'Failed' });
    const view = folded(snapshot(1, runs.slice(0, 2)), change(2, [later, ...runs.slice(2)]));
    expect(ids(view)).toEqual(['02', '01', '00']);
    expect(view.runs[1]).toBe(later);
  });

  test('keeps the newest where there are more than the limit', () => {
    const view = folded(snapshot(1, someRuns(LIMIT)), change(2, someRuns(LIMIT + 3).slice(LIMIT)));
    expect(view.runs).toHaveLength(LIMIT);
    expect(ids(view)[0]).toBe('12');
  });

  test('loses what was removed, also where the same frame brings it', () => {
    const [one, two, three] = someRuns(3) as [RunView, RunView, RunView];
    expect(ids(folded(snapshot(1, [one, two]), change(2, [three], [one.id, three.id])))).toEqual(['01']);
  });

  test('is the same object, run by run and as a whole, where nothing changed', () => {
    const before = folded(snapshot(1, someRuns(3)));
    expect(fold(before, change(1, someRuns(5)), NOON)).toBe(before);
    const after = fold(before, change(2, []), NOON);
    expect(after.runs).toEqual(before.runs);
    expect(after.runs[0]).toBe(before.runs[0]);
  });

  test('ignores changes before the first snapshot', () => {
    expect(folded(change(1, someRuns(2))).runs).toEqual([]);
  });

  test('begins anew with every snapshot, also after the server began to count again', () => {
    expect(ids(folded(snapshot(50, someRuns(5)), snapshot(1, someRuns(1)), change(2, [])))).toEqual(['00']);
  });
});

describe('the connection', () => {
  const moments = fc.constantFrom<FollowEvent>({ type: 'up' }, { type: 'down' }, snapshot(1, []), change(2, []));

  test('lost keeps the list and says since when, however often it fails again', () => {
    const view = folded(snapshot(1, someRuns(2)), { type: 'down' }, { type: 'down' });
    expect(view.runs).toHaveLength(2);
    expect(view.connection).toEqual({ state: 'lost', since: NOON + 1, failures: 2 });
  });

  test('never made counts its failures and stays connecting', () => {
    expect(folded({ type: 'down' }, { type: 'down' }).connection).toEqual({ state: 'connecting', since: NOON, failures: 2 });
  });

  test('is live from the moment it is up', () => {
    expect(folded({ type: 'down' }, { type: 'up' }, snapshot(1, [])).connection).toEqual({ state: 'live', since: NOON + 1, failures: 0 });
  });

  test('is live exactly when the last thing that says so was up or a snapshot', () => {
    fc.assert(
      fc.property(fc.array(moments), (events) => {
        const last = events.findLast((event) => event.type !== 'change');
        expect(folded(...events).connection.state === 'live').toBe(last !== undefined && last.type !== 'down');
      }),
    );
  });
});

describe('after any frames', () => {
  interface Said {
    readonly whole: boolean;
    readonly runs: readonly RunView[];
    readonly removed: readonly string[];
  }
  const id = fc.nat(30).map((number) => `run-${String(number).padStart(2, '0')}`);
  const run = fc
    .record({ id, state: fc.constantFrom(...RUN_STATES) })
    .map((over) => aRunView({ ...over, createdAt: iso(NOON + (Number(over.id.slice(4)) % 3)) }));
  const runs = fc.uniqueArray(run, { maxLength: 12, selector: (one) => one.id });
  const said: fc.Arbitrary<Said> = fc.record({ whole: fc.boolean(), runs, removed: fc.array(id, { maxLength: 4 }) });

  /** The same in the plainest way. */
  function plainly(known: readonly RunView[] | null, { whole, runs, removed }: Said, limit: number): readonly RunView[] | null {
    if (known === null && !whole) return null;
    const byId = new Map([...(whole ? [] : (known ?? [])), ...runs].map((one) => [one.id, one]));
    if (!whole) for (const gone of removed) byId.delete(gone);
    return [...byId.values()].sort(newestFirst).slice(0, limit);
  }

  test('the list is what a plain map of runs would give', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (frames, limit) => {
        let view = emptyView(limit, NOON);
        let model: readonly RunView[] | null = null;
        for (const [seq, frame] of frames.entries()) {
          view = fold(view, frame.whole ? snapshot(seq, frame.runs) : change(seq, frame.runs, frame.removed), NOON);
          model = plainly(model, frame, limit);
          expect(view.runs).toEqual(model ?? []);
        }
      }),
    );
  });
});

test('counts add up over the states asked for, and are none before the first snapshot', () => {
  const runs = [aRunView(), aRunView({ state: 'RUNNING' }), aRunView({ state: 'PENDING' })];
  expect(countOf(countsOf(runs), OPEN_STATES)).toBe(2);
  expect(countOf(null, OPEN_STATES)).toBe(0);
});

test.each([
  [0, 3, 3],
  [2, 3, 3],
  [2, 1, 2],
])('attempt %i of at most %i is shown as one of %i', (attempt, maxAttempts, most) => {
  expect(mostAttempts({ attempt, maxAttempts })).toBe(most);
});
