import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogLine } from '../../src/core/api.ts';
import { append, combine, MOST_LOGS, NO_LOGS } from '../../src/tui/logs.ts';
import { iso, NOON } from '../helpers/fake-client.ts';

const all: readonly LogLine[] = Array.from({ length: 30 }, (_, index) => ({
  at: iso(NOON + Math.floor(index / 3)),
  level: 'info',
  text: `line ${index}`,
  attempt: 1,
}));
const texts = (lines: readonly LogLine[]) => lines.map((line) => line.text);

describe('combine', () => {
  test('has every line once, wherever the stored lines end and the pushed ones begin', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.nat(30), (stored, from, length) => {
        const begin = Math.min(from, stored); // nothing was lost between the two
        const pushed = append(NO_LOGS, all.slice(begin, begin + length));
        const end = Math.max(stored, begin + length);
        expect(texts(combine(all.slice(0, stored), pushed).lines)).toEqual(texts(all.slice(0, end)));
      }),
    );
  });

  test('keeps both where something between them was lost', () => {
    const pushed = append(NO_LOGS, all.slice(20));
    expect(texts(combine(all.slice(0, 10), pushed).lines)).toEqual(texts([...all.slice(0, 10), ...all.slice(20)]));
  });
});

test('the newest lines are kept, and how many are gone is known', () => {
  const many = Array.from({ length: MOST_LOGS + 7 }, (_, index) => ({ ...(all[0] as LogLine), text: String(index) }));
  const logs = append(NO_LOGS, many);
  expect([logs.lines.length, logs.dropped, logs.lines[0]?.text]).toEqual([MOST_LOGS, 7, '7']);
  expect(append(logs, all.slice(0, 3)).dropped).toBe(10);
});
