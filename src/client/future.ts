/** Futures: handles on runs, and from the API's form of a run to the one users see. All they can do they do through a `Client`. */

import type { LogLine, RunView } from '../core/api.ts';
import { toMilliseconds } from '../core/duration.ts';
import { RunNotFoundError, TaskRunError } from '../core/errors.ts';
import { isFinalState, type Upstream } from '../core/run.ts';
import { decode, FUTURE, fromRunError } from '../core/values.ts';
import { RunLog } from './run-log.ts';
import type { EndedRun, FinalRun, Future, Run, RunUpdate, WaitOptions } from './types.ts';
import { whileWaiting } from './waiting.ts';
import type { FinalOptions, WatchEvent, WatchOptions } from './watches.ts';

/** What a future needs of its client; `Client` says what each does. */
export interface Runs {
  get(id: string): Promise<RunView | null>;
  cancel(id: string): Promise<RunView>;
  final(id: string, options?: FinalOptions): Promise<RunView>;
  watch(id: string, listener: (event: WatchEvent) => void, options: WatchOptions): () => void;
  hold(): () => void;
  request<T>(method: 'GET', path: string): Promise<T>;
}

/** A future of any run, in any process. `task`: it must be a run of this task. Nothing is asked before it is used. */
export function getRun<R = unknown>(client: Runs, id: string, task: string | null = null): Future<R> {
  return new RunFuture<R>(client, id, { task });
}

export class RunFuture<R> implements Future<R> {
  readonly id: string;
  readonly deduplicated: boolean;
  readonly #client: Runs;
  /** The task the run must be of; null: any, or it is known to be. */
  #task: string | null;
  /** Once it is known: a final run never changes. */
  #final: RunView | null = null;

  constructor(client: Runs, id: string, { task = null, deduplicated = false }: { task?: string | null; deduplicated?: boolean } = {}) {
    this.#client = client;
    this.id = id;
    this.#task = task;
    this.deduplicated = deduplicated;
  }

  get [FUTURE](): Upstream {
    return { id: this.id, allowFailure: false };
  }

  async get(): Promise<Run<R>> {
    return toRun<R>(await this.#get());
  }

  async wait(options?: WaitOptions): Promise<FinalRun<R>> {
    return toRun<R>(await this.#wait(options)) as FinalRun<R>;
  }

  async result(options?: WaitOptions): Promise<R> {
    const run = await this.#wait(options);
    if (run.state === 'COMPLETED') return decode(run.result) as R;
    throw errorOf(run);
  }

  async cancel(): Promise<void> {
    if (this.#task !== null) await this.#get(); // not a run of another task
    await this.#client.cancel(this.id);
  }

  async *events({ signal }: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<RunUpdate<R>, void, void> {
    const feed = new Feed(this.#client, this.id, signal);
    const updates = new Updates<R>(() => this.#storedLines());
    try {
      for (;;) {
        const event = await feed.next();
        if (event.type === 'run') this.#check(event.run);
        yield* updates.of(event);
        if (event.type === 'run' && isFinalState(event.run.state)) return;
      }
    } finally {
      feed.close();
    }
  }

  /** None where they cannot be had: states are what events are for. */
  async #storedLines(): Promise<readonly LogLine[]> {
    return this.#client.request<LogLine[]>('GET', `/runs/${encodeURIComponent(this.id)}/logs`).catch(() => []);
  }

  async #get(): Promise<RunView> {
    // What was pushed has no history, and may be all that is left of a run that was removed since.
    const run = this.#final?.history?.length ? this.#final : ((await this.#client.get(this.id)) ?? this.#final);
    if (run === null) throw new RunNotFoundError(this.id);
    return this.#check(run);
  }

  async #wait({ timeout, signal }: WaitOptions = {}): Promise<RunView> {
    const timeoutMs = timeout === undefined ? null : toMilliseconds(timeout, 'timeout');
    return this.#check(this.#final ?? (await whileWaiting(() => this.#client.final(this.id, { timeoutMs, signal }))));
  }

  #check(run: RunView): RunView {
    if (this.#task !== null && run.task !== this.#task) {
      throw new RunNotFoundError(this.id, `This is a run of task '${run.task}', not of '${this.#task}'`);
    }
    this.#task = null;
    if (isFinalState(run.state)) this.#final = run;
    return run;
  }
}

/** What a watch tells, one after the other. It holds the process only while somebody waits for the next. */
class Feed {
  readonly #client: Runs;
  readonly #stop: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #events: WatchEvent[] = [];
  #error: unknown;
  #failed = false;
  #wake: () => void = () => undefined;

  constructor(client: Runs, id: string, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.#client = client;
    this.#signal = signal;
    this.#stop = client.watch(id, (event) => this.#take(id, event), { detail: true, failed: (error) => this.#fail(error) });
    signal?.addEventListener('abort', this.#aborted);
  }

  /** @throws What ended it. */
  async next(): Promise<WatchEvent> {
    while (this.#events.length === 0 && !this.#failed) {
      const letGo = this.#client.hold();
      await whileWaiting(
        () =>
          new Promise<void>((resolve) => {
            this.#wake = resolve;
          }),
      );
      letGo();
    }
    const event = this.#events.shift();
    if (event === undefined) throw this.#error;
    return event;
  }

  close(): void {
    this.#stop();
    this.#signal?.removeEventListener('abort', this.#aborted);
  }

  readonly #aborted = (): void => this.#fail(this.#signal?.reason);

  #take(id: string, event: WatchEvent): void {
    if (event.type === 'unknown') this.#fail(new RunNotFoundError(id));
    else this.#events.push(event);
    this.#wake();
  }

  #fail(error: unknown): void {
    this.#error = error;
    this.#failed = true;
    this.#wake();
  }
}

/** What is new from one event of a watch to the next. */
class Updates<R> {
  readonly #storedLines: () => Promise<readonly LogLine[]>;
  #before: RunView | null = null;
  /** Null: the log was not read yet. What was pushed by then is in it. */
  #log: RunLog | null = null;
  /** Lines that were given out. */
  #lines = 0;

