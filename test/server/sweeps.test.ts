import { expect, test } from 'vitest';
import { Sweeps } from '../../src/server/sweeps.ts';

test('after 500 runs have ended it is time for a sweep, once', () => {
  const sweeps = new Sweeps(0);
  sweeps.ended(499);
  expect(sweeps.take(10)).toBe(false);
  sweeps.ended(1);
  expect([sweeps.take(10), sweeps.take(10)]).toEqual([true, false]);
});

test('so it is an hour after the last one, however little has ended', () => {
  const sweeps = new Sweeps(1_000);
  expect(sweeps.take(3_600_999)).toBe(false);
  expect([sweeps.take(3_601_000), sweeps.take(3_601_001)]).toEqual([true, false]);
});
