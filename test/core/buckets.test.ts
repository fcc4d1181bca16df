import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Buckets } from '../../src/core/buckets.ts';
import type { Rate } from '../../src/core/limits.ts';
import { T0 } from './builders.ts';

const rate = (over: Partial<Rate> = {}): Rate => ({ limit: 20, perMs: 1_000, burst: 1, perKey: false, ...over });

/** When each of `count` runs starts that are asked for at once, by one who looks `late` milliseconds too late each time. */
function starts(buckets: Buckets, count: number, late = 0): number[] {
  let now = T0;
  return Array.from({ length: count }, () => {
    const at = buckets.readyAt('', now);
    if (at > now) now = at + late;
    buckets.take('', now);
    return now - T0;
  });
}

describe('a bucket', () => {
  test('spreads starts evenly, and the first is at once', () => {
    expect(starts(new Buckets(rate()), 4)).toEqual([0, 50, 100, 150]);
    expect(starts(new Buckets(rate({ limit: 3 })), 4)).toEqual([0, 334, 667, 1_000]);
  });

  test('lets as many start at once as it holds', () => {
    expect(starts(new Buckets(rate({ burst: 3 })), 5)).toEqual([0, 0, 0, 50, 100]);
  });

  test('never gives more than its limit and its burst in any period', () => {
    const aRate = fc.record({
      limit: fc.integer({ min: 1, max: 300 }),
      perMs: fc.integer({ min: 10, max: 5_000 }),
      burst: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(aRate, fc.nat(7), (said, late) => {
        const at = starts(new Buckets(rate(said)), 60, late);
        for (const from of at) {
          const inside = at.filter((one) => one >= from && one < from + said.perMs - 1).length;
          expect(inside).toBeLessThanOrEqual(said.limit + said.burst - 1);
        }
      }),
    );
  });

  test('is not kept once it is full, and keys have one each', () => {
    const buckets = new Buckets(rate({ perKey: true }));
    for (let n = 0; n < 5_000; n += 1) buckets.take(`key ${n}`, T0 + n * 10);
    expect(buckets.size).toBeLessThan(200);
    expect(buckets.readyAt('key 4999', T0 + 49_990)).toBe(T0 + 50_040);
    expect(buckets.readyAt('key 0', T0 + 49_990)).toBeLessThanOrEqual(T0 + 49_990);
  });

  test('is not held up by a clock that jumps back', () => {
    const buckets = new Buckets(rate());
    buckets.take('', T0 + 3_600_000);
    expect(buckets.readyAt('', T0)).toBe(T0 + 50);
  });
});
