/**
 * Under which key the result of a run is kept: SHA-256 over a canonical text of what the task's `cache` names. The name of the task is
 * part of it, unless a key function gives a text that begins with `shared:`.
 */
import { canonical } from '../core/canonical.ts';
import type { Duration } from '../core/duration.ts';
import { InvalidOptionError } from '../core/errors.ts';
import * as check from './checks.ts';

export const CACHE_PARTS = ['inputs', 'source', 'run'] as const;
export type CachePart = (typeof CACHE_PARTS)[number];

/** Which calls share a result, and for how long. */
export interface CacheOptions<A extends readonly unknown[]> {
  /**
   * `inputs`: the arguments, after validation. `source`: the text of the function, so that a change of it makes new results. `run`: the
   * run whose code made the call, so that results are shared inside it alone. A function: whatever it gives, or resolves to; a text
   * that begins with `shared:` is the same key in every task, null or undefined is none, anything else counts for this task alone.
   */
  readonly key: readonly CachePart[] | ((...args: A) => unknown);
  /** Left out of `inputs`: arguments by their position, 0 for the first, and keys of arguments that are objects. Default: none. */
  readonly omit?: readonly (string | number)[] | undefined;
  /** How long a result answers, from the end of its run. Default: as long as that run is kept. */
  readonly expires?: Duration | undefined;
  /** Look nothing up: run always, and keep the new result. Default: false. */
  readonly refresh?: boolean | undefined;
}

/** The same, checked. */
export interface CacheOption {
  readonly key: readonly CachePart[] | ((...args: readonly unknown[]) => unknown);
  /** Positions of arguments, and keys of arguments that are objects. */
  readonly omit: readonly (string | number)[];
  readonly expiresMs: number | null;
  readonly refresh: boolean;
}

interface KeyedTask {
  readonly name: string;
  readonly fn: unknown;
}

/** What a call is, as far as a key can depend on it. */
export interface CacheCall {
  /** Validated. */
  readonly args: readonly unknown[];
  readonly runId: string;
  readonly parentId: string | null;
}

const SHARED = 'shared:';

/** @throws {InvalidOptionError} It is not what it must be. */
export function cacheOption(value: unknown, what: string): CacheOption | null {
  if (value === undefined) return null;
  const given = check.givenOptions(value, ['key', 'omit', 'expires', 'refresh'], `the ${what}`);
  const { key, omit, expires, refresh = false } = given;
  if (typeof refresh !== 'boolean') throw new InvalidOptionError(`refresh in ${what}`, refresh, 'true or false');
  if (typeof key === 'function' && omit !== undefined) {
    throw new InvalidOptionError(`omit in ${what}`, omit, "nothing where 'key' is a function: it chooses what counts itself");
  }
  return {
    key: typeof key === 'function' ? (key as CacheOption['key']) : parts(key, `key in ${what}`),
    omit: check.optional(omit, `omit in ${what}`, omitted, []),
    expiresMs: check.optional(expires, `expires in ${what}`, check.longerThanZero, null),
    refresh,
  };
}

/**
 * The key as 64 hex digits; null where the key function gives null or undefined: then nothing is looked up and nothing kept.
 * @throws {ValueError} Something in it has no canonical text; the message names its path, as in `args[0].socket`.
 */
export async function cacheKeyOf({ name, fn }: KeyedTask, { key, omit }: CacheOption, call: CacheCall): Promise<string | null> {
  if (typeof key === 'function') {
    const given = (await key(...call.args)) ?? null;
    if (given === null) return null;
    const isShared = typeof given === 'string' && given.startsWith(SHARED);
    return sha256(isShared ? `shared ${given}` : `task ${name} key ${canonical(given, `the cache key of task '${name}'`)}`);
  }
  const texts: Record<CachePart, () => string> = {
    inputs: () => argsText(call.args, omit),
    source: () => JSON.stringify(String(fn)),
    run: () => JSON.stringify(call.parentId ?? call.runId),
  };
  return sha256([`task ${name}`, ...CACHE_PARTS.filter((part) => key.includes(part)).map((part) => `${part} ${texts[part]()}`)].join('\n'));
}

/** An argument that is undefined at the end is as none. */
function argsText(args: readonly unknown[], omit: CacheOption['omit']): string {
  const texts = args.map((arg, at) => canonical(omit.includes(at) ? undefined : without(arg, omit), `args[${at}]`));
  while (texts.at(-1) === 'undefined') texts.pop();
  return `[${texts.join(',')}]`;
}

function without(arg: unknown, omit: CacheOption['omit']): unknown {
  if (omit.length === 0 || typeof arg !== 'object' || arg === null || Object.getPrototypeOf(arg) !== Object.prototype) return arg;
  return Object.fromEntries(Object.entries(arg).filter(([key]) => !omit.includes(key)));
}

function parts(value: unknown, what: string): readonly CachePart[] {
  const isList = Array.isArray(value) && value.length > 0 && value.every((part) => CACHE_PARTS.includes(part));
  if (isList) return value;
  throw new InvalidOptionError(what, value, "a function of the arguments, or a list of 'inputs', 'source', 'run'");
}

function omitted(value: unknown, what: string): readonly (string | number)[] {
  const isOne = (item: unknown) => (typeof item === 'string' && item !== '') || (Number.isSafeInteger(item) && (item as number) >= 0);
  if (Array.isArray(value) && value.every(isOne)) return value;
  throw new InvalidOptionError(what, value, "a list of argument positions and of keys of arguments, as in [1, 'debug']");
}

/** Loaded when the first key is made: most programs have no task with a cache, and it would cost all of them time to start. */
async function sha256(text: string): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(text).digest('hex');
}
