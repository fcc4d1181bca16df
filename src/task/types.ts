/**
 * The public types of tasks. What settles them: the function is inferred whole, so defaults and optionals stay typed; one conditional
 * signature instead of overloads of `options`, so a misspelt option is a one-line error on its key; `OrFuture` is a named alias, so
 * errors stay short; hooks that need the result hang on the task, since options stand before the function.
 */
import type { Future } from '../client/types.ts';
import type { Duration } from '../core/duration.ts';
import type { TaskRunError } from '../core/errors.ts';
import type { FinalState, OnConflict, StateName, Upstream } from '../core/run.ts';
import type { FUTURE } from '../core/values.ts';
import type { CacheOptions } from './cache-key.ts';
import type { Failure } from './definition.ts';
import type { ConcurrencyOptions, RateOptions } from './limits.ts';
import type { ServeOptions, Serving } from './serving.ts';
import type { InputOf, OutputOf, StandardSchema } from './standard-schema.ts';

// ---- Arguments -------------------------------------------------------------------------------------------------------------

type Leaf =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | Date
  | URL
  | RegExp
  | Uint8Array
  | Error
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...args: never) => unknown);
type Deep<T> = T extends Leaf
  ? never
  : T extends readonly (infer E)[]
    ? number extends T['length']
      ? readonly OrFuture<E>[]
      : { [K in keyof T]: OrFuture<T[K]> }
    : string extends keyof T
      ? T
      : { [K in keyof T]: OrFuture<T[K]> };
/** T, or a future of T, at any depth (inside dictionaries at run time only). The run waits until all its futures have completed. */
export type OrFuture<T> = T | Future<T> | Settling<T> | Deep<T>;
/** A future whose run may end in any way, as `allowFailure` makes it. It is good as an argument and in `waitFor`. */
export interface Settling<out T> {
  readonly id: string;
  /** There for inference alone. */
  readonly '~value': T;
  readonly [FUTURE]: Upstream;
}
/** What `map` makes one run each of. */
export type Items<T> = readonly OrFuture<T>[] | ReadonlySet<OrFuture<T>>;
export type OrFutures<A extends readonly unknown[]> = { [K in keyof A]: OrFuture<A[K]> };

// ---- Options ---------------------------------------------------------------------------------------------------------------

/**
 * How a task behaves, wherever it runs. Everything is checked when the task is defined; an unknown or wrong option throws
 * `InvalidOptionError`. Durations are milliseconds or text such as '10s', '5m', '1h30m'.
 */
export interface TaskOptions<S extends StandardSchema | undefined, A extends readonly unknown[]> {
  /**
   * A Standard Schema (zod, valibot, arktype …) of the one argument. A call is checked where it is submitted and again where it runs;
   * the function gets what the schema gives back. What does not fit is never tried again.
   */
  input?: S | undefined;
  /** How often an attempt that threw or timed out is tried again. Crashes and lost workers do not count. Default: 0. */
  retries?: number | undefined;
  /**
   * The wait before the next attempt. A list: one for each retry, and its last repeats. `{ delay, factor, max }`: `delay`, then each
   * time `factor` (default 2) times longer, up to `max`. A function: from the error. Default: none.
   */
  retryDelay?:
    | Duration
    | readonly Duration[]
    | { readonly delay: Duration; readonly factor?: number | undefined; readonly max?: Duration | undefined }
    | ((error: unknown, failure: Failure) => Duration)
    | undefined;
  /** 0 to 1: each wait is spread evenly over ± this part of itself. Default: 0. */
  retryJitter?: number | undefined;
  /** Asked after an attempt failed and retries are left; false makes the failure final. What it throws counts as false and is logged. */
  retryIf?: ((error: unknown, failure: Failure) => boolean | Promise<boolean>) | undefined;
  /**
   * Longest time of one attempt. Then `runContext().signal` aborts, a worker stops code that does not end, and the attempt counts as
   * failed, `TimedOut`. A direct call gives up on code that goes on. Default: no limit.
   */
  timeout?: Duration | undefined;
  /** A submitted run that has not started within this time ends EXPIRED. Default: it waits for ever. */
  ttl?: Duration | undefined;
  /** Put on every run of the task. Default: none. */
  tags?: readonly string[] | undefined;
  /** What a run is called in lists, from its arguments. Left out where an argument is a future. Default: no name. */
  runName?: ((...args: A) => string) | undefined;
  /** Two submitted calls with the same key are one run, also where that has failed. Default: none; a key can also be given with the call. */
  idempotencyKey?: ((...args: A) => string) | undefined;
  /** How long a key answers. Default: as long as its run is kept. */
  idempotencyTtl?: Duration | undefined;
  /** What becomes of a call whose key another run has. Default: 'return'. See `RunOptions`. */
  onConflict?: OnConflict | undefined;
  /**
   * Submitted calls that follow each other become one run: each takes the place of the one before, if that has not started, and starts
   * after `wait`, so the arguments of the last call count. `maxWait`: no later than this after the first of them. Calls with different
   * keys do not meet.
   */
  debounce?: { readonly key: (...args: A) => string; readonly wait: Duration; readonly maxWait?: Duration | undefined } | undefined;
  /** At most one run for each key in each `per`: the first submitted call is stored, those after it are answered with its run. */
  throttle?: { readonly key: (...args: A) => string; readonly per: Duration } | undefined;
  /**
   * Most runs at once over all workers. `{ limit, key }`: for each key; `{ limit, key, perKey }`: `limit` in all and `perKey` for each key.
   * `shared`: limits that tasks have in common, by their names. Direct calls do not count. Default: no limit.
   */
  concurrency?: number | ConcurrencyOptions<A> | undefined;
  /**
   * How often runs may start: at most `limit` in each `per`, spread evenly; `burst` of them (default 1) may start at once after a quiet
   * time. `key`: for each key; it is the key of `concurrency` too. Retries are starts, direct calls are not. Default: no limit.
   */
  rate?: RateOptions<A> | undefined;
  /** A call with the key of one that has completed ends with the result of that one, as `Cached`. Default: each calls the function. */
  cache?: CacheOptions<A> | undefined;
}

