/** How many runs of a task may be active, and how often they may start: `concurrency` and `rate`, checked, as the server wants them. */
import type { Duration } from '../core/duration.ts';
import { InvalidOptionError } from '../core/errors.ts';
import type { Limits, Rate, SharedLimit } from '../core/limits.ts';
import * as check from './checks.ts';
import type { KeyOf } from './definition.ts';

export interface ConcurrencyOptions<A extends readonly unknown[]> {
  readonly limit?: number | undefined;
  readonly key?: ((...args: A) => string) | undefined;
  readonly perKey?: number | undefined;
  /** Active runs of all tasks that name the limit count in it. */
  readonly shared?: SharedLimit | readonly SharedLimit[] | undefined;
}

export interface RateOptions<A extends readonly unknown[]> {
  readonly limit: number;
  readonly per: Duration;
  readonly burst?: number | undefined;
  readonly key?: ((...args: A) => string) | undefined;
}

/** What the server must know, and the one key a run has for both options. */
export function limitsOf(given: Record<string, unknown>, owner: string): { limits: Limits; key: KeyOf | null } {
  const { key, ...limits } = concurrency(given.concurrency, `concurrency of ${owner}`);
  if (given.rate === undefined) return { limits, key };
  const { rate, key: rateKey } = rateOf(given.rate, `rate of ${owner}`);
  if (key !== null && rateKey !== null && key !== rateKey) {
    throw new InvalidOptionError(`concurrency and rate of ${owner} have different keys, and a run has one; give both the same function.`);
  }
  return { limits: { ...limits, rate }, key: key ?? rateKey };
}

type Concurrency = Omit<Limits, 'rate'> & { readonly key: KeyOf | null };

function concurrency(value: unknown, what: string): Concurrency {
  const none = { concurrency: null, concurrencyPerKey: null, key: null };
  if (value === undefined) return none;
  if (typeof value !== 'object' || value === null) return { ...none, concurrency: check.atLeastOne(value, what) };
  const given = check.givenOptions(value, ['limit', 'key', 'perKey', 'shared'], `the ${what}`);
  const key = check.optional(given.key, `key in ${what}`, check.callable, null) as KeyOf | null;
  const shared = given.shared === undefined ? {} : { shared: sharedLimits(given.shared, `shared in ${what}`) };
  if (given.limit === undefined && (given.perKey !== undefined || (key === null && given.shared !== undefined))) {
    return { ...none, ...perKeyOf(given.perKey, key, what), ...shared };
  }
  const limit = check.atLeastOne(given.limit, `limit in ${what}`);
  if (given.perKey !== undefined) return { concurrency: limit, ...perKeyOf(given.perKey, key, what), ...shared };
  return { concurrency: key === null ? limit : null, concurrencyPerKey: key === null ? null : limit, key, ...shared };
}

function perKeyOf(value: unknown, key: KeyOf | null, what: string): Pick<Concurrency, 'concurrencyPerKey' | 'key'> {
  if (value === undefined) return { concurrencyPerKey: null, key };
  if (key === null) throw new InvalidOptionError(`perKey in ${what} needs a key: { perKey, key: (...args) => '…' }`);
  return { concurrencyPerKey: check.atLeastOne(value, `perKey in ${what}`), key };
}

function sharedLimits(value: unknown, what: string): readonly SharedLimit[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const limits = list.map((item, index): SharedLimit => {
    const where = Array.isArray(value) ? `item ${index + 1} of ${what}` : what;
    const { name, limit } = check.givenOptions(item, ['name', 'limit'], `the ${where}`);
    return { name: check.text(name, `name in ${where}`), limit: check.atLeastOne(limit, `limit in ${where}`) };
  });
  const twice = limits.find((one, index) => limits.findIndex((other) => other.name === one.name) !== index);
  if (twice) throw new InvalidOptionError(`${what} names the limit '${twice.name}' twice.`);
  return limits;
}

function rateOf(value: unknown, what: string): { rate: Rate; key: KeyOf | null } {
  const { limit, per, burst, key } = check.givenOptions(value, ['limit', 'per', 'burst', 'key'], `the ${what}`);
  const keyOf = check.optional(key, `key in ${what}`, check.callable, null) as KeyOf | null;
  const rate = {
    limit: check.atLeastOne(limit, `limit in ${what}`),
    perMs: check.longerThanZero(per, `per in ${what}`),
    burst: check.optional(burst, `burst in ${what}`, check.atLeastOne, 1),
    perKey: keyOf !== null,
  };
  return { rate, key: keyOf };
}
