/** Checks of single option values. Each gives the value in the form the code wants, or throws an error that names the option. */
import { nearest } from '../config/nearest.ts';
import { toMilliseconds } from '../core/duration.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { ON_CONFLICT, type OnConflict } from '../core/run.ts';

/** Checks `value`, which the error calls `what`. */
export type Check<T> = (value: unknown, what: string) => T;

/** The options that were given, without those that are undefined. @throws {InvalidOptionError} It is no object, or a key is unknown. */
export function givenOptions(options: unknown, known: readonly string[], owner: string): Record<string, unknown> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError(`The options of ${owner}`, options, 'an object');
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [key] of given) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    throw new InvalidOptionError(
      `${capital(owner)} has no option '${key}'; ${near === null ? `there are ${known.join(', ')}` : `did you mean '${near}'?`}`,
    );
  }
  return Object.fromEntries(given);
}

/** The checked value of an option; `otherwise` where it was not given. */
export function optional<T, O>(value: unknown, what: string, check: Check<T>, otherwise: O): T | O {
  return value === undefined ? otherwise : check(value, what);
}

export const duration: Check<number> = toMilliseconds;

export const longerThanZero: Check<number> = (value, what) => {
  const ms = toMilliseconds(value, what);
  if (ms === 0) throw new InvalidOptionError(what, value, 'more than 0 milliseconds; leave it out for no limit');
  return ms;
};

export const count: Check<number> = (value, what) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new InvalidOptionError(what, value, 'a whole number, 0 or more');
  return value as number;
};

export const atLeastOne: Check<number> = (value, what) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw new InvalidOptionError(what, value, 'a whole number, 1 or more');
  return value as number;
};

export const text: Check<string> = (value, what) => {
  if (typeof value !== 'string' || value === '') throw new InvalidOptionError(what, value, 'text that is not empty');
  return value;
};

export const texts: Check<readonly string[]> = (value, what) => {
  if (!Array.isArray(value)) throw new InvalidOptionError(what, value, "a list of texts, as in ['mail', 'vip']");
  return value.map((item, index) => text(item, `item ${index + 1} of ${what}`));
};

export const onConflict: Check<OnConflict> = (value, what) => {
  if (!ON_CONFLICT.includes(value as OnConflict)) throw new InvalidOptionError(what, value, "'return', 'reject', 'replace' or 'cancel'");
  return value as OnConflict;
};

export const date: Check<Date> = (value, what) => {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new InvalidOptionError(what, value, 'a valid Date');
  return value;
};

/** Any callable thing will do. */
export const callable: Check<(...args: readonly never[]) => unknown> = (value, what) => {
  if (typeof value !== 'function') throw new InvalidOptionError(what, value, 'a function');
  return value as (...args: readonly never[]) => unknown;
};

export function numberBetween(least: number, most: number): Check<number> {
  return (value, what) => {
    const fits = typeof value === 'number' && value >= least && value <= most;
    if (!fits)
      throw new InvalidOptionError(
        what,
        value,
        most === Number.MAX_VALUE ? `a number, ${least} or more` : `a number from ${least} to ${most}`,
      );
    return value;
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
