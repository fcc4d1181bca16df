import { describe, expect, test } from 'vitest';
import { limitsOf } from '../../src/task/limits.ts';

const key = () => 'k';
const of = (options: object) => limitsOf(options as Record<string, unknown>, "task 'greet'");
const NONE = { concurrency: null, concurrencyPerKey: null };

describe('the limits of a task', () => {
  test.each([
    ['none', {}, NONE, null],
    ['a number', { concurrency: 3 }, { ...NONE, concurrency: 3 }, null],
    ['a limit', { concurrency: { limit: 3 } }, { ...NONE, concurrency: 3 }, null],
    ['a limit for each key', { concurrency: { limit: 3, key } }, { ...NONE, concurrencyPerKey: 3 }, key],
    ['the same by its own name', { concurrency: { perKey: 3, key } }, { ...NONE, concurrencyPerKey: 3 }, key],
    ['both', { concurrency: { limit: 5, perKey: 3, key } }, { concurrency: 5, concurrencyPerKey: 3 }, key],
    ['one that is shared', { concurrency: { shared: { name: 'db', limit: 2 } } }, { ...NONE, shared: [{ name: 'db', limit: 2 }] }, null],
    [
      'shared ones beside its own',
      { concurrency: { limit: 5, shared: [{ name: 'db', limit: 2 }] } },
      { ...NONE, concurrency: 5, shared: [{ name: 'db', limit: 2 }] },
      null,
    ],
    ['a rate', { rate: { limit: 10, per: '1s' } }, { ...NONE, rate: { limit: 10, perMs: 1_000, burst: 1, perKey: false } }, null],
    [
      'a rate for each key',
      { rate: { limit: 1, per: 50, burst: 2, key } },
      { ...NONE, rate: { limit: 1, perMs: 50, burst: 2, perKey: true } },
      key,
    ],
  ])('may be %s', (_name, options, limits, keyOf) => {
    expect(of(options)).toEqual({ limits, key: keyOf });
  });

  test.each([
    [{ concurrency: { perKey: 1 } }, "perKey in concurrency of task 'greet' needs a key"],
    [{ concurrency: { key } }, "limit in concurrency of task 'greet' is undefined"],
    [{ concurrency: { shared: { name: 'db' } } }, "limit in shared in concurrency of task 'greet' is undefined"],
    [
      {
        concurrency: {
          shared: [
            { name: 'a', limit: 1 },
            { name: 'a', limit: 2 },
          ],
        },
      },
      "names the limit 'a' twice",
    ],
    [{ rate: { limit: 0, per: 1 } }, "limit in rate of task 'greet' is 0; expected a whole number, 1 or more."],
    [{ rate: { limit: 1 } }, "per in rate of task 'greet' is undefined"],
    [{ rate: { limit: 1, per: 1, key: () => 'other' }, concurrency: { limit: 1, key } }, 'have different keys'],
  ])('may not be %j', (options, message) => {
    expect(() => of(options)).toThrow(
      expect.objectContaining({ code: 'BGTASK_INVALID_OPTION', message: expect.stringContaining(message) }),
    );
  });
});