/** What can be said per call. All of it travels to the server, so no functions here. Durations as in `TaskOptions`. */
export interface RunOptions {
  /** Start no earlier than this from now. Default: at once. */
  delay?: Duration | undefined;
  /** Start no earlier than this moment. */
  at?: Date | undefined;
  /** End EXPIRED if not started within this time. Default: the task's own. */
  ttl?: Duration | undefined;
  /** A call with a key that is known already gives a future of the run that is there, also of a failed one; `deduplicated` says so. */
  idempotencyKey?: string | undefined;
  /** How long the key answers. Default: the task's own, else as long as the run is kept. */
  idempotencyTtl?: Duration | undefined;
  /**
   * What becomes of the call where another run has its key. 'return': the future is that of the run that is there. 'reject': the call
   * throws `DuplicateRunError`. 'replace': a run that was never started is cancelled, and the new one takes the key; one that has
   * started goes on, beside the new one. 'cancel': the same, but one that has started is stopped. Default: the task's own, else 'return'.
   */
  onConflict?: OnConflict | undefined;
  /** Head start in the queue: with '1m' the run is taken as if it had been submitted a minute earlier. Default: 0. */
  priority?: Duration | undefined;
  /** Added to those of the task. */
  tags?: readonly string[] | undefined;
  runName?: string | undefined;
  /** Start when all of these have completed; if one does not, the run fails as `UpstreamFailed`. See `allowFailure`. */
  waitFor?: readonly (Future<unknown> | Settling<unknown>)[] | undefined;
  /** Instead of the task's own. */
  retries?: number | undefined;
  /** Instead of the task's own. */
  timeout?: Duration | undefined;
  /** Instead of the task's own `concurrency.key`. */
  concurrencyKey?: string | undefined;
}

// ---- Hooks -----------------------------------------------------------------------------------------------------------------

/** A run as a hook sees it, at the moment of the move it is told of. */
export interface HookRun<State, Name, A extends readonly unknown[], Result = null, Problem = null> {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly state: State;
  readonly stateName: Name;
  /** The number of the attempt that just began or ended, 1 for the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly args: A;
  readonly tags: readonly string[];
  /** The run whose code made this call. */
  readonly parentId: string | null;
  readonly result: Result;
  readonly error: Problem;
}
type EndedHookRun<State extends FinalState, A extends readonly unknown[]> = HookRun<State, StateName, A, null, TaskRunError>;

// ---- Tasks -----------------------------------------------------------------------------------------------------------------

/** A task by its name: what can be submitted, without the code. */
export interface TaskRef<N extends string, A extends readonly unknown[], R> {
  readonly name: N;
  /** There for inference alone. */
  readonly '~types'?: { readonly args: A; readonly result: R };
  /**
   * Submits one run. Resolves when it is stored durably; some worker will run it. Calls of one tick travel in one request.
   * @throws {InvalidInputError} The input does not fit the task's schema.
   * @throws {ValueError} An argument cannot be stored; the message names its path.
   * @throws {ServerUnreachableError} No server answers: at once, or after 30 s where one has answered this process before and may be
   * starting again. Nothing was stored, unless its `runIds` say otherwise.
   * @throws {DuplicateRunError} Another run has the key, and `onConflict` is 'reject'.
   * @throws {RefusedError} The server answered and did not take it: its queue is full, it stops, the arguments are too large.
   */
  delay(...args: OrFutures<A>): Promise<Future<R>>;
  /** As `delay`, with options for this call. @throws {InvalidOptionError} An option is unknown or wrong. */
  applyAsync(args: OrFutures<A>, options?: RunOptions): Promise<Future<R>>;
  /** One run for each list of arguments: one request, one batch in the store. The futures come in the same order. */
  delayMany(calls: readonly OrFutures<A>[], options?: RunOptions): Promise<Future<R>[]>;
  /** One run for each item; further arguments are the same for all. A string is not a list of items. */
  map(items: Items<A[0]>, ...rest: A extends readonly [unknown?, ...infer Rest] ? OrFutures<Rest> : never): Promise<Future<R>[]>;
  /**
   * The same task with options for each of its calls. They travel with the run to workers that know the task by its name; a direct call
   * takes `retries`, `timeout`, `tags` and `runName` of them. @throws {InvalidOptionError} An option is unknown or wrong.
   */
  withOptions(options: RunOptions): this;
  /** A future from an id, in any process. Awaiting it fails where the run is of another task. */
  getRun(id: string): Future<R>;
}

