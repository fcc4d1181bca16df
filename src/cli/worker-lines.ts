/** The words of what a worker tells: each event as a label and a text. Pure; what is data is escaped here. */
import { relative } from 'node:path';
import type { LogLevel } from '../config/config.ts';
import { formatDuration } from '../core/duration.ts';
import type { LoadProblem } from '../core/errors.ts';
import type { Outcome } from '../core/frames.ts';
import { shortId } from '../core/ids.ts';
import { escapeText, oneLine } from '../core/text.ts';
import { count, type Style } from './text.ts';
import { errorLine } from './values.ts';

/** What a worker tells, as far as it is shown. `WorkerEvent` of the worker fits in. */
export type ShownEvent = RunEventShown | WorkerEventShown | OutputShown;
export type WorkerEventShown =
  | {
      readonly type: 'ready';
      readonly name: string;
      readonly tasks: readonly string[];
      readonly files: readonly string[];
      readonly slots: number;
    }
  | {
      readonly type: 'reloaded';
      readonly tasks: readonly string[];
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly ms: number;
    }
  | ({ readonly type: 'load-failed'; readonly serving: boolean } & LoadProblem)
  | { readonly type: 'orphans'; readonly tasks: readonly { readonly name: string; readonly queued: number }[] }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly why: string; readonly error: unknown }
  | { readonly type: 'unauthorized'; readonly error: unknown }
  | {
      readonly type: 'child-crashed';
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly runs: number;
    }
  | { readonly type: 'draining'; readonly running: number }
  | { readonly type: 'stopped' };

/** About one run; there may be very many. */
export type RunEventShown = { readonly runId: string; readonly task: string; readonly attempt: number } & (
  | { readonly type: 'run-started' }
  | { readonly type: 'run-finished'; readonly outcome: Outcome; readonly ms: number }
);
/** What the code of a task wrote. */
export interface OutputShown {
  readonly type: 'output';
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface ConsoleLine {
  readonly level: LogLevel;
  readonly label: string;
  readonly style: Style;
  /** May have several lines. */
  readonly text: string;
  /** What of it is painted otherwise, where it stands first. */
  readonly accent?: { readonly text: string; readonly style: Style };
}

/** `known`: the server was there before. */
export function workerLine(event: WorkerEventShown, known: boolean): ConsoleLine {
  switch (event.type) {
    case 'ready':
      return {
        level: 'error',
        label: 'ready',
        style: 'green',
        text: readyText(event),
        accent: { text: oneLine(event.name), style: 'bold' },
      };
    case 'reloaded':
      return { level: 'info', label: 'reloaded', style: 'green', text: reloadedText(event) };
    case 'load-failed':
      return { level: 'error', label: 'error', style: 'red', text: problemText(event) };
    case 'orphans':
      return { level: 'warn', label: 'waiting', style: 'yellow', text: event.tasks.map(orphanText).join('\n') };
    case 'connected':
      return { level: 'info', label: 'connected', style: 'green', text: 'the server answers again' };
    case 'disconnected':
      return { level: 'warn', label: 'lost', style: 'yellow', text: lostText(event, known) };
    case 'unauthorized':
      return {
        level: 'error',
        label: 'error',
        style: 'red',
        text: 'the server does not accept the API key; print it there: bgtask auth token',
      };
    case 'child-crashed':
      return { level: 'error', label: 'crashed', style: 'red', text: crashText(event) };
    case 'draining':
      return { level: 'info', label: 'stopping', style: 'yellow', text: drainText(event.running) };
    case 'stopped':
      return { level: 'info', label: 'stopped', style: 'dim', text: '' };
  }
}

function readyText({ name, tasks, files, slots }: Extract<WorkerEventShown, { type: 'ready' }>): string {
  const watching = files.length > 0 ? `; watching ${count(files.length, 'file')}` : '';
  return `${oneLine(name)} serves ${names(tasks)} (${slots} at once${watching})`;
}

function reloadedText({ tasks, added, removed, ms }: Extract<WorkerEventShown, { type: 'reloaded' }>): string {
  const changes = [...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)];
  return `in ${Math.round(ms)} ms: ${names(tasks)}${changes.length > 0 ? ` (${oneLine(changes.join(' '))})` : ''}`;
}

