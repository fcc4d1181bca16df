/** Durations: milliseconds, or text such as '10s' or '1h30m'. */
import parse from 'parse-duration';
import { InvalidOptionError } from './errors.ts';

export type { Duration } from './units.ts';

/** A hundred years. Longer is a mistake, and would not fit into a date. */
export const LONGEST_MS = 3_155_760_000_000;

/** The text form. No blank can stand in two places, so it takes linear time on any text. */
export const DURATION_TEXT = /^(\d+(\.\d+)?\s*(ms|[smhd])\s*)+$/;

/**
 * Milliseconds of a duration; text must name its unit.
 * @throws {InvalidOptionError} It is negative, over a hundred years, or not a duration. `what` names it in the message.
 */
export function toMilliseconds(value: unknown, what: string): number {
  const ms = typeof value === 'string' && DURATION_TEXT.test(value) ? parse(value) : value;
  if (typeof ms !== 'number' || Number.isNaN(ms) || ms < 0 || ms > LONGEST_MS) {
    throw new InvalidOptionError(what, value, "milliseconds or text such as '10s', '5m', '1h30m'");
  }
  return Math.round(ms);
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration as a person reads it: `340ms`, `1.2s`, `2m 5s`, `3h 20m`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000) * 1_000;
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[at] as (typeof UNITS)[number];
  const [smallUnit, smallSize] = UNITS[at + 1] as (typeof UNITS)[number];
  const rest = Math.floor((seconds % size) / smallSize);
  return `${Math.floor(seconds / size)}${unit}${rest > 0 ? ` ${rest}${smallUnit}` : ''}`;
}
