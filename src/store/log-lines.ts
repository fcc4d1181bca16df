/** How much of what a task writes is kept: lines are cut, and the log of a run ends, at their limits; a marker says so. Pure. */
import type { LogLine } from '../core/api.ts';
import type { ServerLimits } from '../core/protocol.ts';

export const RUN_FULL = '[bgtask] This log reached its limit for one run: later lines were dropped.';
export const TOTAL_FULL = '[bgtask] This log was dropped: the logs of all runs reached their limit, and it was the oldest.';

/** Lines as JSON texts within what a run may still write. `used` is what it has written, in bytes with line ends; `FULL` ends it. */
export interface Fitted {
  readonly texts: readonly string[];
  readonly used: number;
}
export const FULL = Number.POSITIVE_INFINITY;
export type LogLimits = Pick<ServerLimits, 'logLineBytes' | 'logRunBytes' | 'logTotalBytes'>;

export function fitLines(lines: readonly LogLine[], used: number, limits: LogLimits): Fitted {
  const texts: string[] = [];
  let now = used;
  for (const line of lines) {
    if (now === FULL) break;
    const text = JSON.stringify(cutLine(line, limits.logLineBytes));
    now += Buffer.byteLength(text) + 1;
    if (now > limits.logRunBytes) now = FULL;
    texts.push(now === FULL ? markerLine(line, RUN_FULL) : text);
  }
  return { texts, used: now };
}

/** A line of our own in the place and time of `line`. */
export function markerLine(line: Pick<LogLine, 'at' | 'attempt'>, text: string): string {
  return JSON.stringify({ at: line.at, level: 'warn', text, attempt: line.attempt } satisfies LogLine);
}

function cutLine({ at, level, text, attempt }: LogLine, most: number): LogLine {
  if (text.length * 3 <= most) return { at, level, text, attempt };
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return { at, level, text, attempt };
  const marker = ` … [${bytes.length} bytes]`;
  let end = most - Buffer.byteLength(marker);
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1; // not inside a character
  return { at, level, text: bytes.toString('utf8', 0, end) + marker, attempt };
}
