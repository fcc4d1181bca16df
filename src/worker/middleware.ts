/** What a worker puts around the functions of its tasks: in the run's context, inside its timeout, and never in place of its result. */
import { BgtaskError } from '../core/errors.ts';
import { runContext } from '../task/context.ts';
import type { Definition } from '../task/definition.ts';
import type { Middleware, MiddlewareRun } from '../task/types.ts';

/** The task with `middleware` around its function: the first one is outermost. */
export function around(definition: Definition, middleware: readonly Middleware[]): Definition {
  if (middleware.length === 0) return definition;
  return {
    ...definition,
    fn: (...args) => {
      const { runId, task, attempt } = runContext();
      return through(middleware, 0, { id: runId, task, attempt, args }, async () => definition.fn(...args));
    },
  };
}

/** What the function returned or threw; what one of `middleware` throws counts instead. */
async function through(middleware: readonly Middleware[], at: number, run: MiddlewareRun, fn: () => Promise<unknown>): Promise<unknown> {
  const one = middleware[at];
  if (one === undefined) return fn();
  let inner: Promise<unknown> | undefined;
  await one(run, () => {
    if (inner !== undefined) throw new BgtaskError(`${titleOf(one, at)} called next() twice; a task is called once in an attempt.`);
    inner = through(middleware, at + 1, run, fn);
    inner.catch(() => undefined); // it is looked at below, or something else was thrown first
    return inner;
  });
  if (inner === undefined)
    throw new BgtaskError(`${titleOf(one, at)} ended without next(): the task was not called. Throw to refuse a run.`);
  return inner;
}

function titleOf(one: Middleware, at: number): string {
  return `Middleware ${at + 1}${one.name === '' ? '' : ` (${one.name})`}`;
}
