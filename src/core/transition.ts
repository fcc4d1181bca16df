/**
 * The life of a run: the first state of it, and the one function that decides every move after that.
 * Pure: no clock, no random, no I/O. A store applies it and never restates it.
 */
import { joinMeta } from './meta.ts';
import {
  type CompletedRun,
  type EndedRun,
  type HistoryEntry,
  isFinal,
  type Lease,
  type LeasedRun,
  type NewRun,
  type OpenState,
  plainError,
  type Run,
  type RunError,
  type RunEvent,
  type ScheduledRun,
  type StateName,
  summary,
} from './run.ts';

/** The third crash alone is final; before that a run waits. */
export const MAX_CRASHES = 3;
const CRASH_DELAYS_MS = [1_000, 10_000] as const;
export const MAX_LOSSES = 10;

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
    dueBy: submit.dueBy,
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
    meta: null,
    cache: null,
    cachedFrom: null,
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
  SCHEDULED: { assign, cancel: cancelled, expire, upstream, shift },
  // A report may overtake its `start`, so each outcome counts as the start too.
  PENDING: {
    start: begin,
    retry: (run, event, at) => (event.attempt === run.attempt ? run : tryAgain(begin(run, event, at), event, at)),
    progress,
    key: keyed,
    defer,
    // A result that was there already took no start.
    succeed: (run, event, at) => complete(event.cachedFrom === undefined ? begin(run, event, at) : run, event, at),
    fail: (run, event, at) => failOrRetry(begin(run, event, at), event, at),
    crash: (run, event, at) => crashOrRetry(begin(run, event, at), event, at),
    release: giveBack,
    lose,
    abandon,
    cancel: askToStop,
  },
  RUNNING: {
    retry: tryAgain,
    progress,
    succeed: complete,
    fail: failOrRetry,
    crash: crashOrRetry,
    release: giveBack,
    lose,
    abandon,
    cancel: askToStop,
  },
  // What came first counts: a success is kept, everything else is the cancellation that was asked for.
  CANCELLING: {
    start: countStart,
    succeed: (run, event, at) => complete(event.cachedFrom === undefined ? countStart(run, event, at) : run, event, at),
    fail: (run, event, at) => cancelled(countStart(run, event, at), event, at),
    crash: (run, event, at) => cancelled(countStart(run, event, at), event, at),
    stopped: cancelled,
    defer: cancelled,
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
    cache: null,
    progress: null,
  } as LeasedRun;
  return log(next, at, null);
}

function begin(run: OpenRun, event: RunEvent, at: number): OpenRun {
  const attempt = said(event) ?? run.attempt + 1;
  if (attempt <= run.attempt) return run; // it is known, and has failed
  const next = {
    ...run,
    state: 'RUNNING',
    stateName: attempt > 1 ? 'Retrying' : 'Running',
    attempt,
    startedAt: at,
  } as LeasedRun;
  return log(next, at, null) as OpenRun;
}

/** The start of a run that is asked to stop before its start was known. One lease starts one attempt, however often it is told. */
function countStart(run: OpenRun, event: RunEvent, at: number): OpenRun {
  const attempt = said(event);
  if (attempt !== undefined) return attempt > run.attempt ? ({ ...run, attempt, startedAt: at } as OpenRun) : run;
  const grantedAt = run.history.findLast((entry) => entry.state === 'PENDING')?.attempt;
  return run.attempt === grantedAt ? ({ ...run, attempt: run.attempt + 1, startedAt: at } as OpenRun) : run;
}

/** The number of the attempt that an event speaks of, where it says so. */
function said(event: RunEvent): number | undefined {
  return 'attempt' in event ? event.attempt : undefined;
}

/** The caller waits and tries again: as when any run is tried again, but that no worker can take it meanwhile. */
function tryAgain(run: OpenRun, { attempt, error, retryDelayMs }: Extract<RunEvent, { type: 'retry' }>, at: number): Run {
  if (attempt < run.attempt || attempt >= (run.maxAttempts ?? 1)) return run; // told before, or it cannot be
  const failed = { ...run, attempt, failures: attempt };
  const waits = schedule(failed, 'AwaitingRetry', at + retryDelayMs, at, summary(error)) as OpenRun;
  return assign(waits, { type: 'assign', lease: run.lease as Lease, maxAttempts: 1 }, at);
}

function progress(run: OpenRun, event: Extract<RunEvent, { type: 'progress' }>): Run {
  const told = event.progress ?? run.progress;
  const same = run.progress?.done === told?.done && run.progress?.total === told?.total && run.progress?.note === told?.note;
  const meta = event.meta === undefined ? run.meta : joinMeta(run.meta, event.meta);
  return same && meta === run.meta ? run : { ...run, progress: told, meta };
}