function problemText({ message, file, line, column, frame, serving }: Extract<WorkerEventShown, { type: 'load-failed' }>): string {
  const place = file === null ? '' : `${[relative('', file) || file, line, column].filter((part) => part !== null).join(':')}  `;
  const then = serving ? 'The code before it goes on.' : 'No runs are taken until it loads.';
  return escapeText([`${place}${message}`, ...(frame === null ? [] : [frame]), then].join('\n'));
}

function orphanText({ name, queued }: { name: string; queued: number }): string {
  return `${count(queued, 'run')} of ${oneLine(name)}, which no connected worker serves`;
}

/** `known`: it was connected before. */
function lostText({ why, error }: Extract<WorkerEventShown, { type: 'disconnected' }>, known: boolean): string {
  if (why === 'refused-protocol') return 'the server speaks another version; update the older of the two';
  const reason = error instanceof Error ? ` (${oneLine(error.message)})` : '';
  if (!known) return `no server answers yet${reason}; it is tried again. Start one: bgtask server start`;
  return 'the server is away; runs go on, their outcomes are kept, and it is tried again';
}

function crashText({ pid, exitCode, signal, runs }: Extract<WorkerEventShown, { type: 'child-crashed' }>): string {
  return `process ${pid} died (${signal ?? `exit code ${exitCode}`}) with ${count(runs, 'run')} in it`;
}

function drainText(running: number): string {
  return running === 0 ? 'nothing runs' : `${count(running, 'run')} finishing; Ctrl-C again leaves at once`;
}

/** Known without making the line: most lines of a busy worker are never shown. */
export function runLevel(event: RunEventShown): LogLevel {
  return event.type === 'run-started' ? 'debug' : OUTCOMES[event.outcome.type].level;
}

/** `short`: for a person before a terminal, who can look the rest up by the end of the id. */
export function runLine(event: RunEventShown, short = false): ConsoleLine {
  const id = short ? shortId(event.runId) : event.runId;
  const run = `${oneLine(event.task)} ${id}`;
  const accent = { text: id, style: 'dim' } as const;
  if (event.type === 'run-started') {
    return { level: 'debug', label: 'started', style: 'cyan', text: `${run}, attempt ${event.attempt}`, accent };
  }
  const { outcome } = event;
  const took = formatDuration(event.ms);
  const how = { ...OUTCOMES[outcome.type], ...(outcome.type === 'fail' && failed(outcome)), accent };
  if (outcome.type === 'succeed') return { ...how, text: `${run} in ${took}` };
  if (outcome.type === 'stopped') return { ...how, text: run };
  if (outcome.type === 'release') return { ...how, text: `${run}: ${oneLine(outcome.reason)}` };
  const again = outcome.type === 'fail' && outcome.retry ? `; again in ${formatDuration(outcome.retryDelayMs)}` : '';
  return { ...how, text: `${run} after ${took}: ${oneLine(errorLine(outcome.error))}${again}` };
}

const OUTCOMES: Readonly<Record<Outcome['type'], Omit<ConsoleLine, 'text'>>> = {
  succeed: { level: 'info', label: 'completed', style: 'green' },
  fail: { level: 'warn', label: 'failed', style: 'red' },
  crash: { level: 'error', label: 'crashed', style: 'magenta' },
  stopped: { level: 'info', label: 'cancelled', style: 'gray' },
  release: { level: 'info', label: 'given back', style: 'gray' },
};

function failed({ retry, timedOut }: Extract<Outcome, { type: 'fail' }>): Partial<ConsoleLine> {
  return { ...(retry && { label: 'retrying', style: 'yellow' as const }), ...(timedOut && { label: 'timed out' }) };
}

function names(tasks: readonly string[]): string {
  return tasks.length === 0 ? 'no tasks' : oneLine(tasks.join(', '));
}
