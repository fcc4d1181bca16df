import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LONGEST_MS } from '../../src/core/duration.ts';
import { jittered, NO_DELAY, retryDelayMs } from '../../src/core/retry.ts';

test('without a policy the next attempt comes at once', () => {
  expect([1, 2, 50].map((failures) => retryDelayMs(NO_DELAY, failures, 0.5))).toEqual([0, 0, 0]);
});

test('a list gives one wait per failure, and the last one repeats', () => {
  const policy = { ...NO_DELAY, delaysMs: [1_000, 10_000] };
  expect([1, 2, 3, 9].map((failures) => retryDelayMs(policy, failures, 0.5))).toEqual([1_000, 10_000, 10_000, 10_000]);
});

test('a factor grows the wait beyond the list, up to its maximum', () => {
  const policy = { delaysMs: [1_000], factor: 2, maxMs: 5_000, jitter: 0 };
  expect([1, 2, 3, 4, 9].map((failures) => retryDelayMs(policy, failures, 0.5))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
});

test('jitter spreads the wait evenly on both sides', () => {
  const policy = { ...NO_DELAY, delaysMs: [1_000], jitter: 0.2 };
  expect([0, 0.25, 0.5, 1].map((chance) => retryDelayMs(policy, 1, chance))).toEqual([800, 900, 1_000, 1_200]);
  expect(jittered(1_000, 0, 0.9)).toBe(1_000);
});

test('any policy gives a wait that can be added to any date', () => {
  const policy = fc.record({
    delaysMs: fc.array(fc.nat(LONGEST_MS), { maxLength: 4 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    maxMs: fc.constantFrom(0, 60_000, Number.MAX_SAFE_INTEGER),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(policy, fc.integer({ min: 1, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (how, failures, chance) => {
      const ms = retryDelayMs(how, failures, chance);
      expect(Number.isInteger(ms) && ms >= 0).toBe(true);
      expect(() => new Date(1_800_000_000_000 + ms).toISOString()).not.toThrow();
    }),
    { numRuns: 500 },
  );
});
