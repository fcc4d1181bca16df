import { expect, test } from 'vitest';
import { Buckets } from '../../src/core/buckets.ts';
import { bucketOf, isFull, newLane, newLine, perKey } from '../../src/core/lanes.ts';

test('a limit or a bucket for each key holds back no run without a key', () => {
  const line = newLine('a');
  line.limits = { concurrency: null, concurrencyPerKey: 2 };
  const [keyed, free] = [newLane(line, 'x'), newLane(line, '')];
  expect([perKey(keyed), perKey(free)]).toEqual([2, null]);
  expect([bucketOf(keyed), bucketOf(free)]).toEqual([null, null]);
  line.buckets = new Buckets({ limit: 1, perMs: 1, burst: 1, perKey: true });
  expect([bucketOf(keyed), bucketOf(free)]).toEqual(['x', null]);
  line.buckets = new Buckets({ limit: 1, perMs: 1, burst: 1, perKey: false });
  expect([bucketOf(keyed), bucketOf(free)]).toEqual(['', '']);
});

test('no limit is never full', () => {
  expect([isFull(9, null), isFull(9, 10), isFull(10, 10)]).toEqual([false, false, true]);
});
