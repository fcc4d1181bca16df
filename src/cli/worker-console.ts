/**
 * What a worker tells, as lines for whoever runs it; as NDJSON with `--json`. Lines about single runs are held to so many a second; the
 * others are counted and told together, so that a busy worker is not slowed down by its own console.
 */
import { LOG_LEVELS, type LogLevel } from '../config/config.ts';
import { escapeText } from '../core/text.ts';
import { count, fold, paint, toJson } from './text.ts';
import {
  type ConsoleLine,
  type RunEventShown,
  runLevel,
  runLine,
  type ShownEvent,
  type WorkerEventShown,
  workerLine,
} from './worker-lines.ts';

export interface WorkerConsoleOptions {
  readonly json: boolean;
  readonly level: LogLevel;
  /** Takes what is told of one event: a line, or several, without the last line break. */
  readonly write: (text: string) => void;
  readonly now: () => Date;
  /** Ids by their end, for a person before a terminal. Default: whole. */
  readonly shortIds?: boolean;
  /** Columns to keep to, as they are now; null, the default: lines are as long as they come. */
  readonly columns?: (() => number | null) | undefined;
}

/** Lines about single runs in one second. */
const MOST_RUN_LINES = 20;
const WINDOW_MS = 1_000;
const LABEL = 10;
/** Columns of a text beside its label, however small the terminal. */
const NARROWEST = 20;

export class WorkerConsole {
  readonly #options: WorkerConsoleOptions;
  #lost = false;
  #known = false;
  /** What waits for a task that nobody serves, as it was told last. */
  #waiting = '';
  #windowEnd = 0;
  #shown = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerConsoleOptions) {
    this.#options = options;
  }

  show(event: ShownEvent): void {
    if (event.type === 'run-started' || event.type === 'run-finished') this.#showRun(event);
    else if (this.#options.json) this.#options.write(toJson(plain(event)));
    else if (event.type === 'output') this.#options.write(escapeText(event.text));
    else this.#showWorker(event);
  }

  /** Tells what is still held back. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#held > 0) this.#print({ level: 'info', label: '', style: 'dim', text: `and ${count(this.#held, 'more line')} about runs` });
    this.#held = 0;
  }

  #showWorker(event: WorkerEventShown): void {
    if (event.type === 'disconnected') this.#lost = true;
    if (event.type === 'ready') this.#known = true;
    if (event.type === 'orphans' && this.#isTold(event.tasks)) return; // the server says it anew after each load
    if (event.type === 'connected' && !(this.#lost && this.#known)) return; // `ready` says it the first time
    this.#print(workerLine(event, this.#known));
  }

  #isTold(tasks: Extract<WorkerEventShown, { type: 'orphans' }>['tasks']): boolean {
    const before = this.#waiting;
    this.#waiting = toJson(tasks);
    return this.#waiting === before;
  }

  #showRun(event: RunEventShown): void {
    if (!this.#wants(runLevel(event))) return;
    if (this.#options.json) {
      this.#options.write(toJson(event));
      return;
    }
    const now = this.#options.now().getTime();
    if (now >= this.#windowEnd) {
      this.close();
      this.#windowEnd = now + WINDOW_MS;
      this.#shown = 0;
    }
    this.#shown += 1;
    if (this.#shown <= MOST_RUN_LINES) {
      this.#print(runLine(event, this.#options.shortIds));
    } else {
      this.#held += 1;
      this.#timer ??= setTimeout(() => this.close(), WINDOW_MS).unref();
    }
  }

  #wants(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.#options.level);
  }

  #print({ level, label, style, text, accent }: ConsoleLine): void {
    if (!this.#wants(level)) return;
    const time = this.#options.now().toTimeString().slice(0, 8);
    const indent = time.length + LABEL + 2;
    const columns = this.#options.columns?.() ?? null;
    const lines = text.split('\n').flatMap((line) => (columns === null ? line : fold(line, Math.max(columns - indent, NARROWEST))));
    const [first = '', ...rest] = lines;
    const painted = accent ? first.replace(accent.text, () => paint(accent.style, accent.text)) : first;
    const head = `${paint('dim', time)} ${paint(style, label.padEnd(LABEL))} ${painted}`;
    this.#options.write([head, ...rest.map((line) => `${' '.repeat(indent)}${line}`)].join('\n'));
  }
}

/** Errors have no JSON form of their own. */
function plain(event: ShownEvent): unknown {
  return 'error' in event && event.error instanceof Error ? { ...event, error: event.error.message } : event;
}
