/**
 * The life of a run: what it is in each state, what can happen to it, and the one function that decides every move.
 * Pure: no clock, no random, no I/O. Times are milliseconds since the epoch. A run is never changed in place.
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
  /** A direct call comes with its lease and has started already. */
  readonly direct: Lease | null;
}

/** What can happen to a run. Those with a token come from the worker that holds the lease. */
export type RunEvent =
  | { readonly type: 'assign'; readonly lease: Lease; readonly maxAttempts: number }
  | { readonly type: 'start'; readonly token: string }
  | { readonly type: 'progress'; readonly token: string; readonly progress: Progress }
  | { readonly type: 'succeed'; readonly token: string; readonly result: Payload | null }
  | {
      readonly type: 'fail';
      readonly token: string;
      readonly error: RunError;
      readonly retry: boolean;
      readonly retryDelayMs: number;
      readonly timedOut: boolean;
    }
  | { readonly type: 'crash'; readonly token: string; readonly error: RunError; readonly alone: boolean }
  | { readonly type: 'stopped'; readonly token: string }
  | { readonly type: 'release'; readonly token: string; readonly reason: string }
  | { readonly type: 'lose'; readonly token: string; readonly reason: string }
  /** The caller of a direct call is gone: nobody else can go on with it. */
  | { readonly type: 'abandon'; readonly token: string; readonly reason: string }
  | { readonly type: 'cancel'; readonly reason: string }
  | { readonly type: 'expire' }
  | { readonly type: 'upstream'; readonly id: string; readonly state: FinalState };

/** The third crash alone is final; before that a run waits. */
export const MAX_CRASHES = 3;
export const CRASH_DELAYS_MS = [1_000, 10_000] as const;
export const MAX_LOSSES = 10;

export function isFinalState(state: RunState): state is FinalState {
  return (FINAL_STATES as readonly RunState[]).includes(state);
}

export function isFinal(run: Run): run is FinalRun {
  return run.endedAt !== null;
}

export function isLeased(run: Run): run is LeasedRun {
  return run.lease !== null;
}

/** The first state of a submitted run. `blockedBy` are the upstream runs that are not final yet. */
export function newRun(submit: NewRun, blockedBy: readonly string[]): Run {
  const { direct } = submit;
  const stateName = blockedBy.length > 0 ? 'AwaitingDependency' : 'Scheduled';
  // Written out, not spread: an object made of a rest is ten times slower to make and to copy.
  const run: ScheduledRun = {
    id: submit.id,
    task: submit.task,
    name: submit.name,
    args: submit.args,
    tags: submit.tags,
    priority: submit.priority,
    idempotencyKey: submit.idempotencyKey,
    concurrencyKey: submit.concurrencyKey,
    parentId: submit.parentId,
    retryOf: submit.retryOf,
    waitFor: submit.waitFor,
    timeoutMs: submit.timeoutMs,
    maxAttempts: submit.maxAttempts,
    createdAt: submit.createdAt,
    dueAt: submit.dueAt,
    expiresAt: submit.expiresAt,
    state: 'SCHEDULED',
    stateName,
    attempt: 0,
    failures: 0,
    crashes: 0,
    losses: 0,
    suspect: false,
    blockedBy,
    worker: null,
    startedAt: null,
    endedAt: null,
    progress: null,
    lease: null,
    result: null,
    error: null,
    history: [{ state: 'SCHEDULED', name: stateName, at: submit.createdAt, attempt: 0, reason: null }],
  };
  if (direct === null) return run;
  const leased = transition(run, { type: 'assign', lease: direct, maxAttempts: 1 }, submit.createdAt);
  return transition(leased, { type: 'start', token: direct.token }, submit.createdAt);
}

/**
 * The run as it is after `event` at `at`. Never changes its input, and gives the very same object back where nothing changed:
 * a final run stays as it is, and so does a run under another lease than the event's.
 */
export function transition(run: Run, event: RunEvent, at: number): Run {
  if (isFinal(run) || isStale(run, event)) return run;
  const move = MOVES[run.state][event.type] as Move<RunEvent> | undefined;
  return move ? move(run, event, at) : run;
}

