/** Calls the hooks of a move that the server knows of and no attempt here made. */

import { TaskRunError } from '../core/errors.ts';
import type { HookCall } from '../core/frames.ts';
import type { FinalState } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import { decodeArgs, fromRunError, type Resolve } from '../core/values.ts';
import type { Definition } from '../task/definition.ts';
import { tellMove } from '../task/execute.ts';
import { upstreamOf } from './running.ts';

/** Never rejects. What the hooks log is printed; the log of the run has ended. */
export async function tellHook(definition: Definition, call: HookCall, clock: Clock): Promise<void> {
  const { hook, runId, task, name, state, stateName, attempt, maxAttempts, tags, parentId } = call;
  const thrown = fromRunError(call.error);
  const ended = { id: runId, task, state: state as Exclude<FinalState, 'COMPLETED'>, stateName };
  const error = hook === 'onRetrying' ? thrown : new TaskRunError(ended, call.error.message, thrown);
  try {
    const args = decodeArgs(call.args, leniently(upstreamOf(call)));
    const run = { id: runId, task, name, state, stateName, attempt, maxAttempts, args, tags, parentId, result: null, error };
    const { signal } = new AbortController();
    await tellMove(definition, hook, run, { runId, attempt, signal, clock, onLog: () => {}, onProgress: () => {} });
  } catch (problem) {
    console.error(`The hooks ${hook} of run ${runId} of task '${task}' could not be called:`, problem);
  }
}

/** The result of a run that ended without one, or has not ended, is undefined. */
function leniently(resolve: Resolve): Resolve {
  return (future) => {
    try {
      return resolve(future);
    } catch {
      return undefined;
    }
  };
}
