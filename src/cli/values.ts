/** Arguments, results and errors for a person: rich values as they read in code, secrets masked unless `reveal`. JSON output never comes here. */
import { inspect } from 'node:util';
import { abridge } from '../core/abridge.ts';
import type { RunError } from '../core/run.ts';
import { escapeText } from '../core/text.ts';
import { decode } from '../core/values.ts';

/** `run inspect --json` prints everything. */
const BOUNDS = { entries: 200, text: 10_000, depth: 10 };
const MOST_CAUSES = 10;

/** A value as a reader of code would write it. */
export function valueText(json: unknown, reveal: boolean): string {
  const value = decoded(json);
  const shown = reveal ? value : abridge(value, BOUNDS);
  return escapeText(inspect(shown, { depth: BOUNDS.depth, maxArrayLength: null, maxStringLength: null, breakLength: 100 }));
}

/** A result as it is printed for a pipe: text without quotes, so that it can be used as it is; anything else as `valueText` shows it. */
export function resultText(json: unknown, reveal: boolean): string {
  return typeof json === 'string' ? escapeText(json) : valueText(json, reveal);
}

/** `TypeError: fetch failed (Error: connect ECONNREFUSED 127.0.0.1:8025)`: what was thrown, and why where it says so. */
export function errorLine(error: RunError): string {
  return escapeText(error.cause === null ? headOf(error) : `${headOf(error)} (${headOf(error.cause)})`);
}

function headOf({ name, message }: RunError): string {
  return message === '' ? name : `${name}: ${message}`;
}

/** The error with its stack and its causes, the outermost first. */
export function errorText(error: RunError): string {
  const parts: string[] = [];
  for (let one: RunError | null = error; one !== null && parts.length < MOST_CAUSES; one = one.cause) {
    const head = `${one.name}: ${one.message}`;
    const text = one.stack === null ? head : one.stack.startsWith(one.name) ? one.stack : `${head}\n${one.stack}`;
    parts.push(parts.length === 0 ? text : `Caused by ${text}`);
  }
  return escapeText(parts.join('\n'));
}

/** What does not decode is shown as it was sent. */
function decoded(json: unknown): unknown {
  try {
    return decode(json);
  } catch {
    return json;
  }
}
