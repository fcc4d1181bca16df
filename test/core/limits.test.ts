import { expect, test } from 'vitest';
import { rateText } from '../../src/core/limits.ts';

test('a rate is told as it was said', () => {
  const text = (perMs: number) => rateText({ limit: 10, perMs, burst: 1, perKey: false });
  expect([1_000, 60_000, 90_000, 7_200_000, 250].map(text)).toEqual([
    ...['rate 10 per 1s', 'rate 10 per 1m', 'rate 10 per 90s', 'rate 10 per 2h', 'rate 10 per 250ms'],
  ]);
});
