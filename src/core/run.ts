/**
 * A run: what it is in each state, and what can happen to it. Types, and what can be told of a run by looking at it.
 * Times are milliseconds since the epoch. A run is never changed in place; what an event makes of it says `transition`.
 */

/** JSON text of an encoded value (see values.ts). Opaque everywhere but where user code is called and where a person reads it. */
export type Payload = string;

export type OpenState = 'SCHEDULED' | 'PENDING' | 'RUNNING' | 'CANCELLING';
export type FinalState = 'COMPLETED' | 'FAILED' | 'CRASHED' | 'CANCELLED' | 'EXPIRED';
export type RunState = OpenState | FinalState;
export const OPEN_STATES = ['SCHEDULED', 'PENDING', 'RUNNING', 'CANCELLING'] as const satisfies readonly OpenState[];
export const FINAL_STATES = ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED', 'EXPIRED'] as const satisfies readonly FinalState[];
export const RUN_STATES: readonly RunState[] = [...OPEN_STATES, ...FINAL_STATES];

/** Refines the state for people; no rule depends on it. */
export type StateName =
  | 'Scheduled'
  | 'AwaitingRetry'
  | 'AwaitingDependency'
  | 'AwaitingConcurrency'
  | 'Paused'
  | 'Pending'
  | 'Running'
  | 'Retrying'
  | 'Cancelling'
  | 'Completed'
  | 'Cached'
  | 'Failed'
  | 'TimedOut'
  | 'UpstreamFailed'
  | 'Crashed'
  | 'Cancelled'
  | 'Expired';

/** An error as it is stored and sent: plain text, never a class. */
export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly cause: RunError | null;
}

/** The right to execute one attempt. A report under another token changes nothing. */
export interface Lease {
  readonly token: string;
  readonly workerId: string;
  readonly workerName: string;
}

/** A run this one waits for; with `allowFailure` any end will do. */
export interface Upstream {
  readonly id: string;
  readonly allowFailure: boolean;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string | null;
}

/** Where the result of a run is kept for others with the same key. */
export interface CacheKey {
  readonly key: string;
  /** How long it answers, from the end of the run. Null: as long as the run is kept. */
  readonly ttlMs: number | null;
}

/** What a run tells of itself while it runs: the newest of it, whole. */
export interface Told {
  /** Null: nothing so far in this attempt. */
  readonly progress: Progress | null;
  /** What this attempt has set, as JSON text of an object. */
  readonly meta?: Payload | undefined;
}

export interface HistoryEntry {
  readonly state: RunState;
  readonly name: StateName;
  readonly at: number;
  readonly attempt: number;
  readonly reason: string | null;
}

interface RunBase {
  // Said at submit; never changes.
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly args: Payload;
  readonly tags: readonly string[];
  /** Milliseconds of head start in the queue. */
  readonly priority: number;
  readonly idempotencyKey: string | null;
  readonly concurrencyKey: string | null;
  readonly parentId: string | null;
  /** The run this one repeats (`run retry`, `run replay`). */
  readonly retryOf: string | null;
  readonly waitFor: readonly Upstream[];
  /** Longest time of one attempt, where the submit said one; else the worker's own definition counts. */
  readonly timeoutMs: number | null;
  /** Starts allowed before errors are final: retries + 1. Null until a submit or a worker says it. */
  readonly maxAttempts: number | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** A run that took the place of another is due no later than this, however often it is replaced itself. */
  readonly dueBy: number | null;

  // Changed by `transition` alone.
  readonly stateName: StateName;
  readonly dueAt: number;
  /** Starts so far. */
  readonly attempt: number;
  /** Attempts that ended in an error or a timeout; what `maxAttempts` limits. */
  readonly failures: number;
  /** Times its process died while it ran alone there. */
  readonly crashes: number;
  /** Times its worker died or fell silent. */
  readonly losses: number;
  /** It shared a process that died: it runs alone until it has ended. */
  readonly suspect: boolean;
  /** Upstream runs that are not final yet. */
  readonly blockedBy: readonly string[];
  /** Name of the worker of the newest attempt. */
  readonly worker: string | null;
  /** Start of the newest attempt. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly progress: Progress | null;
  /** What its attempts have set, as JSON text of an object within `LIMITS.metaBytes`; null: nothing. */
  readonly meta: Payload | null;
  /** Told under the newest lease, before its code is called. Null: its result is kept for nobody. */
  readonly cache: CacheKey | null;
  /** The run whose result this is; the code of this one was not called. */
  readonly cachedFrom: string | null;
  readonly history: readonly HistoryEntry[];
}

export interface ScheduledRun extends RunBase {
  readonly state: 'SCHEDULED';
  readonly lease: null;
  readonly result: null;
  readonly error: null;
}
export interface LeasedRun extends RunBase {
  readonly state: 'PENDING' | 'RUNNING' | 'CANCELLING';
  readonly lease: Lease;
  readonly result: null;
  readonly error: null;
}
export interface CompletedRun extends RunBase {
  readonly state: 'COMPLETED';
  readonly lease: null;
  /** Null where the task returned undefined. */
  readonly result: Payload | null;
  readonly error: null;
}
export interface EndedRun extends RunBase {
  readonly state: 'FAILED' | 'CRASHED' | 'CANCELLED' | 'EXPIRED';
  readonly lease: null;
  readonly result: null;
  readonly error: RunError;
}
export type Run = ScheduledRun | LeasedRun | CompletedRun | EndedRun;
export type FinalRun = CompletedRun | EndedRun;

