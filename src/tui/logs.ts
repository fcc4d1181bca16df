/** The log lines of the open run: what the server had stored and what it pushes, put together without a line twice. Pure. */
import type { LogLine } from '../core/api.ts';

export interface Logs {
  readonly lines: readonly LogLine[];
  /** Older lines that the viewer let go; `run logs ID` has them all. */
  readonly dropped: number;
}

export const NO_LOGS: Logs = { lines: [], dropped: 0 };
export const MOST_LOGS = 5_000;

/** `logs` with the pushed `lines` at their end. */
export function append(logs: Logs, lines: readonly LogLine[]): Logs {
  return newest([...logs.lines, ...lines], logs.dropped);
}

/**
 * What is known after the server told all it has `stored`. Lines are pushed before, while and after it reads, so either side may know
 * more of the end: what was pushed beyond the last stored line stays.
 */
export function combine(stored: readonly LogLine[], pushed: Logs): Logs {
  const last = stored.at(-1);
  if (last === undefined) return pushed;
  const at = pushed.lines.findLastIndex((line) => isSame(line, last));
  if (at >= 0) return newest([...stored, ...pushed.lines.slice(at + 1)], 0);
  const [first] = pushed.lines;
  const isAhead = first === undefined || stored.some((line) => isSame(line, first));
  return newest(isAhead ? stored : [...stored, ...pushed.lines], 0);
}

function isSame(a: LogLine, b: LogLine): boolean {
  return a.at === b.at && a.text === b.text && a.attempt === b.attempt && a.level === b.level;
}

function newest(lines: readonly LogLine[], dropped: number): Logs {
  const over = Math.max(0, lines.length - MOST_LOGS);
  return over === 0 ? { lines, dropped } : { lines: lines.slice(over), dropped: dropped + over };
}
