import { describe, expect, test } from 'vitest';
import * as check from '../../src/task/checks.ts';

const invalid = (message: string) => expect.objectContaining({ code: 'BGTASK_INVALID_OPTION', message });

describe('checks', () => {
  test.each([
    ['duration', check.duration, '1h30m', 5_400_000],
    ['longerThanZero', check.longerThanZero, 1, 1],
    ['count', check.count, 0, 0],
    ['atLeastOne', check.atLeastOne, 1, 1],
    ['text', check.text, 'a', 'a'],
    ['numberBetween', check.numberBetween(0, 1), 0.5, 0.5],
  ])('%s gives the value as the code wants it', (_name, one: check.Check<unknown>, value, wanted) => {
    expect(one(value, 'x')).toBe(wanted);
  });

  test.each([
    ['count', check.count, 1.5, 'x is 1.5; expected a whole number, 0 or more.'],
    ['count', check.count, Number.NaN, 'x is NaN; expected a whole number, 0 or more.'],
    ['atLeastOne', check.atLeastOne, 0, 'x is 0; expected a whole number, 1 or more.'],
    ['texts', check.texts, ['a', 1], 'item 2 of x is 1; expected text that is not empty.'],
    ['texts', check.texts, new Set(), "x is an object; expected a list of texts, as in ['mail', 'vip']."],
    ['date', check.date, 5, 'x is 5; expected a valid Date.'],
    ['callable', check.callable, {}, 'x is an object; expected a function.'],
    ['numberBetween', check.numberBetween(0, 1), 2, 'x is 2; expected a number from 0 to 1.'],
    ['numberBetween', check.numberBetween(1, Number.MAX_VALUE), Number.NaN, 'x is NaN; expected a number, 1 or more.'],
  ])('%s refuses %s', (_name, one: check.Check<unknown>, value, message) => {
    expect(() => one(value, 'x')).toThrow(invalid(message));
  });

  test('callable takes whatever can be called', () => {
    class Callable extends Function {}
    for (const fn of [() => 1, async () => 1, (() => 1).bind(null), new Proxy(() => 1, {}), new Callable()]) {
      expect(check.callable(fn, 'x')).toBe(fn);
    }
  });

  test('optional leaves alone what was not given', () => {
    expect(check.optional(undefined, 'x', check.count, null)).toBeNull();
    expect(check.optional(3, 'x', check.count, null)).toBe(3);
  });

  test('givenOptions names an unknown key and the nearest known one, or all of them', () => {
    expect(check.givenOptions({ a: 1, b: undefined }, ['a', 'b'], 'it')).toEqual({ a: 1 });
    expect(() => check.givenOptions({ limt: 1 }, ['limit', 'key'], 'it')).toThrow(
      invalid("It has no option 'limt'; did you mean 'limit'?"),
    );
    expect(() => check.givenOptions({ zzz: 1 }, ['limit', 'key'], 'it')).toThrow(invalid("It has no option 'zzz'; there are limit, key"));
    expect(() => check.givenOptions([], ['limit'], 'it')).toThrow(invalid('The options of it is an array; expected an object.'));
  });
});
