/** What the queue is made of: a line for each task, in it a lane for each concurrency key, in that the runs that wait. */
import type { Buckets } from './buckets.ts';
import { Fifo } from './fifo.ts';
import { Heap } from './heap.ts';
import type { Limits, SharedLimit } from './limits.ts';

export interface Entry {
  readonly runId: string;
  readonly rank: number;
  readonly seq: number;
  readonly dueAt: number;
  readonly lane: Lane;
  /** False once the run left the queue; the heaps drop such entries when they meet them. */
  live: boolean;
}
/** Where runs wait for a token: a whole task, or one lane of it. */
export interface Gate {
  readonly line: TaskLine;
  /** Null where it is the gate of the whole task. */
  readonly lane: Lane | null;
  /** When there is a token, while it stands in the heap of gates. */
  at: number;
  closed: boolean;
}
export interface Lane {
  readonly key: string;
  readonly task: TaskLine;
  readonly ready: Heap<Entry>;
  readonly gate: Gate;
  active: number;
  waiting: number;
  /** It stands in its task's ring. */
  queued: boolean;
}
export interface TaskLine {
  readonly name: string;
  readonly lanes: Map<string, Lane>;
  /** Lanes with a ready run and room under their limit, in turn. */
  readonly ring: Fifo<Lane>;
  readonly gate: Gate;
  limits: Limits;
  shared: readonly SharedLimit[];
  buckets: Buckets | null;
  active: number;
  waiting: number;
  paused: boolean;
  /** A worker told its limits; else the line goes away when it is empty. */
  known: boolean;
}

const NO_LIMITS: Limits = { concurrency: null, concurrencyPerKey: null };
const NOT_SHARED: readonly SharedLimit[] = [];
/** Places of runs and lanes that have left are cleared when they outnumber those in use by this many. */
export const SPARE = 64;

export function newLine(name: string): TaskLine {
  const parts = { name, lanes: new Map(), ring: new Fifo<Lane>(), limits: NO_LIMITS, shared: NOT_SHARED, buckets: null };
  const line = { ...parts, active: 0, waiting: 0, paused: false, known: false } as unknown as TaskLine;
  return Object.assign(line, { gate: { line, lane: null, at: 0, closed: false } });
}

export function newLane(task: TaskLine, key: string): Lane {
  const lane = { key, task, ready: new Heap(byRank), active: 0, waiting: 0, queued: false } as unknown as Lane;
  return Object.assign(lane, { gate: { line: task, lane, at: 0, closed: false } });
}

function byRank(a: Entry, b: Entry): number {
  return a.rank - b.rank || a.seq - b.seq;
}

/** Clears a heap of entries that have left, once they are the most of it: each costs a constant, spread over all. */
export function prune(heap: Heap<Entry>, used: number): void {
  if (heap.size > 2 * used + SPARE) heap.retain((entry) => entry.live);
}

export function popLive(heap: Heap<Entry>): Entry | undefined {
  for (let entry = heap.pop(); entry; entry = heap.pop()) if (entry.live) return entry;
  return undefined;
}

/** The limit of a lane; runs without a key have none of their own. */
export function perKey(lane: Lane): number | null {
  return lane.key === '' ? null : lane.task.limits.concurrencyPerKey;
}

/** Whose token a run of the lane takes; null: none. */
export function bucketOf(lane: Lane): string | null {
  const { buckets } = lane.task;
  if (buckets === null) return null;
  if (!buckets.rate.perKey) return '';
  return lane.key === '' ? null : lane.key;
}

export function isFull(active: number, limit: number | null): boolean {
  return limit !== null && active >= limit;
}

/** True where a run that does not run yet could hold back another one that might. */
export function isLimited({ limits, shared, buckets }: TaskLine): boolean {
  return limits.concurrency !== null || limits.concurrencyPerKey !== null || shared.length > 0 || buckets !== null;
}
