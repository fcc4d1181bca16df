/** Arguments, results and errors as text for a person: rich values as they read in code, secrets masked, bounded. One text per version of a run. */
import { inspect } from 'node:util';
import { abridge } from '../core/abridge.ts';
import type { RunView } from '../core/api.ts';
import type { RunError } from '../core/run.ts';
import { escapeText, oneLine } from '../core/text.ts';
import { decode } from '../core/values.ts';

const SHORT = { entries: 8, text: 80, depth: 3 };
const LONG = { entries: 500, text: 20_000, depth: 12 };

/** One line: `("Ada", 300)`. */
export function shortArgs(run: RunView): string {
  return remembered(argsTexts, run, () => `(${run.args.slice(0, SHORT.entries).map(short).join(', ')})`);
}

/** One line: the result; empty for a run that returned nothing. */
export function shortResult(run: RunView): string {
  return run.result === undefined ? '' : remembered(resultTexts, run, () => short(run.result));
}

const argsTexts = new WeakMap<RunView, string>();
const resultTexts = new WeakMap<RunView, string>();

function remembered(texts: WeakMap<RunView, string>, run: RunView, make: () => string): string {
  const before = texts.get(run);
  if (before !== undefined) return before;
  const text = make();
  texts.set(run, text);
  return text;
}

function short(json: unknown): string {
  return oneLine(inspect(readable(json, SHORT), { depth: SHORT.depth, breakLength: Number.POSITIVE_INFINITY, compact: true }));
}

/** As many lines as it takes, made for `width` columns. */
export function longText(json: unknown, width: number): string {
  const shown = readable(json, LONG);
  const text = inspect(shown, { depth: LONG.depth, breakLength: Math.max(20, width), maxArrayLength: null, maxStringLength: null });
  return escapeText(text);
}

/** The value itself; what does not decode is shown as it was sent. */
function readable(json: unknown, bounds: typeof SHORT): unknown {
  try {
    return abridge(decode(json), bounds);
  } catch {
    return abridge(json, bounds);
  }
}

/** What was thrown, and why where it says so: `TypeError: fetch failed (Error: connect ECONNREFUSED 127.0.0.1:8025)`. */
export function errorLine(error: RunError): string {
  return oneLine(error.cause === null ? headOf(error) : `${headOf(error)} (${headOf(error.cause)})`);
}

function headOf({ name, message }: RunError): string {
  return message === '' ? name : `${name}: ${message}`;
}

/** The error with its stack and its causes, outermost first. */
export function errorText(error: RunError): string {
  const parts: string[] = [];
  for (let at: RunError | null = error; at !== null && parts.length < 10; at = at.cause) {
    const head = `${at.name}: ${at.message}`;
    // A stack begins with name and message, unless these were changed after it was made.
    const text = at.stack === null ? head : at.stack.startsWith(at.name) ? at.stack : `${head}\n${at.stack}`;
    parts.push(parts.length === 0 ? text : `Caused by ${text}`);
  }
  return escapeText(parts.join('\n'));
}
