/** A run once more, as a new one: with its task, its options and its arguments, or others. What `retry` and `replay` submit. */
import type { SubmitOptions, SubmitRequest } from '../core/api.ts';
import { isFinal, type Run } from '../core/run.ts';

/**
 * The submit that repeats `run`, due now; `args` are other arguments than its own. Its idempotency key and its ttl were about the
 * first one and do not come along. `upstream` are the runs it waited for, as far as they are still there, in the order of `waitFor`.
 */
export function repeating(run: Run, args: readonly unknown[] | undefined, upstream: readonly (Run | undefined)[]): SubmitRequest {
  const { id, task, name, tags, priority, concurrencyKey, parentId, timeoutMs, maxAttempts } = run;
  const options = {
    ...{ tags, priority, retryOf: id, runName: name ?? undefined, concurrencyKey: concurrencyKey ?? undefined },
    ...{ parentId: parentId ?? undefined, timeout: timeoutMs ?? undefined, retries: maxAttempts === null ? undefined : maxAttempts - 1 },
    ...(run.waitFor.length > 0 && { waitFor: waitForOf(run, args === undefined, upstream) }),
  };
  return { task, args: args ?? (JSON.parse(run.args) as unknown[]), options };
}

/** Those that go on, and those whose results its own arguments stand for. One that ended, however, is nothing to wait for again. */
function waitForOf(run: Run, ownArgs: boolean, upstream: readonly (Run | undefined)[]): SubmitOptions['waitFor'] {
  return run.waitFor.filter(({ id }, index) => {
    const up = upstream[index];
    return (up !== undefined && !isFinal(up)) || (ownArgs && run.args.includes(JSON.stringify(id)));
  });
}
