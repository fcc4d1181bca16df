/** The public types of serving tasks: what a worker can be told, and what it is. */
import type { Duration } from '../core/duration.ts';

/** The run that a middleware is put around. More of it gives `runContext()`. */
export interface MiddlewareRun {
  readonly id: string;
  readonly task: string;
  readonly attempt: number;
  readonly args: readonly unknown[];
}
/** Calls `next` once. What it returns is ignored: the run ends as its function does, unless this throws. */
export type Middleware = (run: MiddlewareRun, next: () => Promise<unknown>) => unknown;

export interface ServeOptions {
  /** Around every task of this worker, the first outermost, within the timeout and the context of the run. Default: none. */
  middleware?: readonly Middleware[] | undefined;
  /** Most runs at once. Default: the setting LIMIT, 10. */
  limit?: number | undefined;
  /** What the worker is called. Default: host and pid. */
  name?: string | undefined;
  /** Child processes that share the runs. Default: 1. */
  processes?: number | undefined;
  /** How long `stop()` lets runs go on before it gives them back. Default: '30s'. */
  drain?: Duration | undefined;
  /**
   * How long code may go on after it was asked to stop: over its timeout, cancelled, or still there after the drain. Then its process is
   * killed. Default: '5s'.
   */
  grace?: Duration | undefined;
  /** `none` runs the tasks in this very process: no hard stop, no protection from crashes. Default: 'process'. */
  isolation?: 'process' | 'none' | undefined;
}
/** A worker that runs. */
export interface Serving {
  readonly name: string;
  /** Resolves when the server knows its tasks, or when it has stopped. Never rejects; a server that is away is waited for. */
  readonly ready: Promise<void>;
  /** Resolves when it has stopped. */
  readonly closed: Promise<void>;
  /** Takes no more runs, lets those it has end within the drain time, gives the rest back. Safe to call twice. */
  stop(): Promise<void>;
}
