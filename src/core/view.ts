/**
 * The live list of runs as a viewer holds it: one pure fold over what `follow` tells. The terminal and any other screen read the same.
 * Knows no filter and no layout; what stands in a frame is taken as the server's last word on these runs.
 */
import type { RunCounts, RunView, ServerStatus } from './api.ts';
import type { WatchFrame } from './frames.ts';
import type { RunState } from './run.ts';

/** What happens to a follower: the frames of the server, and the connection under them. */
export type FollowEvent = Extract<WatchFrame, { type: 'snapshot' | 'change' }> | { readonly type: 'up' } | { readonly type: 'down' };

export interface View {
  /** Newest first, at most `limit`. Stays as it was while the connection is lost. */
  readonly runs: readonly RunView[];
  /** Of all runs the server has; null before the first snapshot. */
  readonly counts: RunCounts | null;
  readonly durability: ServerStatus['durability'] | null;
  readonly connection: Connection;
  readonly seq: number;
  readonly limit: number;
}
/** `connecting`: never heard of the server yet; `lost`: heard of it before. `since` in milliseconds since the epoch. */
export interface Connection {
  readonly state: 'connecting' | 'live' | 'lost';
  readonly since: number;
  /** Times it was found down without having been up in between. */
  readonly failures: number;
}

export function emptyView(limit: number, at: number): View {
  return { runs: [], counts: null, durability: null, connection: { state: 'connecting', since: at, failures: 0 }, seq: -1, limit };
}

/** The view after `event` at `at`. Never changes its input; gives the same object back where nothing is new. */
export function fold(view: View, event: FollowEvent, at: number): View {
  switch (event.type) {
    case 'up':
      return { ...view, connection: live(view.connection, at) };
    case 'down':
      return { ...view, connection: down(view.connection, at) };
    case 'snapshot': {
      const runs = [...event.runs].sort(newestFirst).slice(0, view.limit);
      const { counts, durability, seq } = event;
      return { ...view, runs, counts, durability, seq, connection: live(view.connection, at) };
    }
    case 'change':
      // Without a snapshot there is nothing to change, and what was said before it is in it.
      if (view.counts === null || event.seq <= view.seq) return view;
      return { ...view, runs: change(view, event.runs, event.removed), counts: event.counts, seq: event.seq };
  }
}

function live(connection: Connection, at: number): Connection {
  return connection.state === 'live' ? connection : { state: 'live', since: at, failures: 0 };
}

function down(connection: Connection, at: number): Connection {
  const failures = connection.failures + 1;
  return connection.state === 'live' ? { state: 'lost', since: at, failures } : { ...connection, failures };
}

/** The order of the list: by the time of submit, then by id, which rises with time within a millisecond. */
export function newestFirst(a: RunView, b: RunView): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
}

/** One copy of the list however many runs changed: what orders it never changes, so each known run keeps its place. */
function change(view: View, changed: readonly RunView[], removed: readonly string[]): readonly RunView[] {
  let runs = view.runs.slice();
  const fresh = new Map<string, RunView>();
  for (const run of changed) {
    const at = placeOf(run, runs);
    if (runs[at]?.id === run.id) runs[at] = run;
    else fresh.set(run.id, run);
  }
  if (removed.length > 0) {
    const gone = new Set(removed);
    runs = runs.filter((run) => !gone.has(run.id));
    for (const id of gone) fresh.delete(id);
  }
  if (fresh.size > 0) runs = merge([...fresh.values()].sort(newestFirst), runs);
  return runs.length > view.limit ? runs.slice(0, view.limit) : runs;
}

/** Where `run` stands in the sorted list, or would stand. */
function placeOf(run: RunView, runs: readonly RunView[]): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (newestFirst(runs[middle] as RunView, run) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merge(fresh: readonly RunView[], runs: readonly RunView[]): RunView[] {
  const merged: RunView[] = [];
  let next = 0;
  for (const run of fresh) {
    const until = placeOf(run, runs);
    for (; next < until; next++) merged.push(runs[next] as RunView);
    merged.push(run);
  }
  for (; next < runs.length; next++) merged.push(runs[next] as RunView);
  return merged;
}

export function countOf(counts: RunCounts | null, states: readonly RunState[]): number {
  return counts === null ? 0 : states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

/** How many attempts a run may take so far: those that were lost or crashed do not count against its `maxAttempts`. */
export function mostAttempts({ attempt, maxAttempts }: Pick<RunView, 'attempt' | 'maxAttempts'>): number {
  return Math.max(attempt, maxAttempts);
}
