import { expect, test } from 'vitest';
import type { CompletedRun } from '../../src/core/run.ts';
import { CachedRuns } from '../../src/store/cached.ts';
import { Changes, newRow, type Row } from '../../src/store/rows.ts';
import { aRun, T0 } from '../core/builders.ts';

function row(id: string, key: string | null, over: Partial<CompletedRun> & { ttlMs?: number } = {}): Row {
  const { ttlMs = null, ...more } = over;
  const run = { ...(aRun('COMPLETED', { id }) as CompletedRun), cache: key === null ? null : { key, ttlMs }, endedAt: T0, ...more };
  return newRow({ run, seq: 1, keyUntil: null, uncached: false });
}
const rowsOf = (...rows: Row[]) => new Map(rows.map((one) => [one.run.id, one]));

test('the newest result under a key answers, until its time is over or its run goes', () => {
  const cached = new CachedRuns();
  const [first, second] = [row('a', 'k'), row('b', 'k', { ttlMs: 100 })];
  cached.complete(first, null);
  expect(cached.live('k', T0 + 1e9)?.id).toBe('a');
  cached.complete(second, null);
  expect(cached.live('k', T0 + 99)?.id).toBe('b');
  expect(cached.live('k', T0 + 100)).toBeUndefined();
  cached.leave(second);
  expect(cached.live('k', T0)).toBeUndefined(); // what was replaced does not come back
  cached.enter(first);
  expect(cached.live('k', T0)).toBeUndefined();
});

test('a result that came out of the cache itself, or has no key, answers for nobody', () => {
  const cached = new CachedRuns();
  cached.complete(row('a', null), null);
  cached.complete(row('b', 'k', { cachedFrom: 'a' }), null);
  expect(cached.list(null, T0)).toEqual([]);
});

test('the list is newest first, of one task where one is asked for, without what is over', () => {
  const cached = new CachedRuns();
  cached.enter(row('a', 'ka'));
  cached.enter(row('b', 'kb', { endedAt: T0 + 5 }));
  cached.enter(row('c', 'kc', { task: 'other', ttlMs: 10 }));
  expect(cached.list(null, T0).map(({ id }) => id)).toEqual(['b', 'c', 'a']);
  expect(cached.list('greet', T0).map(({ id }) => id)).toEqual(['b', 'a']);
  expect(cached.list(null, T0 + 10).map(({ id }) => id)).toEqual(['b', 'a']);
});

test('what was cleared or replaced can be taken back', () => {
  const cached = new CachedRuns();
  const [first, second] = [row('a', 'k'), row('b', 'k')];
  cached.complete(first, null);
  const changes = new Changes();
  cached.complete(second, changes);
  cached.clear(['b', 'unknown'], rowsOf(first, second), changes);
  expect(cached.live('k', T0)).toBeUndefined();
  for (const step of changes.steps.toReversed()) if ('undo' in step) step.undo();
  expect(cached.live('k', T0)?.id).toBe('a');
});
