/** A way out that keeps what goes out, for tests. */

import type { DirectCall, DirectOutcome } from '../../src/client/client.ts';
import type { AttemptTold } from '../../src/client/direct.ts';
import type { Submit } from '../../src/client/submits.ts';
import type { Future } from '../../src/client/types.ts';
import type { LogLine, SubmitRequest } from '../../src/core/api.ts';
import { FUTURE } from '../../src/core/values.ts';
import type { Reach } from '../../src/task/reach.ts';
import type { AnyTask, ServeOptions } from '../../src/task/types.ts';

/** A submit with its arguments as the server reads them. */
export function readable({ argsJson, ...rest }: Submit): SubmitRequest {
  return { ...rest, args: JSON.parse(argsJson ?? '[]') as unknown[] };
}

interface Recorded {
  readonly run: DirectCall;
  readonly logs: LogLine[];
  readonly shown: unknown[];
  readonly waits: boolean[];
  readonly attempts: AttemptTold[];
  outcome?: DirectOutcome;
}

export class FakeReach implements Reach {
  /** One list for each submit. */
  readonly submitted: (readonly SubmitRequest[])[] = [];
  readonly recorded: Recorded[] = [];
  readonly served: { tasks: readonly AnyTask[]; options: ServeOptions | undefined }[] = [];
  isRecording = true;
  #made = 0;

  async submit(requests: readonly Submit[]) {
    this.submitted.push(requests.map(readable));
    return requests.map(() => ({ id: `run-${++this.#made}`, deduplicated: false }));
  }

  future<R>(id: string, task: string | null, deduplicated: boolean): Future<R> {
    return { id, task, deduplicated, [FUTURE]: { id, allowFailure: false } } as unknown as Future<R>;
  }

  record(run: () => DirectCall) {
    if (!this.isRecording) return null;
    const entry: Recorded = { run: run(), logs: [], shown: [], waits: [], attempts: [] };
    this.recorded.push(entry);
    return {
      log: (line: LogLine) => void entry.logs.push(line),
      progress: (shown: unknown) => void entry.shown.push(shown),
      waiting: (isWaiting: boolean) => void entry.waits.push(isWaiting),
      attempt: (told: AttemptTold) => void entry.attempts.push(told),
      end: (outcome: DirectOutcome) => {
        entry.outcome = outcome;
      },
    };
  }

  async serve(tasks: readonly AnyTask[], options?: ServeOptions) {
    this.served.push({ tasks, options });
    return { name: 'fake', ready: Promise.resolve(), closed: Promise.resolve(), stop: async () => {} };
  }

  /** The one request that was submitted last. */
  get last(): SubmitRequest {
    return this.submitted.at(-1)?.[0] as SubmitRequest;
  }
}
