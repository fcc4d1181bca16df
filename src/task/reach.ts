/** What a task needs of the world around it: where its calls go. */
import type { Client, DirectCall, Recording } from '../client/client.ts';
import { RunFuture } from '../client/future.ts';
import type { Submit } from '../client/submits.ts';
import type { Future } from '../client/types.ts';
import type { SubmittedRun } from '../core/frames.ts';
import type { AnyTask, ServeOptions, Serving } from './types.ts';

export interface Reach {
  submit(requests: readonly Submit[]): Promise<readonly SubmittedRun[]>;
  /** A handle on a run. `task`: the name its run must have; null: any, or it is known. */
  future<R>(id: string, task: string | null, deduplicated: boolean): Future<R>;
  /**
   * Begins to record a direct call, in the background: it never throws and never slows the call. `call` is asked at once, or never
   * where there is nobody to tell; then it answers null.
   */
  record(call: () => DirectCall): Recording | null;
  serve(tasks: readonly AnyTask[], options?: ServeOptions): Promise<Serving>;
}

/** The way out through a client, which is asked for when it is first needed. */
export function reachThrough(client: () => Client, serve: Reach['serve']): Reach {
  return {
    submit: (requests) => client().submit(requests),
    future: (id, task, deduplicated) => new RunFuture(client(), id, { task, deduplicated }),
    record: (call) => client().recordDirect(call),
    serve,
  };
}
