/** What travels when a run is handed out, and what an outcome means for it. Pure. */
import type { Assignment, Held, Outcome, Settled } from '../core/frames.ts';
import { isFinal, type LeasedRun, plainError, type Run, type RunEvent } from '../core/run.ts';

/** A leased run as its worker gets it; `upstream` are the runs its arguments stand for. */
export function assignmentOf(run: LeasedRun, upstream: readonly (Run | undefined)[]): Assignment {
  return {
    runId: run.id,
    token: run.lease.token,
    task: run.task,
    name: run.name,
    args: run.args,
    attempt: run.attempt + 1,
    maxAttempts: run.maxAttempts ?? 1,
    failures: run.failures,
    timeoutMs: run.timeoutMs,
    alone: run.suspect,
    tags: run.tags,
    parentId: run.parentId,
    createdAt: run.createdAt,
    upstream: settledOf(upstream),
  };
}

/** The runs of `upstream` that have ended, by id. */
export function settledOf(upstream: readonly (Run | undefined)[]): Record<string, Settled> {
  const settled: Record<string, Settled> = {};
  for (const up of upstream) if (up && isFinal(up)) settled[up.id] = { state: up.state, result: up.result, error: up.error };
  return settled;
}

/** The event an outcome stands for. A result that cannot be kept, as one of more than `resultBytes`, fails its run, whatever the worker thinks of it. */
export function eventOf(outcome: Outcome, resultBytes: number): RunEvent {
  const { runId: _, hook: _hook, ...event } = outcome;
  if (event.type !== 'succeed' || event.result === null) return event;
  const problem = problemOf(event.result, resultBytes);
  if (problem === null) return event;
  const { token, attempt } = event;
  return { type: 'fail', token, attempt, error: problem, retry: false, retryDelayMs: 0, timedOut: false };
}

export function heldOf({ runId, token }: Held): Held {
  return { runId, token };
}

function problemOf(result: string, resultBytes: number) {
  if (result.length > resultBytes / 4 && Buffer.byteLength(result) > resultBytes) {
    return plainError('ResultTooLargeError', `The result is larger than ${resultBytes} bytes. Store it elsewhere and return a reference.`);
  }
  try {
    JSON.parse(result);
    return result.includes('\n') ? plainError('ResultError', 'The result is not one line of JSON') : null;
  } catch {
    return plainError('ResultError', 'The result is not JSON');
  }
}
