import { describe, expect, test } from 'vitest';
import type { Run, RunState } from '../../src/core/run.ts';
import { MOST_PER_SWEEP, Retention } from '../../src/store/retention.ts';
import { aRun, T0 } from '../core/builders.ts';

type Item = { run: Run; gone: boolean; awaited: number };
const KEEP = { completedMs: 1_000, completedCount: 100, failedMs: 2_000, failedCount: 100 };
const ended = (state: RunState, endedAt: number): Item => ({ run: { ...aRun(state), endedAt } as Run, gone: false, awaited: 0 });
const counting = (items: readonly Item[]) => (state: RunState) => items.filter((item) => !item.gone && item.run.state === state).length;

function retaining(items: readonly Item[]): Retention<Item> {
  const retention = new Retention<Item>();
  for (const item of items) retention.ended(item);
  return retention;
}

describe('a sweep', () => {
  test('names what ended too long ago, failures by a time of their own', () => {
    const items = [ended('COMPLETED', T0), ended('FAILED', T0), ended('EXPIRED', T0 + 1_500), ended('CRASHED', T0 + 400)];
    expect(retaining(items).overdue(T0 + 2_100, KEEP, counting(items))).toEqual([items[0], items[1]]);
  });

  test('names what is too many, oldest end first, in whatever order it was told', () => {
    const items = [ended('COMPLETED', T0 + 30), ended('COMPLETED', T0 + 10), ended('CANCELLED', T0 + 20)];
    const keep = { ...KEEP, completedMs: 9_000, completedCount: 1 };
    expect(retaining(items).overdue(T0 + 2_040, keep, counting(items))).toEqual([items[1], items[2]]);
  });

  test('leaves those of the last two seconds, however many they are: somebody may be about to ask for them', () => {
    const items = [ended('COMPLETED', T0), ended('COMPLETED', T0 + 1), ended('COMPLETED', T0 + 2)];
    const keep = { ...KEEP, completedMs: 9_000, completedCount: 0 };
    expect(retaining(items).overdue(T0 + 2_001, keep, counting(items))).toEqual([items[0]]);
  });

  test('leaves an awaited run aside, and names it once nothing waits for it', () => {
    const [awaited, other] = [ended('COMPLETED', T0), ended('COMPLETED', T0)];
    awaited.awaited = 1;
    const retention = retaining([awaited, other]);
    const sweep = () => retention.overdue(T0 + 9_999, KEEP, counting([awaited, other]));
    expect(sweep()).toEqual([other]);
    other.gone = true;
    expect(sweep()).toEqual([]);
    awaited.awaited = 0;
    retention.released(awaited);
    expect(sweep()).toEqual([awaited]);
    awaited.gone = true;
    expect(sweep()).toEqual([]);
  });

  test('names no more than it can do without holding up others', () => {
    const items = Array.from({ length: MOST_PER_SWEEP + 10 }, () => ended('COMPLETED', T0));
    const retention = retaining(items);
    const first = retention.overdue(T0 + 9_999, KEEP, counting(items.slice(0, 10)));
    expect(first).toHaveLength(MOST_PER_SWEEP);
    for (const item of first) item.gone = true;
    expect(retention.overdue(T0 + 9_999, KEEP, () => 0)).toHaveLength(10);
  });
});
