/**
 * Hooks: functions of the user that are told of a run's move. Each is called once for each move, in the order it was added, in the
 * context of the run. A hook can only watch: what it throws is logged, and one that takes too long is left behind.
 */
import { formatDuration } from '../core/duration.ts';
import type { RunState, StateName } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { RunScope } from './context.ts';
import { isThenable } from './deadline.ts';
import type { Definition, HookName } from './definition.ts';

/** How long a hook, or any other function beside the task itself, may take before the run goes on without it. */
export const PATIENCE_MS = 30_000;

/** The run as a hook sees it. */
export interface HookRun {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly state: RunState;
  readonly stateName: StateName;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly args: readonly unknown[];
  readonly tags: readonly string[];
  readonly parentId: string | null;
  readonly result: unknown;
  readonly error: Error | null;
}

/** Calls the hooks of one kind, one after the other. Never rejects. */
export async function runHooks(definition: Definition, kind: HookName, run: HookRun, scope: RunScope, clock: Clock): Promise<void> {
  for (const hook of definition.hooks[kind]) {
    try {
      await within(clock, () => hook(run as never, ...run.args));
    } catch (error) {
      scope.log.error(`A hook ${kind} of task '${definition.name}' failed; the run goes on:`, error);
    }
  }
}

/** What `ask` gives, if it gives it within `PATIENCE_MS`. */
export async function within<T>(clock: Clock, ask: () => T | PromiseLike<T>): Promise<T> {
  const answer = ask();
  if (!isThenable(answer)) return answer;
  let giveUp: (error: Error) => void = () => {};
  const tooLong = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const timer = clock.after(PATIENCE_MS, () => giveUp(new Error(`It took longer than ${formatDuration(PATIENCE_MS)}`)));
  try {
    return await Promise.race([answer, tooLong]);
  } finally {
    timer.cancel();
  }
}
