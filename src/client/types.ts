/**
 * Runs and futures as users see them. Arguments, results and errors are decoded, times are `Date`s; everything else is as the API
 * tells it. Types only: what makes them is `future.ts`.
 */

import type { LogLine } from '../core/api.ts';
import type { Duration } from '../core/duration.ts';
import type { TaskRunError } from '../core/errors.ts';
import type { OpenState, Progress, RunState, StateName, Upstream } from '../core/run.ts';
import type { FUTURE } from '../core/values.ts';

interface RunBase {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  /** Refines `state`, as in `AwaitingRetry` or `TimedOut`. */
  readonly stateName: StateName;
  /** Starts so far. */
  readonly attempt: number;
  /** Starts allowed before errors are final. */
  readonly maxAttempts: number;
  /** Times its process died while it ran alone there. */
  readonly crashes: number;
  /** As the caller gave them. A future among them stands as `{ id, allowFailure }`. */
  readonly args: readonly unknown[];
  readonly tags: readonly string[];
  /** Milliseconds of head start in the queue. */
  readonly priority: number;
  /** Name of the worker of the newest attempt. */
  readonly worker: string | null;
  readonly idempotencyKey: string | null;
  /** The run whose code made this one. */
  readonly parentId: string | null;
  /** The run this one repeats. */
  readonly retryOf: string | null;
  readonly waitFor: readonly string[];
  readonly createdAt: Date;
  readonly dueAt: Date;
  /** Start of the newest attempt. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly progress: Progress | null;
  /** What its code has set: `runContext().meta.set(key, value)`. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Every move so far, as `get()` gives it. Empty in what `wait()`, `events()` and lists give. */
  readonly history: readonly RunMove[];
}
/** One entry of a run's history. */
export interface RunMove {
  readonly state: RunState;
  readonly name: StateName;
  readonly at: Date;
  readonly attempt: number;
  readonly reason: string | null;
}

/** A run that has its result. */
export interface CompletedRun<R> extends RunBase {
  readonly state: 'COMPLETED';
  readonly result: R;
  readonly error: null;
}
/** A run that ended without a result. `error.cause` is what its task threw. */
export interface EndedRun extends RunBase {
  readonly state: 'FAILED' | 'CRASHED' | 'CANCELLED' | 'EXPIRED';
  readonly result: null;
  readonly error: TaskRunError;
}
/** A run that goes on. */
export interface OpenRun extends RunBase {
  readonly state: OpenState;
  readonly result: null;
  readonly error: null;
}
export type FinalRun<R> = CompletedRun<R> | EndedRun;
export type Run<R = unknown> = FinalRun<R> | OpenRun;

export interface WaitOptions {
  /** Longest wait, milliseconds or text such as '10s'. Default: no limit. */
  timeout?: Duration | undefined;
  /** Ends the wait with the signal's reason. The run goes on. */
  signal?: AbortSignal | undefined;
}

/** What happens to a run, as `events()` gives it. */
export type RunUpdate<R> =
  | { readonly type: 'state'; readonly run: Run<R> }
  | ({ readonly type: 'log' } & LogLine)
  | ({ readonly type: 'progress' } & Progress)
  /** All that its code has set so far. */
  | { readonly type: 'meta'; readonly meta: Readonly<Record<string, unknown>> };

/**
 * A handle on a run, here or in any other process. It is not a promise: `await future` gives the future itself; its value comes from
 * `result()`. It may stand inside the arguments of another run, which then waits for it and gets its result.
 */
export interface Future<out R> {
  readonly id: string;
  /** True where an idempotency key led to a run that was there already. */
  readonly deduplicated: boolean;
  /** The run as it is now. @throws {RunNotFoundError} It never was, was removed, or is of another task. */
  get(): Promise<Run<R>>;
  /**
   * The run once it is final, however it ended. Pushed by the server, also across its restarts; all waits of a client share one socket.
   * @throws {WaitTimeoutError} The time was over first. The run goes on; wait again or cancel it.
   * @throws {ServerUnreachableError} No server answers.
   * @throws {RunNotFoundError} As for `get`.
   */
  wait(options?: WaitOptions): Promise<FinalRun<R>>;
  /** What the task returned. @throws {TaskRunError} It ended without a result; `cause` is what the task threw. Else as `wait`. */
  result(options?: WaitOptions): Promise<R>;
  /** Asks the run to stop; one that waits ends at once. Resolves when that is stored. A final run stays as it is. */
  cancel(): Promise<void>;
  /**
   * States, progress and meta as they come, from what they are now, and the log from its first line; ends after the final state. What happens
   * while the connection is broken is seen in the next state, its lines are not.
   */
  events(options?: { signal?: AbortSignal | undefined }): AsyncIterableIterator<RunUpdate<R>>;
  readonly [FUTURE]: Upstream;
}