  constructor(storedLines: () => Promise<readonly LogLine[]>) {
    this.#storedLines = storedLines;
  }

  async *of(event: WatchEvent): AsyncGenerator<RunUpdate<R>, void, void> {
    if (event.type === 'log') yield* this.#linesOf(this.#log?.fresh(event.lines) ?? []);
    if (event.type === 'resync' && this.#log !== null) yield* this.#stored();
    if (event.type !== 'run') return;
    const isFinal = isFinalState(event.run.state);
    if (!isFinal) yield* this.#changesOf(event.run);
    if (this.#log === null) yield* this.#stored();
    if (isFinal) yield* this.#changesOf(event.run);
  }

  /** What the server has stored by now and we have not given out. */
  async *#stored(): AsyncGenerator<RunUpdate<never>, void, void> {
    const stored = await this.#storedLines();
    this.#log = new RunLog(stored);
    yield* this.#linesOf(stored.slice(this.#lines));
  }

  *#linesOf(lines: readonly LogLine[]): Generator<RunUpdate<never>, void, void> {
    this.#lines += lines.length;
    for (const line of lines) yield { type: 'log', ...line };
  }

  *#changesOf(run: RunView): Generator<RunUpdate<R>, void, void> {
    const before = this.#before;
    this.#before = run;
    const { progress, meta } = run;
    if (JSON.stringify(meta) !== JSON.stringify(before?.meta ?? {})) yield { type: 'meta', meta };
    if (progress !== null && JSON.stringify(progress) !== JSON.stringify(before?.progress)) yield { type: 'progress', ...progress };
    const isSame = before?.state === run.state && before.stateName === run.stateName && before.attempt === run.attempt;
    if (!isSame) yield { type: 'state', run: toRun<R>(run) };
  }
}

/** A run as users see it. What cannot be decoded throws; that is no run of bgtask. */
export function toRun<R>(run: RunView): Run<R> {
  const shown = {
    ...run,
    args: run.args.map((arg) => decode(arg)),
    createdAt: new Date(run.createdAt),
    dueAt: new Date(run.dueAt),
    startedAt: dateOf(run.startedAt),
    endedAt: dateOf(run.endedAt),
    history: (run.history ?? []).map((move) => ({ ...move, at: new Date(move.at) })),
  };
  if (run.state === 'COMPLETED') return { ...shown, result: decode(run.result) as R, error: null } as Run<R>;
  return { ...shown, result: null, error: isFinalState(run.state) ? errorOf(run) : null } as Run<R>;
}

/** Why the run has no result, in the words of its task; the cause is what the task threw. */
function errorOf(run: RunView): TaskRunError {
  const { id, task, stateName, error } = run;
  const state = run.state as EndedRun['state'];
  return new TaskRunError({ id, task, state, stateName }, error?.message ?? `The run is ${state}`, error ? fromRunError(error) : undefined);
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