type OpenRun = ScheduledRun | LeasedRun;
type Move<E extends RunEvent> = (run: OpenRun, event: E, at: number) => Run;
type Moves = { readonly [T in RunEvent['type']]?: Move<Extract<RunEvent, { type: T }>> };

/** The whole life of a run. A pair that is not in the table cannot happen and changes nothing. */
const MOVES: Record<OpenState, Moves> = {
  SCHEDULED: { assign, cancel: cancelled, expire, upstream },
  // A report may overtake its `start`, so each outcome counts as the start too.
  PENDING: {
    start: begin,
    progress,
    succeed: (run, event, at) => complete(begin(run, event, at), event, at),
    fail: (run, event, at) => failOrRetry(begin(run, event, at), event, at),
    crash: (run, event, at) => crashOrRetry(begin(run, event, at), event, at),
    release: giveBack,
    lose,
    abandon,
    cancel: askToStop,
  },
  RUNNING: { progress, succeed: complete, fail: failOrRetry, crash: crashOrRetry, release: giveBack, lose, abandon, cancel: askToStop },
  // What came first counts: a success is kept, everything else is the cancellation that was asked for.
  CANCELLING: {
    start: countStart,
    succeed: (run, event, at) => complete(countStart(run, event, at), event, at),
    fail: (run, event, at) => cancelled(countStart(run, event, at), event, at),
    crash: (run, event, at) => cancelled(countStart(run, event, at), event, at),
    stopped: cancelled,
    release: cancelled,
    lose: cancelled,
    abandon: cancelled,
  },
};

function isStale(run: OpenRun, event: RunEvent): boolean {
  return 'token' in event && run.lease?.token !== event.token;
}

function assign(run: OpenRun, event: Extract<RunEvent, { type: 'assign' }>, at: number): Run {
  const maxAttempts = run.maxAttempts ?? event.maxAttempts;
  const next = {
    ...run,
    state: 'PENDING',
    stateName: 'Pending',
    lease: event.lease,
    worker: event.lease.workerName,
    maxAttempts,
  } as LeasedRun;
  return log(next, at, null);
}

function begin(run: OpenRun, _event: RunEvent, at: number): OpenRun {
  const attempt = run.attempt + 1;
  const next = {
    ...run,
    state: 'RUNNING',
    stateName: attempt > 1 ? 'Retrying' : 'Running',
    attempt,
    startedAt: at,
    progress: null,
  } as LeasedRun;
  return log(next, at, null) as OpenRun;
}

/** The start of a run that is asked to stop before its start was known. One lease starts one attempt, however often it is told. */
function countStart(run: OpenRun, _event: RunEvent, at: number): OpenRun {
  const grantedAt = run.history.findLast((entry) => entry.state === 'PENDING')?.attempt;
  return run.attempt === grantedAt ? ({ ...run, attempt: run.attempt + 1, startedAt: at } as OpenRun) : run;
}

function progress(run: OpenRun, event: Extract<RunEvent, { type: 'progress' }>): Run {
  const { done, total, note } = event.progress;
  const same = run.progress?.done === done && run.progress.total === total && run.progress.note === note;
  return same ? run : { ...run, progress: event.progress };
}

function complete(run: OpenRun, event: Extract<RunEvent, { type: 'succeed' }>, at: number): Run {
  const next = { ...run, state: 'COMPLETED', stateName: 'Completed', lease: null, result: event.result, endedAt: at } as CompletedRun;
  return log(next, at, null);
}

function failOrRetry(run: OpenRun, event: Extract<RunEvent, { type: 'fail' }>, at: number): Run {
  const failures = run.failures + 1;
  const failed = { ...run, failures };
  const name = event.timedOut ? 'TimedOut' : 'Failed';
  const left = failures < (run.maxAttempts ?? 1);
  return event.retry && left
    ? schedule(failed, 'AwaitingRetry', at + event.retryDelayMs, at, summary(event.error))
    : end(failed, 'FAILED', name, event.error, at);
}

