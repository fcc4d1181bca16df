/**
 * What `import … from 'bgtask'` gives. It stays light: what is heavy is loaded when it is first needed.
 * @module bgtask
 */
import type { Future } from './client/types.ts';
import { connectionOf, type ServerConnection } from './task/connect.ts';
import { type ConnectOptions, defaultClient, makeClient } from './task/default-client.ts';
import { reachThrough } from './task/reach.ts';
import { refMaker, taskMaker } from './task/task.ts';
import type { AnyRef, AnyTask, DefineTask, RefOf } from './task/types.ts';
import type { Worker, WorkerOptions } from './worker/serve.ts';

const reach = reachThrough(defaultClient, serve);

/**
 * Defines a task: `task(name, fn)` or `task(name, options, fn)`. Calling what it gives runs the function here and now; its `delay` has a
 * worker run it. The name is the task's identity: workers find it by that, whatever its code.
 *
 * ```ts
 * export const greet = task('greet', async (name: string) => `Hello, ${name}!`);
 * await greet('Marvin'); // here
 * const future = await greet.delay('Agrajag'); // stored; some worker runs it
 * await future.result();
 * ```
 * @throws {InvalidOptionError} The name, an option or the function is not what it must be.
 */
export const task: DefineTask = taskMaker(reach);

/**
 * A task by its name and type alone: `taskRef<typeof greet>('greet')` with `import type { greet }`. Nothing of the task's code is loaded;
 * the server checks the input with the JSON Schema that a worker told it, and the schema itself where the run starts.
 * @throws {InvalidOptionError} The name is not one a task can have.
 */
export const taskRef: <T extends AnyRef>(name: T['name']) => RefOf<T> = refMaker(reach);

/**
 * Serves tasks of this script until it is stopped; Ctrl-C and SIGTERM stop it too. The tasks run in children that run the same script
 * again, up to this call, which never returns there: what must happen once belongs after it.
 * @throws {InvalidOptionError} An option is wrong, or two tasks have one name.
 */
export async function serve(tasks: readonly AnyTask[], options?: WorkerOptions): Promise<Worker> {
  const { serve: serveTasks } = await import('./worker/serve.ts');
  return serveTasks(tasks, options);
}

/** A future of any run, from its id. Nothing is asked before it is used. */
export function getRun<R = unknown>(id: string): Future<R> {
  return reach.future<R>(id, null, false);
}

/**
 * A client of its own, beside the default one that tasks use. It connects when it is first used.
 * @throws {InvalidOptionError} `url` is no address of a server.
 */
export function connect(options: ConnectOptions = {}): ServerConnection {
  return connectionOf(makeClient(options));
}

export type { CompletedRun, EndedRun, FinalRun, Future, OpenRun, Run, RunMove, RunUpdate, WaitOptions } from './client/types.ts';
export type { LogLine } from './core/api.ts';
export {
  BgtaskError,
  ClientClosedError,
  ConfigError,
  DuplicateRunError,
  type InputIssue,
  InvalidInputError,
  InvalidOptionError,
  NonRetryableError,
  NoRunError,
  RefusedError,
  RetryAfterError,
  RunCancelledError,
  RunNotFoundError,
  ServerUnreachableError,
  TaskRunError,
  TasksNotLoadedError,
  TaskTimeoutError,
  UnauthorizedError,
  ValueError,
  WaitTimeoutError,
} from './core/errors.ts';
export type { FinalState, OnConflict, OpenState, Progress, RunState, StateName } from './core/run.ts';
export type { Duration } from './core/units.ts';
export type { RunsFilter, ServerConnection } from './task/connect.ts';
export { type LogLevel, type RunContext, type RunLog, runContext } from './task/context.ts';
export type { ConnectOptions } from './task/default-client.ts';
export type { Failure } from './task/definition.ts';
export { allowFailure, asCompleted, waitAll } from './task/futures.ts';
export type { ConcurrencyOptions, RateOptions } from './task/limits.ts';
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from './task/standard-schema.ts';
export type {
  Annotate,
  AnyRef,
  AnyTask,
  HookRun,
  Items,
  Middleware,
  MiddlewareRun,
  OrFuture,
  OrFutures,
  RunOptions,
  Settling,
  Task,
  TaskOptions,
  TaskRef,
} from './task/types.ts';
export type { Worker, WorkerEvent, WorkerOptions } from './worker/serve.ts';
