/** Direct calls as text for frames that the server takes: what is too large for one is told without its values. Pure. */
import type { DirectAttempt, DirectRun, Outcome } from '../core/frames.ts';
import { LIMITS } from '../core/protocol.ts';
import { bytesOf } from './batch.ts';

/** A frame is filled up to this many characters, which are at most three bytes each. */
const FULL_LENGTH = 524_288;
/** Room for what stands around the one item of a large frame. */
const ENVELOPE_BYTES = 1_024;
const MOST_TEXT = 1_000;
/** Characters of the shortest key with its value: `"":0`. */
const LEAST_KEY = 4;

export function beganText(run: DirectRun): string {
  const text = JSON.stringify(run);
  const fits = text.length * 3 <= LIMITS.argsBytes || bytesOf(JSON.stringify(run.args)) <= LIMITS.argsBytes;
  if (fits && !hasTooManyKeys(text)) return text;
  return JSON.stringify({ ...run, args: ['[not stored: the arguments are too large]'] });
}

/** Counts too many where a text holds what looks like the end of a key: better not stored than a frame for which the server ends the socket. */
function hasTooManyKeys(text: string): boolean {
  return text.length > LIMITS.keys * LEAST_KEY && text.split('":').length - 1 > LIMITS.keys;
}

export function outcomeText(outcome: Outcome): string {
  const text = JSON.stringify(outcome);
  if (text.length * 3 <= LIMITS.frameBytes || bytesOf(text) <= LIMITS.frameBytes - ENVELOPE_BYTES) return text;
  if (outcome.type === 'succeed') return JSON.stringify({ ...outcome, result: null });
  if (outcome.type !== 'fail' && outcome.type !== 'crash') return text;
  const { name, message } = outcome.error;
  return JSON.stringify({ ...outcome, error: { name, message: message.slice(0, MOST_TEXT), stack: null, cause: null } });
}

/** Of the error it says what a history says: its stack stands in the log of the call. */
export function attemptText({ failed, ...attempt }: DirectAttempt): string {
  if (failed === null) return JSON.stringify({ ...attempt, failed });
  const { name, message } = failed.error;
  const error = { name, message: message.slice(0, MOST_TEXT), stack: null, cause: null };
  return JSON.stringify({ ...attempt, failed: { ...failed, error } });
}

/** Items in order, in parts that fit into a frame. */
export function parts<T>(items: readonly T[], lengthOf: (item: T) => number): readonly (readonly T[])[] {
  const all: T[][] = [];
  let room = 0;
  for (const item of items) {
    room -= lengthOf(item);
    const last = all.at(-1);
    if (last !== undefined && room >= 0) {
      last.push(item);
    } else {
      all.push([item]);
      room = FULL_LENGTH - lengthOf(item);
    }
  }
  return all;
}
