/**
 * How things read on a terminal: colours, times, states, JSON. Text that came from tasks, callers or servers goes through
 * `escapeText` or `oneLine` of core/text.ts before it is painted; here that is done wherever such text comes in.
 */
import { styleText } from 'node:util';
import type { RunView } from '../core/api.ts';
import { formatDuration } from '../core/duration.ts';
import type { RunState } from '../core/run.ts';
import { wrap } from '../core/text.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray';
export type Style = Colour | 'bold' | 'dim';

/** The same as in the run viewer (test/cli/text.test.ts compares them). */
export const COLOURS: Readonly<Record<RunState, Colour>> = {
  SCHEDULED: 'blue',
  PENDING: 'cyan',
  RUNNING: 'cyan',
  CANCELLING: 'yellow',
  COMPLETED: 'green',
  FAILED: 'red',
  CRASHED: 'magenta',
  CANCELLED: 'gray',
  EXPIRED: 'gray',
};

/** `text` in a style, where `stream` shows colours (NO_COLOR, FORCE_COLOR, pipes). One at a time: Node 20 paints a list of styles anywhere. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** The state, and its name where that says more: `SCHEDULED AwaitingRetry`. */
export function stateText({ state, stateName }: Pick<RunView, 'state' | 'stateName'>): string {
  return stateName.toUpperCase() === state ? state : `${state} ${stateName}`;
}

/** A moment as seen from `now`: `3s ago`, `in 5m`. Within half a second: `now`. */
export function relativeTime(at: string, now: number): string {
  const away = Date.parse(at) - now;
  if (Math.abs(away) < 500) return 'now';
  const text = coarse(Math.abs(away));
  return away < 0 ? `${text} ago` : `in ${text}`;
}

/** From start to end, or to `now` where it goes on; null where it never started. */
export function elapsed(run: Pick<RunView, 'startedAt' | 'endedAt'>, now: number): string | null {
  if (run.startedAt === null) return null;
  return formatDuration(Math.max(0, (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt)));
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** One unit is enough to tell when something was. */
function coarse(ms: number): string {
  const rounded = Math.round(ms / 1_000) * 1_000;
  const [unit, size] = UNITS.find(([, milliseconds]) => rounded >= milliseconds) ?? UNITS[3];
  return `${Math.max(1, Math.floor(rounded / size))}${unit}`;
}

/** What `JSON.stringify` lets through and a terminal would obey: DEL, C1 controls, direction marks, the byte order mark. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON text that any terminal shows as it is; it still reads back as the same value. */
export function toJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  return text.replace(UNSAFE_IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `1 run`, `3 runs`. */
export function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}

/** A path as its user would write it. */
export function tildePath(path: string, home = process.env.HOME): string {
  return home && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path;
}

/** One line in lines of at most `width` columns. Blanks at a fold are not shown; those it begins with are. */
export function fold(line: string, width: number): string[] {
  return wrap(line, width).map((part, index) => (index === 0 ? part.trimEnd() : part.trim()));
}
