/**
 * One attempt of a run, the same in a worker's child and in a direct call: checks the input, calls the function with its context and
 * its deadline, decides about a retry, calls the hooks. It never rejects and knows no server: the outcome is what it gives back.
 */
import { formatDuration } from '../core/duration.ts';
import { TaskRunError, ValueError } from '../core/errors.ts';
import type { CacheHit } from '../core/frames.ts';
import { LIMITS } from '../core/protocol.ts';
import type { Payload, RunState, StateName } from '../core/run.ts';
import { decodeResult, fromRunError } from '../core/values.ts';
import type { Attempt, AttemptOutcome } from './attempt.ts';
import { captureOutput } from './console.ts';
import { RunScope, type ScopeSource, scopes } from './context.ts';
import { Deadline } from './deadline.ts';
import type { Definition, HookName } from './definition.ts';
import { type HookRun, runHooks } from './hooks.ts';
import { validInput } from './input.ts';
import { storableError, storableResult } from './outcome.ts';
import { recall } from './recall.ts';
import { nextDelayMs } from './retry.ts';

export type { Attempt, AttemptOutcome } from './attempt.ts';

/** What an attempt leaves behind. */
export interface Ended {
  readonly outcome: AttemptOutcome;
  /** What the function returned; undefined unless it succeeded. */
  readonly value: unknown;
  /** What was thrown, the very same thing; undefined if it succeeded. */
  readonly thrown: unknown;
}

/** Makes one attempt and says how it ended. Never rejects. A result that cannot be stored is a failure without a retry. */
export async function runAttempt(definition: Definition, attempt: Attempt): Promise<AttemptOutcome> {
  const { resultBytes } = attempt.limits ?? LIMITS;
  return (await execute(definition, attempt, (value) => storableResult(value, resultBytes))).outcome;
}

/** As `runAttempt`, with the value or the error itself. `seal` makes the stored form of a result; what it throws fails the attempt. */
export async function execute(definition: Definition, attempt: Attempt, seal: (value: unknown) => Payload | null): Promise<Ended> {
  captureOutput();
  const scope = new RunScope(definition.name, attempt);
  try {
    return await scopes.run(scope, live, { definition, attempt, scope }, seal);
  } finally {
    scope.close();
  }
}

/**
 * Calls the hooks of a move that no attempt in this process made: the code was stopped by force, the run expired, or it was cancelled
 * while it waited. Never rejects.
 */
export async function tellMove(definition: Definition, kind: HookName, run: HookRun, attempt: ScopeSource): Promise<void> {
  captureOutput();
  const scope = new RunScope(definition.name, attempt);
  await scopes.run(scope, runHooks, definition, kind, run, scope, attempt.clock);
  scope.close();
}

interface Live {
  readonly definition: Definition;
  readonly attempt: Attempt;
  readonly scope: RunScope;
}

async function live(it: Live, seal: (value: unknown) => Payload | null): Promise<Ended> {
  const { attempt, scope } = it;
  const { input, cache } = it.definition.options;
  const hooked = hasHooks(it, 'onRunning'); // no await without need
  if (hooked && cache === null) await running(it);
  let { args } = attempt;
  if (input !== null) {
    try {
      args = [await validInput(it.definition.name, input, args[0])];
    } catch (error) {
      return failed(it, error, { final: true, timedOut: false });
    }
  }
  if (cache !== null) {
    const there = await recalled(it, args);
    if (there !== null) return there;
    if (hooked) await running(it);
  }
  const deadline = startDeadline(it);
  scope.deadline = deadline;
  attempt.onPhase?.('function');
  return callTaskFunction(it, args, deadline, seal);
}

function running(it: Live): Promise<void> {
  return tell(it, 'onRunning', 'RUNNING', it.attempt.attempt > 1 ? 'Retrying' : 'Running', {});
}

/** How it ends without its function: with a result that was there already, or because that could not be asked for. */
async function recalled(it: Live, args: readonly unknown[]): Promise<Ended | null> {
  let hit: CacheHit | null;
  try {
    hit = await recall(it.definition, it.attempt, args);
  } catch (error) {
    if (it.attempt.signal.aborted) return stopped(it, error);
    return failed(it, error, { final: error instanceof ValueError, timedOut: false });
  }
  if (hit === null) return null;
  const { from: cachedFrom, result } = hit;
  const value = decodeResult(result);
  if (hasHooks(it, 'onCompleted')) await tell(it, 'onCompleted', 'COMPLETED', 'Cached', { result: value });
  return { outcome: { type: 'succeed', result, cachedFrom }, value, thrown: undefined };
}

