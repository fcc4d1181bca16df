/** A client for tests of the viewer: says what it is told to say, and remembers what it was asked. */

import type { WatchEvent } from '../../src/client/client.ts';
import type { LogLine, RunCounts, RunFilter, RunView, ServerStatus, TaskView } from '../../src/core/api.ts';
import { RUN_STATES } from '../../src/core/run.ts';
import type { FollowEvent } from '../../src/core/view.ts';
import type { ViewerClient } from '../../src/tui/viewer.ts';

export const NOON = Date.parse('2026-11-24T12:00:00.000Z');

export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** A run that completed within 1.2 s at noon, unless `over` says otherwise. */
export function aRunView(over: Partial<RunView> = {}): RunView {
  return {
    id: '0192a5c1-0000-7000-8000-0000deadbeef',
    task: 'greet',
    name: null,
    state: 'COMPLETED',
    stateName: 'Completed',
    attempt: 1,
    maxAttempts: 1,
    crashes: 0,
    args: ['Ada'],
    result: 'Hello, Ada!',
    error: null,
    tags: [],
    priority: 0,
    worker: 'laptop-1',
    idempotencyKey: null,
    parentId: null,
    retryOf: null,
    waitingFor: null,
    cachedFrom: null,
    waitFor: [],
    createdAt: iso(NOON),
    dueAt: iso(NOON),
    startedAt: iso(NOON + 10),
    endedAt: iso(NOON + 1_210),
    progress: null,
    meta: {},
    ...over,
  };
}

export function aRunning(over: Partial<RunView> = {}): RunView {
  return aRunView({ state: 'RUNNING', stateName: 'Running', endedAt: null, result: null, ...over });
}

/** `n` runs, the newest last, one millisecond apart. */
export function someRuns(n: number, over: (index: number) => Partial<RunView> = () => ({})): RunView[] {
  return Array.from({ length: n }, (_, index) => {
    const id = `0192a5c1-0000-7000-8000-${String(index).padStart(12, '0')}`;
    return aRunView({ id, createdAt: iso(NOON + index), ...over(index) });
  });
}

export function countsOf(runs: readonly RunView[]): RunCounts {
  const counts = Object.fromEntries(RUN_STATES.map((state) => [state, 0])) as RunCounts;
  for (const run of runs) counts[run.state] += 1;
  return counts;
}

export class FakeClient implements ViewerClient {
  readonly follows: { filter: RunFilter; limit: number; ended: boolean }[] = [];
  readonly watched: string[] = [];
  readonly cancelled: string[] = [];
  readonly runs = new Map<string, RunView>();
  readonly requests: string[] = [];
  /** What it says of tasks. */
  tasks: readonly TaskView[] = [];
  readonly retried: string[] = [];
  failure: Error | null = null;
  readonly logs = new Map<string, LogLine[]>();
  #seq = 0;
  #follower: ((event: FollowEvent) => void) | null = null;
  readonly #watchers = new Map<string, (event: WatchEvent) => void>();

  follow(filter: RunFilter, limit: number, listener: (event: FollowEvent) => void): () => void {
    const follow = { filter, limit, ended: false };
    this.follows.push(follow);
    this.#follower = listener;
    return () => {
      follow.ended = true;
      if (this.#follower === listener) this.#follower = null;
    };
  }

  watch(id: string, listener: (event: WatchEvent) => void): () => void {
    this.watched.push(id);
    this.#watchers.set(id, listener);
    return () => this.#watchers.delete(id);
  }

  async get(id: string): Promise<RunView | null> {
    if (this.failure !== null) throw this.failure;
    return this.runs.get(id) ?? null;
  }

  /** Knows logs and tasks only; where the client is told to fail, everything else does. */
  async request<T>(method: string, path: string): Promise<T> {
    this.requests.push(`${method} ${path}`);
    if (this.failure !== null) throw this.failure;
    if (path === '/tasks') return this.tasks as T;
    const [, id = ''] = /^\/runs\/([^/]+)\/logs$/.exec(path) ?? [];
    return (this.logs.get(id) ?? []) as T;
  }

  async retry(id: string): Promise<RunView> {
    this.retried.push(id);
    return aRunView({ id: 'again', retryOf: id });
  }

  async cancel(id: string): Promise<RunView> {
    this.cancelled.push(id);
    const run = this.runs.get(id);
    if (run === undefined) throw new Error('No bgtask server answers at http://127.0.0.1:4200.');
    return run;
  }

  get isWatching(): boolean {
    return this.#watchers.size > 0;
  }

  say(event: FollowEvent): void {
    this.#follower?.(event);
  }

  snapshot(runs: readonly RunView[], durability: ServerStatus['durability'] = 'durable', counts = countsOf(runs)): void {
    for (const run of runs) this.runs.set(run.id, run);
    this.say({ type: 'snapshot', seq: ++this.#seq, runs, counts, durability });
  }

  change(runs: readonly RunView[], removed: readonly string[] = []): void {
    for (const run of runs) this.runs.set(run.id, run);
    for (const id of removed) this.runs.delete(id);
    this.say({ type: 'change', seq: ++this.#seq, runs, removed, counts: countsOf([...this.runs.values()]) });
  }

  tell(id: string, event: WatchEvent): void {
    this.#watchers.get(id)?.(event);
  }
}
