import { describe, expect, test } from 'vitest';
import { COLOURS, count, elapsed, fold, paint, relativeTime, stateText, tildePath, toJson } from '../../src/cli/text.ts';
import { RUN_STATES } from '../../src/core/run.ts';
import { colourOf } from '../../src/tui/theme.ts';

const NOW = Date.parse('2026-11-24T12:00:00.000Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();

test('states have the same colours as in the run viewer', () => {
  for (const state of RUN_STATES) expect(COLOURS[state]).toBe(colourOf(state));
});

test('a state is followed by its name only where that says more', () => {
  expect(stateText({ state: 'COMPLETED', stateName: 'Completed' })).toBe('COMPLETED');
  expect(stateText({ state: 'SCHEDULED', stateName: 'AwaitingRetry' })).toBe('SCHEDULED AwaitingRetry');
});

test.each([
  [0, 'now'],
  [-400, 'now'],
  [-1_000, '1s ago'],
  [-59_400, '59s ago'],
  [-59_600, '1m ago'],
  [-3_599_000, '59m ago'],
  [-86_400_000 * 3, '3d ago'],
  [5_000, 'in 5s'],
  [3_600_000 * 2, 'in 2h'],
])('%i ms away reads %s', (ms, text) => {
  expect(relativeTime(at(ms), NOW)).toBe(text);
});

test('a run took from its start to its end, or takes until now', () => {
  expect(elapsed({ startedAt: null, endedAt: null }, NOW)).toBeNull();
  expect(elapsed({ startedAt: at(-2_000), endedAt: at(-500) }, NOW)).toBe('1.5s');
  expect(elapsed({ startedAt: at(-2_000), endedAt: null }, NOW)).toBe('2.0s');
  expect(elapsed({ startedAt: at(1_000), endedAt: null }, NOW)).toBe('0ms');
});

describe('JSON for a terminal', () => {
  const nasty = '\u001b[31m\u007f\u009b1m\u202e\u2066\u2028\ufeff\u200f"\\ ü 日本 😀';

  test('holds no character that a terminal obeys, and reads back as the same value', () => {
    const text = toJson({ nasty, [nasty]: [nasty] }, 2);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/u);
    expect(JSON.parse(text)).toEqual({ nasty, [nasty]: [nasty] });
    expect(text).toContain('ü 日本 😀');
  });

  test('of nothing is null', () => {
    expect(toJson(undefined)).toBe('null');
  });
});

test('colours are left out where the stream shows none', () => {
  const plain = Object.create(process.stdout, { isTTY: { value: false }, getColorDepth: { value: () => 1 } }) as NodeJS.WriteStream;
  const before = process.env.FORCE_COLOR;
  delete process.env.FORCE_COLOR;
  try {
    expect(paint('red', 'x', plain)).toBe('x');
    process.env.FORCE_COLOR = '1';
    expect(paint('red', 'x', plain)).toBe('\u001b[31mx\u001b[39m');
  } finally {
    if (before === undefined) delete process.env.FORCE_COLOR;
    else process.env.FORCE_COLOR = before;
  }
});

test('a number goes with its noun', () => {
  expect([count(0, 'run'), count(1, 'run'), count(2, 'run')]).toEqual(['0 runs', '1 run', '2 runs']);
});

test('a path in the home of the user is written with ~', () => {
  expect(tildePath('/home/ford/x', '/home/ford')).toBe('~/x');
  expect(tildePath('/home/fordprefect/x', '/home/ford')).toBe('/home/fordprefect/x');
  expect(tildePath('/srv', undefined)).toBe('/srv');
});

test('a line is folded at blanks, which are not shown there', () => {
  expect(fold('  one two three', 9)).toEqual(['  one two', 'three']);
  expect(fold('one  two', 4)).toEqual(['one', 'two']);
  expect(fold('short', 10)).toEqual(['short']);
});
