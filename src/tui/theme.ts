/**
 * How each state looks: a sign that reads without colour, and one of the terminal's own sixteen colours. A piece of a line is a `Span`,
 * and everything on the screen is lines of spans; whether colours are written at all is decided where they reach the terminal.
 */

import type { RunState, StateName } from '../core/run.ts';
import { cut, displayWidth } from '../core/text.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray';
export interface Span {
  readonly text: string;
  readonly colour?: Colour | undefined;
  readonly bold?: boolean | undefined;
  readonly dim?: boolean | undefined;
  readonly inverse?: boolean | undefined;
}
export type Line = readonly Span[];

export interface Signs {
  readonly state: Readonly<Record<RunState, string>>;
  readonly pointer: string;
  readonly live: string;
  readonly lost: string;
  readonly rule: string;
  readonly bar: readonly [full: string, empty: string];
}
export const SIGNS: Signs = {
  state: {
    SCHEDULED: '○',
    PENDING: '◔',
    RUNNING: '●',
    CANCELLING: '◐',
    COMPLETED: '✓',
    FAILED: '✗',
    CRASHED: '!',
    CANCELLED: '⊘',
    EXPIRED: '◌',
  },
  pointer: '❯',
  live: '●',
  lost: '○',
  rule: '─',
  bar: ['█', '░'],
};
/** For the Linux console and other terminals with few signs. */
export const ASCII_SIGNS: Signs = {
  state: {
    SCHEDULED: 'o',
    PENDING: '.',
    RUNNING: '*',
    CANCELLING: '~',
    COMPLETED: '+',
    FAILED: 'x',
    CRASHED: '!',
    CANCELLED: '-',
    EXPIRED: '?',
  },
  pointer: '>',
  live: '*',
  lost: 'o',
  rule: '-',
  bar: ['#', '.'],
};

const COLOURS: Readonly<Record<RunState, Colour | undefined>> = {
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

export function colourOf(state: RunState, name?: StateName): Colour | undefined {
  return name === 'AwaitingRetry' || name === 'Retrying' ? 'yellow' : COLOURS[state];
}

export function lineWidth(line: Line): number {
  return line.reduce((width, span) => width + displayWidth(span.text), 0);
}

/** The first `width` columns of `line`. */
export function cutLine(line: Line, width: number): Line {
  const spans: Span[] = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const text = cut(span.text, left);
    spans.push(text === span.text ? span : { ...span, text });
    left -= displayWidth(text);
  }
  return spans;
}

/** `left` and `right` at the two ends of one line; where there is no room for both, `left` is cut. */
export function ends(left: Line, right: Line, width: number): Line {
  const room = width - lineWidth(right);
  if (room < 4) return cutLine(left, width);
  const short = cutLine(left, room - 1);
  return [...short, { text: ' '.repeat(room - lineWidth(short)) }, ...right];
}