/** A task: call it to run it here and now, `delay` it to run it on a worker. */
export interface Task<N extends string, A extends readonly unknown[], R> extends TaskRef<N, A, R> {
  /**
   * Runs the function here and now, with the task's retries, timeout, validation and hooks. Gives what it returns, or throws what it
   * throws. Where a server runs, the run is recorded there; without one nothing is missing.
   */
  (...args: A): Promise<R>;

  // Hooks are called once for each move, in the order they were added: where the run is executed, or, of moves that were not made there
  // (its process died or was killed, it expired, it was cancelled while it waited), by some worker that has the task. What a hook throws
  // is logged and changes nothing; a hook that takes longer than 30 s is left behind. They belong to the task, also when added through
  // `withOptions()`; add them where the task is defined.

  /** An attempt begins, also each retry. */
  onRunning(hook: (run: HookRun<'RUNNING', 'Running' | 'Retrying', A>, ...args: A) => unknown): this;
  /** The run has its result. */
  onCompleted(hook: (run: HookRun<'COMPLETED', 'Completed' | 'Cached', A, R>, ...args: A) => unknown): this;
  /** The run failed for good, also TimedOut or UpstreamFailed (`stateName`). `run.error.cause` is what was thrown. */
  onFailed(hook: (run: EndedHookRun<'FAILED', A>, ...args: A) => unknown): this;
  /** The process of the run died once too often, its workers were lost, or the caller of a direct call is gone. */
  onCrashed(hook: (run: EndedHookRun<'CRASHED', A>, ...args: A) => unknown): this;
  /** The run was cancelled, while it ran or while it waited. */
  onCancelled(hook: (run: EndedHookRun<'CANCELLED', A>, ...args: A) => unknown): this;
  /** The run was not started before its `ttl` passed. */
  onExpired(hook: (run: EndedHookRun<'EXPIRED', A>, ...args: A) => unknown): this;
  /** An attempt failed with `run.error`, or its process died, and it will be tried again. */
  onRetrying(hook: (run: HookRun<'SCHEDULED', 'AwaitingRetry', A, null, Error>, ...args: A) => unknown): this;

  /** Starts a worker for this task. See `serve`. */
  serve(options?: ServeOptions): Promise<Serving>;
}

/** A task of any kind, as `serve` takes it. */
export interface AnyTask {
  readonly name: string;
  serve(options?: ServeOptions): Promise<Serving>;
}
/** A task or its ref, of any kind. */
export interface AnyRef {
  readonly name: string;
  readonly '~types'?: { readonly args: readonly unknown[]; readonly result: unknown };
}

export type { Middleware, MiddlewareRun, ServeOptions, Serving } from './serving.ts';

// ---- Inference -------------------------------------------------------------------------------------------------------------

/** Any function at all. With a signature as the constraint, parameters without a type would take theirs from it. */
// biome-ignore lint/complexity/noBannedTypes: only `Function` leaves the inference of the parameters alone
export type Callable = Function;
type Args<F> = F extends (...args: infer A) => unknown ? A : never;
type Result<F> = F extends (...args: never) => infer R ? Awaited<R> : never;
type In<S> = S extends StandardSchema ? InputOf<S> : never;
type Out<S> = S extends StandardSchema ? OutputOf<S> : never;
type CallArgs<S> = undefined extends In<S> ? [input?: In<S>] : [input: In<S>];
/** What a caller sees when an option is a function of the arguments and a parameter has only a default: the mend, in the error. */
export type Annotate = 'bgtask: give every parameter a type (width: number = 300) when an option is a function of the arguments' & {
  readonly never: never;
};

/** `task(name, fn)` and `task(name, options, fn)`; see index.ts for the words. */
export interface DefineTask {
  <const N extends string, F extends Callable>(name: N, fn: F): Task<N, Args<F>, Result<F>>;
  <const N extends string, F extends Callable, R, S extends StandardSchema | undefined = undefined>(
    name: N,
    options: TaskOptions<S, S extends StandardSchema ? [input: Out<S>] : Args<F>>,
    fn: S extends StandardSchema ? (input: Out<S>) => R : F,
  ): S extends StandardSchema ? Task<N, CallArgs<S>, Awaited<R>> : Callable extends F ? Annotate : Task<N, Args<F>, Result<F>>;
}
/** The ref of a task's type, as `taskRef<typeof greet>('greet')` gives it. */
export type RefOf<T extends AnyRef> = TaskRef<T['name'], NonNullable<T['~types']>['args'], NonNullable<T['~types']>['result']>;
