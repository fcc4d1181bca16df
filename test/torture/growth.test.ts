/** Whether something keeps growing. */
import { describe, expect, test } from 'vitest';
import { growthPerMinute } from './growth.ts';

const every = (values: readonly number[]) => values.map((value, index) => ({ atMs: index * 10_000, value }));

describe('the growth a minute', () => {
  test('is what is added in six looks of ten seconds', () => {
    expect(growthPerMinute(every([100, 101, 102, 103, 104]))).toBe(6);
  });

  test('is not moved by a peak, wherever it stands', () => {
    for (let at = 0; at < 20; at += 1) {
      const flat = every(Array.from({ length: 20 }, (_, index) => (index === at ? 1_000 : 50)));
      expect(growthPerMinute(flat), `peak at ${at}`).toBe(0);
    }
  });

  test('is nothing where nobody looked twice', () => {
    expect(growthPerMinute([])).toBe(0);
    expect(growthPerMinute(every([7]))).toBe(0);
  });
});
