/**
 * The options of a task, checked where the task is defined: an unknown or wrong one throws there and is named, so that no worker
 * finds it out later.
 */
import { InvalidOptionError } from '../core/errors.ts';
import type { TaskInfo } from '../core/frames.ts';
import { TASK_NAME } from '../core/protocol.ts';
import type { RetryPolicy } from '../core/retry.ts';
import { cacheOption } from './cache-key.ts';
import * as check from './checks.ts';
import { type DefinedOptions, type Definition, type KeyOf, noHooks } from './definition.ts';
import { limitsOf } from './limits.ts';
import type { StandardSchema } from './standard-schema.ts';

const KEYS = [
  'input',
  'retries',
  'retryDelay',
  'retryJitter',
  'retryIf',
  'timeout',
  'ttl',
  'tags',
  'runName',
  'idempotencyKey',
  'idempotencyTtl',
  'onConflict',
  'debounce',
  'throttle',
  'concurrency',
  'rate',
  'cache',
] as const;

/** @throws {InvalidOptionError} The name, an option or the function is not what it must be. */
export function defineTask(name: unknown, options: unknown, fn: unknown): Definition {
  checkName(name);
  const owner = `task '${name}'`;
  if (typeof fn !== 'function') throw new InvalidOptionError(`The function of ${owner}`, fn, 'a function');
  const given = check.givenOptions(options, KEYS, owner);
  checkKeys(given, owner);
  return {
    name,
    fn: fn as Definition['fn'],
    info: taskInfo(name, given, owner),
    options: definedOptions(given, owner),
    hooks: noHooks(),
  };
}

export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && TASK_NAME.test(name)) return;
  throw new InvalidOptionError('The name of a task', name, "1 to 128 letters, digits or _ . : - as in 'send-mail'");
}

function taskInfo(name: string, given: Record<string, unknown>, owner: string): TaskInfo {
  return {
    name,
    maxAttempts: check.optional(given.retries, `retries of ${owner}`, check.count, 0) + 1,
    timeoutMs: check.optional(given.timeout, `timeout of ${owner}`, check.longerThanZero, null),
    retry: retryPolicy(given, owner),
    ...limitsOf(given, owner).limits,
  };
}

function definedOptions(given: Record<string, unknown>, owner: string): DefinedOptions {
  const fn = <F>(key: string): F | null => check.optional(given[key], `${key} of ${owner}`, check.callable, null) as F | null;
  return {
    input: check.optional(given.input, `input of ${owner}`, schema, null),
    retryDelay: typeof given.retryDelay === 'function' ? (given.retryDelay as DefinedOptions['retryDelay']) : null,
    retryIf: fn('retryIf'),
    cache: cacheOption(given.cache, `cache of ${owner}`),
    ttlMs: check.optional(given.ttl, `ttl of ${owner}`, check.longerThanZero, null),
    tags: check.optional(given.tags, `tags of ${owner}`, check.texts, []),
    runName: fn('runName'),
    idempotencyKey: fn('idempotencyKey'),
    idempotencyTtlMs: check.optional(given.idempotencyTtl, `idempotencyTtl of ${owner}`, check.longerThanZero, null),
    onConflict: check.optional(given.onConflict, `onConflict of ${owner}`, check.onConflict, null),
    debounce: debounce(given.debounce, `debounce of ${owner}`),
    throttle: throttle(given.throttle, `throttle of ${owner}`),
    concurrencyKey: limitsOf(given, owner).key,
  };
}

function retryPolicy({ retryDelay, retryJitter }: Record<string, unknown>, owner: string): RetryPolicy {
  const jitter = check.optional(retryJitter, `retryJitter of ${owner}`, check.numberBetween(0, 1), 0);
  const flat = { factor: 1, maxMs: Number.MAX_SAFE_INTEGER, jitter };
  const what = `retryDelay of ${owner}`;
  if (retryDelay === undefined || typeof retryDelay === 'function') return { ...flat, delaysMs: [0] };
  if (Array.isArray(retryDelay)) {
    if (retryDelay.length === 0) throw new InvalidOptionError(what, retryDelay, 'a list with at least one duration');
    return { ...flat, delaysMs: retryDelay.map((delay, index) => check.duration(delay, `item ${index + 1} of ${what}`)) };
  }
  if (typeof retryDelay !== 'object' || retryDelay === null) return { ...flat, delaysMs: [check.duration(retryDelay, what)] };
  const { delay, factor, max } = check.givenOptions(retryDelay, ['delay', 'factor', 'max'], `the ${what}`);
  return {
    delaysMs: [check.duration(delay, `delay in ${what}`)],
    factor: check.optional(factor, `factor in ${what}`, check.numberBetween(1, Number.MAX_VALUE), 2),
    maxMs: check.optional(max, `max in ${what}`, check.duration, Number.MAX_SAFE_INTEGER),
    jitter,
  };
}

function debounce(value: unknown, what: string): DefinedOptions['debounce'] {
  if (value === undefined) return null;
  const { key, wait, maxWait } = check.givenOptions(value, ['key', 'wait', 'maxWait'], `the ${what}`);
  const waitMs = check.longerThanZero(wait, `wait in ${what}`);
  const maxWaitMs = check.optional(maxWait, `maxWait in ${what}`, check.longerThanZero, null);
  return { key: check.callable(key, `key in ${what}`) as KeyOf, waitMs, maxWaitMs };
}

function throttle(value: unknown, what: string): DefinedOptions['throttle'] {
  if (value === undefined) return null;
  const { key, per } = check.givenOptions(value, ['key', 'per'], `the ${what}`);
  return { key: check.callable(key, `key in ${what}`) as KeyOf, perMs: check.longerThanZero(per, `per in ${what}`) };
}

/** A run has one idempotency key. */
function checkKeys(given: Record<string, unknown>, owner: string): void {
  const keyed = ['idempotencyKey', 'debounce', 'throttle'].filter((key) => key in given);
  if (keyed.length > 1)
    throw new InvalidOptionError(`The options of ${owner} have both '${keyed[0]}' and '${keyed[1]}'; give one of them.`);
  const beside = ['idempotencyTtl', 'onConflict'].find((key) => key in given);
  if (beside !== undefined && keyed.length > 0 && keyed[0] !== 'idempotencyKey')
    throw new InvalidOptionError(`The options of ${owner} have '${beside}' beside '${keyed[0]}', which says it itself; leave it out.`);
}

function schema(value: unknown, what: string): StandardSchema {
  const standard = (value as Partial<StandardSchema> | null)?.['~standard'];
  if (typeof standard?.validate === 'function') return value as StandardSchema;
  throw new InvalidOptionError(what, value, 'a Standard Schema, such as one of zod, valibot or arktype');
}
