/**
 * Which run the code that asks belongs to: `runContext()` for users, `RunScope` for the library. A scope lives from the start of an
 * attempt to its end; what comes from its code later (a forgotten timer) is printed but no longer belongs to the run.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { format } from 'node:util';
import type { LogLine } from '../core/api.ts';
import { InvalidOptionError, NoRunError } from '../core/errors.ts';
import { setMeta } from '../core/meta.ts';
import { LIMITS, type WorkLimits } from '../core/protocol.ts';
import type { Progress } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';

export type LogLevel = LogLine['level'];
/** `log('text', data)` is `log.info('text', data)`. Arguments are formatted as by `console.log`; the line is printed too. */
export type RunLog = ((...args: readonly unknown[]) => void) & Readonly<Record<LogLevel, (...args: readonly unknown[]) => void>>;

/** What a task can know about its run and tell about it. All members may be taken out: `const { signal, log } = runContext()`. */
export interface RunContext {
  readonly runId: string;
  /** The task's name. */
  readonly task: string;
  /** 1 for the first start of the run; retries and restarts count on and no number comes twice. */
  readonly attempt: number;
  /** Aborts when the attempt is over its timeout (`reason` is a TaskTimeoutError) or the run is cancelled (RunCancelledError). */
  readonly signal: AbortSignal;
  readonly log: RunLog;
  /** Tells how far the run is. The newest is shown; it may be called often. */
  readonly progress: (done: number, total: number, note?: string) => void;
  /**
   * Named values that are kept with the run and shown at once: what a person who looks at it wants to know. JSON, together at most
   * 4,096 bytes; a key that is set again is replaced, by a later attempt too. @throws {InvalidOptionError} It is no JSON, or too large.
   */
  readonly meta: { readonly set: (key: string, value: unknown) => void };
  /** The same in every attempt of this run and in no other run: an idempotency key for side effects such as a payment. */
  readonly attemptKey: string;
}

/** What a scope needs of its attempt; see `Attempt` in execute.ts. */
export interface ScopeSource {
  readonly runId: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Default: `LIMITS`. */
  readonly limits?: Pick<WorkLimits, 'logLineBytes'>;
  onLog(line: LogLine): void;
  onProgress(progress: Progress): void;
  /** JSON text of all that this attempt has set. */
  onMeta?(meta: string): void;
  /** Its code waits for other runs, or does not any more. */
  onWaiting?(isWaiting: boolean): void;
}

export class RunScope implements RunContext {
  readonly task: string;
  /** The run whose code made this direct call; undefined for a run of a worker. */
  readonly parent: RunScope | undefined = scopes.getStore();
  /** Where the attempt has a timeout: its signal follows the run's own. */
  deadline: { readonly signal: AbortSignal } | null = null;
  readonly #source: ScopeSource;
  #log: RunLog | null = null;
  #meta: string | null = null;
  /** What was written to a stream and has no line end yet. */
  #partial: { [level in LogLevel]?: string } | null = null;
  #closed = false;
  /** Waits for other runs that are going on. */
  #waits = 0;

  constructor(task: string, source: ScopeSource) {
    this.task = task;
    this.#source = source;
  }

  get runId(): string {
    return this.#source.runId;
  }

  get attempt(): number {
    return this.#source.attempt;
  }

  get signal(): AbortSignal {
    return (this.deadline ?? this.#source).signal;
  }

  get attemptKey(): string {
    return `${this.task}/${this.runId}`;
  }

  get log(): RunLog {
    this.#log ??= makeLog(this);
    return this.#log;
  }

  get progress(): RunContext['progress'] {
    return (done, total, note) => {
      if (!Number.isFinite(done)) throw new InvalidOptionError('done of progress(done, total, note)', done, 'a number');
      if (!Number.isFinite(total)) throw new InvalidOptionError('total of progress(done, total, note)', total, 'a number');
      if (!this.#closed) this.#source.onProgress({ done, total, note: note === undefined ? null : String(note) });
    };
  }

  get meta(): RunContext['meta'] {
    return {
      set: (key, value) => {
        this.#meta = setMeta(this.#meta, key, value);
        if (!this.#closed) this.#source.onMeta?.(this.#meta);
      },
    };
  }

  /** One line of the run's log; it may hold line ends. */
  add(level: LogLevel, text: string): void {
    if (this.#closed) return;
    const at = new Date(this.#source.clock.now()).toISOString();
    this.#source.onLog({ at, level, text: shorten(text, this.#mostInLine), attempt: this.attempt });
  }

  /** What was written to a stream, in pieces of any size: whole lines go to the log, the rest waits for its end. */
  write(level: LogLevel, text: string): void {
    if (this.#closed) return;
    this.#partial ??= {};
    const lines = ((this.#partial[level] ?? '') + text).split('\n');
    const rest = lines.pop() as string;
    for (const line of lines) this.add(level, line.endsWith('\r') ? line.slice(0, -1) : line);
    this.#partial[level] = rest.length > this.#mostInLine ? shorten(rest, this.#mostInLine) : rest;
  }

  get #mostInLine(): number {
    return this.#source.limits?.logLineBytes ?? LIMITS.logLineBytes;
  }

  /** One wait for another run begins or has ended; see client/waiting.ts. Whose code made this call waits too. */
  waiting(by: 1 | -1): void {
    const before = this.#waits > 0;
    this.#waits += by;
    if (!this.#closed && before !== this.#waits > 0) this.#source.onWaiting?.(!before);
    this.parent?.waiting(by);
  }

  /** The attempt has ended: lines without an end are taken as they are, and nothing more is. */
  close(): void {
    if (this.#partial) {
      for (const [level, rest] of Object.entries(this.#partial)) if (rest !== '') this.add(level as LogLevel, rest);
    }
    if (this.#waits > 0) this.#source.onWaiting?.(false);
    this.#closed = true;
  }
}

/** What is used of an `AsyncLocalStorage`. Written out, so that the declarations of the library need no types of Node. */
interface Scopes {
  getStore(): RunScope | undefined;
  run<R, A extends unknown[]>(scope: RunScope, fn: (...args: A) => R, ...args: A): R;
  exit<R>(fn: () => R): R;
}

const CONTEXT = Symbol.for('bgtask.context');
const shared = globalThis as { [CONTEXT]?: Scopes };
/** On `globalThis`, so that a task and its worker may have loaded different copies of the library. */
shared[CONTEXT] ??= new AsyncLocalStorage<RunScope>();
export const scopes: Scopes = shared[CONTEXT];

/**
 * The run that the calling code belongs to, also across `await` and in callbacks.
 * @throws {NoRunError} It was called outside a task.
 */
export function runContext(): RunContext {
  const scope = scopes.getStore();
  if (scope === undefined) throw new NoRunError();
  return scope;
}

function makeLog(scope: RunScope): RunLog {
  const at =
    (level: LogLevel) =>
    (...args: readonly unknown[]): void => {
      scope.add(level, format(...args));
      scopes.exit(() => console[level](...args)); // printed, and not taken a second time
    };
  return Object.assign(at('info'), { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
}

function shorten(text: string, most: number): string {
  if (text.length * 3 <= most) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= most) return text;
  // Room for the marker; a character cut in half at the end is dropped.
  const kept = Buffer.from(text)
    .subarray(0, most - 48)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `${kept}… [cut: the line had ${bytes} bytes]`;
}
