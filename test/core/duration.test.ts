import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, LONGEST_MS, toMilliseconds } from '../../src/core/duration.ts';
import { InvalidOptionError } from '../../src/core/errors.ts';

describe('a duration', () => {
  test.each([
    [0, 0],
    [250, 250],
    [1.6, 2],
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1_500],
    ['1h30m', 5_400_000],
    ['1h 30m 5s', 5_405_000],
  ])('%j is %d ms', (value, ms) => {
    expect(toMilliseconds(value, 'delay')).toBe(ms);
  });

  test.each([
    '',
    '10',
    'soon',
    '10 parsecs',
    '-5s',
    '1s!',
    's',
    '1e3s',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    LONGEST_MS + 1,
    '40000d',
    null,
    undefined,
    true,
    {},
    [5],
    5n,
  ])('%s is none', (value) => {
    expect(() => toMilliseconds(value, 'delay')).toThrow(InvalidOptionError);
  });

  test('the error names the option and shows what would be right', () => {
    expect(() => toMilliseconds('5 minuts', 'delay')).toThrow(
      "delay is \"5 minuts\"; expected milliseconds or text such as '10s', '5m', '1h30m'.",
    );
  });

  test('whole milliseconds come back as they are, as a number and as text', () => {
    fc.assert(
      fc.property(fc.nat(LONGEST_MS), (ms) => {
        expect(toMilliseconds(ms, 'x')).toBe(ms);
        expect(toMilliseconds(`${ms}ms`, 'x')).toBe(ms);
      }),
    );
  });

  test('a long text that is none is refused at once', () => {
    const started = process.hrtime.bigint();
    for (const part of ['1', '1s', '1 ', 's', ' ']) expect(() => toMilliseconds(`${part.repeat(50_000)}!`, 'x')).toThrow();
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5_000);
  });

  test('any date that a duration from now leads to can be written down', () => {
    expect(new Date(Date.UTC(2100, 0) + LONGEST_MS).toISOString()).toMatch(/^2\d{3}-/);
  });
});

describe('for people', () => {
  test.each([
    [0, '0ms'],
    [340, '340ms'],
    [999, '999ms'],
    [1_000, '1.0s'],
    [1_234, '1.2s'],
    [59_940, '59.9s'],
    [59_960, '1m'],
    [125_000, '2m 5s'],
    [12_000_000, '3h 20m'],
    [86_400_000, '1d'],
    [90_000_000, '1d 1h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('what is read is what it was, within a tenth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 8_640_000_000 }), (ms) => {
        expect(Math.abs(toMilliseconds(formatDuration(ms), 'x') - ms)).toBeLessThanOrEqual(ms / 10);
      }),
    );
  });
});