/**
 * What becomes of a submit whose idempotency key another run has. `return`: it is answered with that run. `reject`: it is refused.
 * `replace`: that run is cancelled if it was never started, and the new one takes the key. `cancel`: the same, whatever its state.
 */
export type OnConflict = 'return' | 'reject' | 'replace' | 'cancel';
export const ON_CONFLICT = ['return', 'reject', 'replace', 'cancel'] as const satisfies readonly OnConflict[];

/** What a submit says; `newRun` makes the first state of it. */
export interface NewRun {
  readonly id: string;
  readonly task: string;
  readonly args: Payload;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly idempotencyKey: string | null;
  /** How long the key answers, from `createdAt`. Null: as long as the run is kept. */
  readonly idempotencyTtlMs: number | null;
  readonly concurrencyKey: string | null;
  readonly parentId: string | null;
  readonly retryOf: string | null;
  readonly waitFor: readonly Upstream[];
  readonly timeoutMs: number | null;
  readonly maxAttempts: number | null;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly expiresAt: number | null;
  /** See `RunBase`. */
  readonly dueBy: number | null;
  readonly onConflict: OnConflict;
  /** The open run whose idempotency key it takes: that one is cancelled in the same step. The store finds it. */
  readonly displaces: string | null;
  /** A direct call comes with its lease and has started already. */
  readonly direct: Lease | null;
}

/** What can happen to a run. Those with a token come from the worker that holds the lease. */
export type RunEvent =
  | { readonly type: 'assign'; readonly lease: Lease; readonly maxAttempts: number }
  /** `attempt`: its number, where its holder makes several under one lease; told twice it counts once. Here and below. */
  | { readonly type: 'start'; readonly token: string; readonly attempt?: number | undefined }
  /** An attempt of a direct call failed, and its caller tries again after that delay. It keeps its lease: nobody else can. */
  | {
      readonly type: 'retry';
      readonly token: string;
      readonly attempt: number;
      readonly error: RunError;
      readonly retryDelayMs: number;
    }
  | ({ readonly type: 'progress'; readonly token: string } & Told)
  /** Its code is about to be called, and its result to be kept. */
  | { readonly type: 'key'; readonly token: string; readonly cache: CacheKey }
  /** Another run makes the result it wants: it waits, however that one ends, and then asks again. */
  | { readonly type: 'defer'; readonly token: string; readonly until: string }
  /** `cachedFrom`: the result is that of another run. */
  | {
      readonly type: 'succeed';
      readonly token: string;
      readonly result: Payload | null;
      readonly cachedFrom?: string | undefined;
      readonly attempt?: number | undefined;
    }
  | {
      readonly type: 'fail';
      readonly token: string;
      readonly error: RunError;
      readonly retry: boolean;
      readonly retryDelayMs: number;
      readonly timedOut: boolean;
      readonly attempt?: number | undefined;
    }
  | { readonly type: 'crash'; readonly token: string; readonly error: RunError; readonly alone: boolean }
  | { readonly type: 'stopped'; readonly token: string }
  | { readonly type: 'release'; readonly token: string; readonly reason: string }
  | { readonly type: 'lose'; readonly token: string; readonly reason: string }
  /** The caller of a direct call is gone: nobody else can go on with it. */
  | { readonly type: 'abandon'; readonly token: string; readonly reason: string }
  | { readonly type: 'cancel'; readonly reason: string }
  | { readonly type: 'expire' }
  /** The clock was set: what waits, due at `from`, comes due that much later by the new one, and a wait for the next attempt began then, too. */
  | { readonly type: 'shift'; readonly from: number; readonly by: number }
  | { readonly type: 'upstream'; readonly id: string; readonly state: FinalState };

export function isFinalState(state: RunState): state is FinalState {
  return (FINAL_STATES as readonly RunState[]).includes(state);
}

export function isFinal(run: Run): run is FinalRun {
  return run.endedAt !== null;
}

export function isLeased(run: Run): run is LeasedRun {
  return run.lease !== null;
}

/**
 * Whether `said` asks for the very run that is there, as one does who was not answered. Delays and times to live are not compared, as
 * they have become points in time, nor is a number of retries that was left open, as a worker has filled it in.
 */
export function isSameSubmit(run: Run, said: NewRun): boolean {
  if (run.task !== said.task || run.args !== said.args) return false;
  if (said.maxAttempts !== null && run.maxAttempts !== said.maxAttempts) return false;
  return COMPARED.every((key) => run[key] === said[key] || JSON.stringify(run[key]) === JSON.stringify(said[key]));
}
const COMPARED = [
  ...(['name', 'tags', 'priority', 'idempotencyKey', 'concurrencyKey'] as const),
  ...(['parentId', 'retryOf', 'waitFor', 'timeoutMs'] as const),
];

export function plainError(name: string, message: string): RunError {
  return { name, message, stack: null, cause: null };
}

/** On one line, all of it: the first line alone of what a schema found is `[`. */
export function summary(error: RunError): string {
  const line = `${error.name}: ${error.message.slice(0, 2_000)}`.replace(/\s*[\r\n]\s*/g, ' ');
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