function crashOrRetry(run: OpenRun, event: Extract<RunEvent, { type: 'crash' }>, at: number): Run {
  const suspect = { ...run, suspect: true };
  if (!event.alone) return schedule(suspect, 'Scheduled', run.dueAt, at, 'Its process died while it shared it; tried again alone');
  const crashed = { ...suspect, crashes: run.crashes + 1 };
  return crashed.crashes < MAX_CRASHES
    ? schedule(crashed, 'AwaitingRetry', at + (CRASH_DELAYS_MS[crashed.crashes - 1] ?? 0), at, summary(event.error))
    : end(crashed, 'CRASHED', 'Crashed', event.error, at);
}

function giveBack(run: OpenRun, event: Extract<RunEvent, { type: 'release' }>, at: number): Run {
  return schedule(run, 'Scheduled', run.dueAt, at, event.reason);
}

function lose(run: OpenRun, event: Extract<RunEvent, { type: 'lose' }>, at: number): Run {
  const lost = { ...run, losses: run.losses + 1 };
  return lost.losses < MAX_LOSSES
    ? schedule(lost, 'Scheduled', run.dueAt, at, event.reason)
    : end(lost, 'CRASHED', 'Crashed', plainError('WorkerLost', `${event.reason} (${MAX_LOSSES} times)`), at);
}

function abandon(run: OpenRun, event: Extract<RunEvent, { type: 'abandon' }>, at: number): Run {
  return end(run, 'CRASHED', 'Crashed', plainError('CallerLost', event.reason), at);
}

function askToStop(run: OpenRun, event: Extract<RunEvent, { type: 'cancel' }>, at: number): Run {
  return log({ ...run, state: 'CANCELLING', stateName: 'Cancelling' } as LeasedRun, at, event.reason);
}

function cancelled(run: OpenRun, event: RunEvent, at: number): Run {
  const reason = event.type === 'cancel' ? event.reason : null;
  return end(run, 'CANCELLED', 'Cancelled', plainError('Cancelled', reason ?? 'The run was cancelled'), at, reason);
}

function expire(run: OpenRun, _event: RunEvent, at: number): Run {
  if (run.attempt > 0 || run.expiresAt === null || run.expiresAt > at) return run;
  return end(run, 'EXPIRED', 'Expired', plainError('Expired', 'No worker started the run before its ttl passed'), at);
}

function upstream(run: OpenRun, event: Extract<RunEvent, { type: 'upstream' }>, at: number): Run {
  if (!run.blockedBy.includes(event.id)) return run;
  const allowed = run.waitFor.some((up) => up.id === event.id && up.allowFailure);
  if (event.state !== 'COMPLETED' && !allowed) {
    return end(run, 'FAILED', 'UpstreamFailed', plainError('UpstreamFailed', `The run it waits for, ${event.id}, is ${event.state}`), at);
  }
  const blockedBy = run.blockedBy.filter((id) => id !== event.id);
  const next = { ...run, blockedBy } as ScheduledRun;
  return blockedBy.length > 0 ? next : schedule(next, 'Scheduled', run.dueAt, at, 'All runs it waited for have ended');
}

function schedule(run: OpenRun, stateName: StateName, dueAt: number, at: number, reason: string | null): Run {
  return log({ ...run, state: 'SCHEDULED', stateName, lease: null, dueAt } as ScheduledRun, at, reason);
}

function end(run: OpenRun, state: EndedRun['state'], stateName: StateName, error: RunError, at: number, reason?: string | null): Run {
  const next = { ...run, state, stateName, lease: null, result: null, error, blockedBy: [], endedAt: at } as EndedRun;
  return log(next, at, reason === undefined ? summary(error) : reason);
}

/** Adds what `fresh` has become to its history. `fresh` was made by the caller just now, so it may still be changed. */
function log<R extends Run>(fresh: R, at: number, reason: string | null): R {
  const entry = { state: fresh.state, name: fresh.stateName, at, attempt: fresh.attempt, reason };
  (fresh as { history: readonly HistoryEntry[] }).history = [...fresh.history, entry];
  return fresh;
}

function summary(error: RunError): string {
  const line = `${error.name}: ${error.message}`.split('\n', 1)[0] as string;
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

export function plainError(name: string, message: string): RunError {
  return { name, message, stack: null, cause: null };
}
