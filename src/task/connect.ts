/** An explicit way to one server, beside the default one. */
import type { Client } from '../client/client.ts';
import { RunFuture, toRun } from '../client/future.ts';
import type { Future, Run } from '../client/types.ts';
import type { RunList } from '../core/api.ts';
import type { RunState } from '../core/run.ts';
import { reachThrough } from './reach.ts';
import { bindTask } from './task.ts';
import type { AnyRef, RefOf } from './types.ts';

/** Which runs: all that fit every condition. */
export interface RunsFilter {
  readonly state?: RunState | readonly RunState[] | undefined;
  /** A task's name. */
  readonly task?: string | undefined;
  readonly tag?: string | undefined;
  /** Most runs to give, 1 to 1,000. Default: 50. */
  readonly limit?: number | undefined;
}

/** One server, and what can be asked of it. Its methods reject as those of futures and tasks do. */
export interface ServerConnection {
  /** A future from an id. */
  getRun<R = unknown>(id: string): Future<R>;
  /** The newest runs, newest first, without their history. */
  runs(filter?: RunsFilter): Promise<Run[]>;
  /** The same task or ref, with its options, submitted to this server. */
  bind<T extends AnyRef>(task: T): RefOf<T>;
  /** Sends what was submitted and lets go of the server. Safe to call twice. */
  close(): Promise<void>;
}

export function connectionOf(client: Client): ServerConnection {
  const reach = reachThrough(
    () => client,
    () => Promise.reject(new Error('A bound task cannot be served')),
  );
  return {
    getRun: (id) => new RunFuture(client, id),
    runs: async (filter = {}) => {
      const { runs } = await client.request<RunList>('GET', `/runs?${queryOf(filter)}`);
      return runs.map((run) => toRun(run));
    },
    bind: (task) => bindTask(reach, task) as never,
    close: () => client.close(),
  };
}

function queryOf({ state = [], task, tag, limit = 50 }: RunsFilter): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const one of [state].flat()) query.append('state', one);
  if (task !== undefined) query.set('task', task);
  if (tag !== undefined) query.set('tag', tag);
  return query.toString();
}
