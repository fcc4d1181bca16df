/** What a task needs of the world around it: where its calls go. default-client.ts has the real one. */

import type { Submit } from '../client/submits.ts';
import type { Future } from '../client/types.ts';
import type { DirectRun, LogLine, SubmittedRun } from '../core/protocol.ts';
import type { AttemptOutcome } from './attempt.ts';
import type { AnyTask, ServeOptions, Serving } from './types.ts';

export interface Reach {
  submit(requests: readonly Submit[]): Promise<readonly SubmittedRun[]>;
  /** A handle on a run. `task`: the name its run must have; null: any. */
  future<R>(id: string, task: string | null, deduplicated: boolean): Future<R>;
  /**
   * Begins to record a direct call, in the background: it never throws and never slows the call. `run` is asked at once, or never
   * where there is nobody to tell; then it answers null.
   */
  record(run: () => CallRecord): Recording | null;
  serve(tasks: readonly AnyTask[], options?: ServeOptions): Promise<Serving>;
}

/** A direct call as it is told to the server; the lease is made by whoever tells it. */
export type CallRecord = Omit<DirectRun, 'token' | 'caller'>;
/** A direct call that is being recorded. */
export interface Recording {
  log(line: LogLine): void;
  end(outcome: AttemptOutcome): void;
}