function keyed(run: OpenRun, { cache }: Extract<RunEvent, { type: 'key' }>): Run {
  return run.cache?.key === cache.key && run.cache.ttlMs === cache.ttlMs ? run : { ...run, cache };
}

function defer(run: OpenRun, { until }: Extract<RunEvent, { type: 'defer' }>, at: number): Run {
  const waiting = { ...run, blockedBy: [until], cache: null } as OpenRun;
  return schedule(waiting, 'AwaitingConcurrency', wasDue(run, at), at, `Run ${until} makes the same result`);
}

function complete(run: OpenRun, event: Extract<RunEvent, { type: 'succeed' }>, at: number): Run {
  const { result, cachedFrom = null } = event;
  const stateName = cachedFrom === null ? 'Completed' : 'Cached';
  const next = { ...run, state: 'COMPLETED', stateName, lease: null, result, cachedFrom, endedAt: at } as CompletedRun;
  return log(next, at, cachedFrom === null ? null : `Result of run ${cachedFrom}`);
}

function failOrRetry(run: OpenRun, event: Extract<RunEvent, { type: 'fail' }>, at: number): Run {
  const failures = event.attempt ?? run.failures + 1; // who counts attempts made one after the other
  const failed = { ...run, failures };
  const name = event.timedOut ? 'TimedOut' : 'Failed';
  const left = failures < (run.maxAttempts ?? 1);
  return event.retry && left
    ? schedule(failed, 'AwaitingRetry', at + event.retryDelayMs, at, summary(event.error))
    : end(failed, 'FAILED', name, event.error, at);
}

function crashOrRetry(run: OpenRun, event: Extract<RunEvent, { type: 'crash' }>, at: number): Run {
  const suspect = { ...run, suspect: true };
  if (!event.alone) return schedule(suspect, 'Scheduled', wasDue(run, at), at, 'Its process died while it shared it; tried again alone');
  const crashed = { ...suspect, crashes: run.crashes + 1 };
  return crashed.crashes < MAX_CRASHES
    ? schedule(crashed, 'AwaitingRetry', at + (CRASH_DELAYS_MS[crashed.crashes - 1] ?? 0), at, summary(event.error))
    : end(crashed, 'CRASHED', 'Crashed', event.error, at);
}

function giveBack(run: OpenRun, event: Extract<RunEvent, { type: 'release' }>, at: number): Run {
  return schedule(run, 'Scheduled', wasDue(run, at), at, event.reason);
}

function lose(run: OpenRun, event: Extract<RunEvent, { type: 'lose' }>, at: number): Run {
  const lost = { ...run, losses: run.losses + 1 };
  return lost.losses < MAX_LOSSES
    ? schedule(lost, 'Scheduled', wasDue(run, at), at, event.reason)
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

function shift(run: OpenRun, { from, by }: Extract<RunEvent, { type: 'shift' }>): Run {
  if (run.dueAt !== from) return run;
  const last = run.history.at(-1) as HistoryEntry;
  const history = run.stateName === 'AwaitingRetry' ? [...run.history.slice(0, -1), { ...last, at: last.at + by }] : run.history;
  return { ...run, dueAt: from + by, history } as ScheduledRun;
}

function upstream(run: OpenRun, event: Extract<RunEvent, { type: 'upstream' }>, at: number): Run {
  if (!run.blockedBy.includes(event.id)) return run;
  const waited = run.waitFor.find((up) => up.id === event.id);
  if (waited === undefined) return askAgain(run as ScheduledRun, event, at);
  if (event.state !== 'COMPLETED' && !waited.allowFailure) {
    return end(run, 'FAILED', 'UpstreamFailed', plainError('UpstreamFailed', `The run it waits for, ${event.id}, is ${event.state}`), at);
  }
  const blockedBy = run.blockedBy.filter((id) => id !== event.id);
  const next = { ...run, blockedBy } as ScheduledRun;
  return blockedBy.length > 0 ? next : schedule(next, 'Scheduled', run.dueAt, at, 'All runs it waited for have ended');
}

/** It did not ask for that run, it only met it: any end will do. */
function askAgain(run: ScheduledRun, event: Extract<RunEvent, { type: 'upstream' }>, at: number): Run {
  return schedule({ ...run, blockedBy: [] }, 'Scheduled', run.dueAt, at, `Run ${event.id} has ended`);
}

/** A run that was leased keeps its place, and is due whatever the clock said then. */
const wasDue = (run: OpenRun, at: number): number => Math.min(run.dueAt, at);

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