/** Its name marks where the stack of an error leaves the task's own code; see outcome.ts. */
async function callTaskFunction(
  it: Live,
  args: readonly unknown[],
  deadline: Deadline | null,
  seal: (value: unknown) => Payload | null,
): Promise<Ended> {
  const { definition, attempt } = it;
  let value: unknown;
  try {
    value = deadline === null ? await definition.fn(...args) : await deadline.race(definition.fn(...args));
  } catch (error) {
    attempt.onPhase?.('after');
    const late = deadline?.end(error) ?? null;
    if (late === null && attempt.signal.aborted) return stopped(it, error);
    return failed(it, late ?? error, { final: false, timedOut: late !== null });
  }
  attempt.onPhase?.('after');
  const late = deadline?.end() ?? null;
  return late === null ? succeeded(it, value, seal) : failed(it, late, { final: false, timedOut: true });
}

function startDeadline({ definition, attempt }: Live): Deadline | null {
  const timeoutMs = attempt.timeoutMs ?? definition.info.timeoutMs;
  if (timeoutMs === null) return null;
  const { clock, graceMs = null } = attempt;
  return new Deadline({ task: definition.name, timeoutMs, graceMs, clock, of: attempt });
}

async function succeeded(it: Live, value: unknown, seal: (value: unknown) => Payload | null): Promise<Ended> {
  let result: Payload | null;
  try {
    result = seal(value);
  } catch (error) {
    return failed(it, error, { final: true, timedOut: false });
  }
  if (hasHooks(it, 'onCompleted')) await tell(it, 'onCompleted', 'COMPLETED', 'Completed', { result: value });
  return { outcome: { type: 'succeed', result }, value, thrown: undefined };
}

async function stopped(it: Live, thrown: unknown): Promise<Ended> {
  const { reason } = it.attempt.signal;
  const cancelled = reason instanceof Error && reason.name === 'RunCancelledError';
  if (cancelled && hasHooks(it, 'onCancelled')) await tellEnd(it, 'onCancelled', 'CANCELLED', 'Cancelled', reason);
  const hook = cancelled ? calledOf(it, 'onCancelled') : undefined;
  return { outcome: { type: 'stopped', hook }, value: undefined, thrown };
}

async function failed(it: Live, thrown: unknown, { final, timedOut }: { final: boolean; timedOut: boolean }): Promise<Ended> {
  const error = storableError(thrown);
  const delayMs = final ? null : await nextDelayMs(it.definition, it.attempt, thrown, it.scope);
  if (delayMs !== null) it.scope.add('warn', `${triedAgain(it.attempt, delayMs)}\n${error.stack ?? `${error.name}: ${error.message}`}`);
  const hook = calledOf(it, delayMs === null ? 'onFailed' : 'onRetrying');
  if (hook === 'onFailed') await tellEnd(it, hook, 'FAILED', timedOut ? 'TimedOut' : 'Failed', thrown);
  if (hook === 'onRetrying') {
    await tell(it, hook, 'SCHEDULED', 'AwaitingRetry', { error: thrown instanceof Error ? thrown : fromRunError(error) });
  }
  const outcome = { type: 'fail', error, retry: delayMs !== null, retryDelayMs: delayMs ?? 0, timedOut, hook } as const;
  return { outcome, value: undefined, thrown };
}

/** For the log: of a failure that is not the last one nothing else keeps the stack. */
function triedAgain({ attempt }: Attempt, delayMs: number): string {
  return `Attempt ${attempt} failed and is tried again ${delayMs === 0 ? 'at once' : `in ${formatDuration(delayMs)}`}:`;
}

function hasHooks(it: Live, kind: HookName): boolean {
  return it.definition.hooks[kind].length > 0;
}

/** `kind` where there are such hooks: what the outcome says was called. */
function calledOf(it: Live, kind: HookName): HookName | undefined {
  return hasHooks(it, kind) ? kind : undefined;
}

function tellEnd(it: Live, kind: HookName, state: 'FAILED' | 'CANCELLED', stateName: StateName, thrown: unknown): Promise<void> {
  const { runId: id } = it.attempt;
  const { message } = storableError(thrown);
  return tell(it, kind, state, stateName, { error: new TaskRunError({ id, task: it.definition.name, state, stateName }, message, thrown) });
}

function tell(it: Live, kind: HookName, state: RunState, stateName: StateName, end: { result?: unknown; error?: Error }): Promise<void> {
  const { runId: id, name, attempt, maxAttempts, args, tags, parentId, clock } = it.attempt;
  const task = it.definition.name;
  const run: HookRun = { id, task, name, state, stateName, attempt, maxAttempts, args, tags, parentId, result: null, error: null, ...end };
  return runHooks(it.definition, kind, run, it.scope, clock);
}
