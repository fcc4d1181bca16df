/** A run that was given to the pool, and what the death of its process means for it. Pure. */
import type { Assignment, Held, Outcome, TaskInfo } from '../core/frames.ts';
import { retryDelayMs } from '../core/retry.ts';
import { plainError, type RunError } from '../core/run.ts';
import type { Timer } from '../core/seams.ts';
import type { AttemptOutcome } from '../task/attempt.ts';
import type { Child } from './child-process.ts';
import type { Ended, StopOrder, Work } from './ipc.ts';

export interface LiveRun {
  /** Its number in this pool. */
  readonly id: number;
  readonly assignment: Assignment;
  readonly info: TaskInfo;
  /** Null while it waits for one. */
  child: Child | null;
  /** Its code was called, or is about to be. */
  hasStarted: boolean;
  /** Its code waits for other runs. */
  isWaiting: boolean;
  /** It was asked to stop. */
  stop: StopOrder | null;
  /** The error that escaped it. */
  stray: RunError | null;
  /** The grace is over: its process has to end. */
  isOverdue: boolean;
  /** Until the grace is over. */
  timer: Timer | null;
}

export interface Death {
  /** As text, as in `exit code 42`. */
  readonly how: string;
  /** Last lines of the process, newest last. */
  readonly tail: readonly string[];
  /** Why the worker killed it; null where it died of itself. */
  readonly killedBecause: string | null;
  /** Runs whose code was in it. */
  readonly started: number;
}

const TAIL_LINES = 50;
const TAIL_TEXT = 8_192;
const LINE_TEXT = 500;

export function timeoutOf({ assignment, info }: LiveRun): number | null {
  return assignment.timeoutMs ?? info.timeoutMs;
}

export function liveRun(id: number, assignment: Assignment, info: TaskInfo): LiveRun {
  return { id, assignment, info, child: null, hasStarted: false, isWaiting: false, stop: null, stray: null, isOverdue: false, timer: null };
}

/** What its child has to know. JSON leaves out what is undefined. */
export function workOf({ id, assignment }: Pick<LiveRun, 'id' | 'assignment'>): Work {
  const { runId, task, args, attempt, maxAttempts, failures, timeoutMs, name, parentId, tags, upstream } = assignment;
  return {
    id,
    runId,
    task,
    args,
    attempt,
    maxAttempts,
    failures: failures || undefined,
    timeoutMs: timeoutMs ?? undefined,
    name: name ?? undefined,
    parentId: parentId ?? undefined,
    tags: tags.length > 0 ? tags : undefined,
    upstream: isEmpty(upstream) ? undefined : upstream,
  };
}

/** What its child said of its end, under the lease. */
export function outcomeOf({ runId, token }: Held, ended: Ended): Outcome {
  if (ended.type === 'succeed' && ended.cachedFrom === undefined) return { runId, token, type: 'succeed', result: ended.result };
  const { id: _id, ...outcome } = ended;
  return { runId, token, ...outcome };
}

/** `chance` is a number in [0, 1). */
export function outcomeOfDeath(run: LiveRun, death: Death, chance: number): Outcome {
  const { runId, token } = run.assignment;
  return { runId, token, ...endOf(run, death, chance) };
}

function endOf(run: LiveRun, death: Death, chance: number): AttemptOutcome {
  if (run.stop?.why === 'cancel' || run.stop?.why === 'fenced') return { type: 'stopped' };
  if (run.stop?.why === 'leave') return { type: 'release', reason: run.stop.reason };
  if (!run.hasStarted) return { type: 'release', reason: `Its process ended before it began (${death.how})` };
  if (run.stray !== null) return failure(run, run.stray, chance, false);
  if (run.isOverdue) return failure(run, timeoutError(run), chance, true);
  if (death.killedBecause !== null) return { type: 'release', reason: death.killedBecause };
  return { type: 'crash', error: crashError(death), alone: death.started === 1 };
}

function failure({ assignment, info }: LiveRun, error: RunError, chance: number, timedOut: boolean): AttemptOutcome {
  const failures = assignment.failures + 1;
  const retry = failures < assignment.maxAttempts;
  return { type: 'fail', error, retry, retryDelayMs: retry ? retryDelayMs(info.retry, failures, chance) : 0, timedOut };
}

function timeoutError(run: LiveRun): RunError {
  const { task } = run.assignment;
  const text = `An attempt of task '${task}' took longer than its timeout of ${timeoutOf(run)} ms, and did not stop when it was asked to: its process was killed.`;
  return plainError('TaskTimeoutError', text);
}

function crashError({ how, tail }: Death): RunError {
  const lines = tail.slice(-TAIL_LINES).map((line) => (line.length > LINE_TEXT ? `${line.slice(0, LINE_TEXT)}…` : line));
  const text = lines.join('\n').slice(-TAIL_TEXT);
  return plainError('ProcessCrashedError', `The process that ran it ended: ${how}.${text === '' ? '' : ` Its last lines:\n${text}`}`);
}

function isEmpty(of: object): boolean {
  for (const _key in of) return false;
  return true;
}
