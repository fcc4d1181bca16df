/** What can be said with one call: checked where it is said, in the form that travels. Nothing in it is a function. */

import type { SubmitOptions } from '../core/api.ts';
import { InvalidOptionError } from '../core/errors.ts';
import type { Upstream } from '../core/run.ts';
import { FUTURE, type FutureMark } from '../core/values.ts';
import * as check from './checks.ts';

const CHECKS: { readonly [key: string]: check.Check<unknown> } = {
  delay: check.duration,
  at: (value, what) => check.date(value, what).toISOString(),
  ttl: check.longerThanZero,
  idempotencyKey: check.text,
  idempotencyTtl: check.longerThanZero,
  onConflict: check.onConflict,
  priority: check.duration,
  tags: check.texts,
  runName: check.text,
  waitFor: futures,
  retries: check.count,
  timeout: check.longerThanZero,
  concurrencyKey: check.text,
} satisfies { readonly [K in keyof SubmitOptions]: check.Check<unknown> };
const KEYS = Object.keys(CHECKS);

/** @throws {InvalidOptionError} An option is unknown or has a wrong value. */
export function checkRunOptions(options: unknown, task: string): SubmitOptions {
  const owner = `a call of task '${task}'`;
  const given = check.givenOptions(options, KEYS, owner);
  if ('delay' in given && 'at' in given)
    throw new InvalidOptionError(`A call of task '${task}' has both 'delay' and 'at'; give one of them.`);
  const said = Object.entries(given).map(([key, value]) => [key, CHECKS[key]?.(value, `${key} of ${owner}`)]);
  return Object.fromEntries(said) as SubmitOptions;
}

/** `later` on top of `earlier`, key by key; tags add up. */
export function joinOptions(earlier: SubmitOptions, later: SubmitOptions): SubmitOptions {
  const tags = joinTags(earlier.tags, later.tags);
  return { ...earlier, ...later, ...(tags.length > 0 ? { tags } : {}) };
}

export function joinTags(...lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))];
}

function futures(value: unknown, what: string): readonly Upstream[] {
  if (!Array.isArray(value)) throw new InvalidOptionError(what, value, 'a list of futures');
  return value.map((item, index) => {
    const mark = typeof item === 'object' && item !== null ? (item as Partial<FutureMark>)[FUTURE] : undefined;
    if (mark === undefined) throw new InvalidOptionError(`item ${index + 1} of ${what}`, item, 'a future, as delay() gives it');
    return mark;
  });
}
