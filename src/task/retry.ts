/** Whether a failed attempt is tried again, and when: the task's own options first, then what the thrown error asks for. */
import { toMilliseconds } from '../core/duration.ts';
import { jittered, retryDelayMs } from '../core/retry.ts';
import type { Attempt } from './attempt.ts';
import type { RunScope } from './context.ts';
import type { Definition } from './definition.ts';
import { within } from './hooks.ts';

/**
 * Milliseconds until the next attempt; null: there is none. A `retryIf` that throws means no, a delay that cannot be had means at
 * once; both are logged.
 */
export async function nextDelayMs(definition: Definition, attempt: Attempt, thrown: unknown, scope: RunScope): Promise<number | null> {
  if (attempt.failures + 1 >= attempt.maxAttempts || codeOf(thrown) === 'BGTASK_NON_RETRYABLE') return null;
  if (!(await isWanted(definition, attempt, thrown, scope))) return null;
  const { retry } = definition.info;
  try {
    if (codeOf(thrown) === 'BGTASK_RETRY_AFTER') return toMilliseconds((thrown as { delay?: unknown }).delay, 'delay of RetryAfterError');
    const { retryDelay } = definition.options;
    if (retryDelay === null) return retryDelayMs(retry, attempt.failures + 1, attempt.random.number());
    const delay = toMilliseconds(retryDelay(thrown, { attempt: attempt.attempt }), 'What retryDelay gave');
    return jittered(delay, retry.jitter, attempt.random.number());
  } catch (error) {
    scope.log.error(`The retry delay of task '${definition.name}' is not known, so it is tried again at once:`, error);
    return 0;
  }
}

async function isWanted(definition: Definition, attempt: Attempt, thrown: unknown, scope: RunScope): Promise<boolean> {
  const { retryIf } = definition.options;
  if (retryIf === null) return true;
  try {
    return Boolean(await within(attempt.clock, () => retryIf(thrown, { attempt: attempt.attempt })));
  } catch (error) {
    scope.log.error(`retryIf of task '${definition.name}' failed, so the run is not tried again:`, error);
    return false;
  }
}

/** By code and not by class: the task may have loaded another copy of the library. */
function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
}
