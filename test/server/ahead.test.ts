/** How far ahead of its slots a worker gets leases, and when they go back. */
import { describe, expect, test } from 'vitest';
import type { Assignment } from '../../src/core/frames.ts';
import { Ahead, KEPT_MS } from '../../src/server/ahead.ts';

const run = (token: string) => ({ runId: `run-${token}`, token }) as Assignment;
const tokens = (runs: readonly Assignment[]) => runs.map(({ token }) => token);

describe('how many', () => {
  test('none before a worker has ended runs twice: one end alone says nothing of its pace', () => {
    const ahead = new Ahead();
    expect(ahead.most).toBe(0);
    ahead.ended(10, 10, 1_000);
    expect(ahead.most).toBe(0);
  });

  test('as many as it ends in 20 ms, at most its slots', () => {
    const ahead = new Ahead();
    ahead.ended(1, 10, 1_000);
    ahead.ended(2, 10, 1_010);
    expect(ahead.most).toBe(4);
    ahead.ended(10, 10, 1_011);
    expect(ahead.most).toBe(10);
  });

  test('none where it is slower than that', () => {
    const ahead = new Ahead();
    ahead.ended(1, 10, 1_000);
    ahead.ended(1, 10, 1_001);
    ahead.ended(1, 10, 1_022);
    expect(ahead.most).toBe(0);
  });
});

describe('what is kept', () => {
  test('leaves in order, at most as much as there is room for', () => {
    const ahead = new Ahead();
    ahead.keep([run('a'), run('b')], 0);
    ahead.keep([run('c')], 0);
    expect(tokens(ahead.take(2, 0))).toEqual(['a', 'b']);
    expect(tokens(ahead.take(-1, 0))).toEqual([]);
    expect(tokens(ahead.take(5, 0))).toEqual(['c']);
  });

  test('is stale when none of it left for 50 ms', () => {
    const ahead = new Ahead();
    expect(ahead.staleAt).toBe(Number.POSITIVE_INFINITY);
    ahead.keep([run('a'), run('b')], 100);
    expect(ahead.staleAt).toBe(100 + KEPT_MS);
    ahead.take(0, 120);
    expect(ahead.staleAt).toBe(100 + KEPT_MS);
    ahead.take(1, 120);
    expect(ahead.staleAt).toBe(120 + KEPT_MS);
    ahead.take(1, 130);
    expect(ahead.staleAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('can be taken out by its token, and all at once; then its pace is unknown again', () => {
    const ahead = new Ahead();
    ahead.ended(1, 10, 0);
    ahead.ended(9, 10, 1);
    ahead.keep([run('a'), run('b'), run('c')], 1);
    expect([ahead.remove('b'), ahead.remove('b')]).toEqual([true, false]);
    expect(tokens(ahead.clear())).toEqual(['a', 'c']);
    expect([ahead.size, ahead.most]).toEqual([0, 0]);
    ahead.ended(9, 10, 2);
    expect(ahead.most).toBe(0);
  });
});
