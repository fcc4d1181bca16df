/**
 * The order of what waits. Which runs are due, which one is next, and for whom. It holds no truth of its own: the store tells it
 * every change of a run, and it can be built anew from the runs at any time.
 *
 * A task has one lane for each concurrency key. Tasks take turns, and so do the lanes of a task, so that a flood in one cannot
 * starve another; inside a lane the order is due time less head start, then submission.
 */
import { Away } from './away.ts';
import { Fifo } from './fifo.ts';
import { Heap } from './heap.ts';
import type { Run, StateName } from './run.ts';

/** Room for runs at one worker. */
export interface Offer {
  readonly workerId: string;
  readonly tasks: ReadonlySet<string>;
  readonly slots: number;
}
/** Most runs at once; null: no limit. */
export interface Limits {
  readonly concurrency: number | null;
  readonly concurrencyPerKey: number | null;
}

interface Entry {
  readonly runId: string;
  readonly rank: number;
  readonly seq: number;
  readonly dueAt: number;
  readonly lane: Lane;
  /** False once the run left the queue; the heaps drop such entries when they meet them. */
  live: boolean;
}
interface Lane {
  readonly key: string;
  readonly task: TaskLine;
  readonly ready: Heap<Entry>;
  active: number;
  waiting: number;
  /** It stands in its task's ring. */
  queued: boolean;
}
interface TaskLine {
  readonly name: string;
  readonly lanes: Map<string, Lane>;
  /** Lanes with a ready run and room under their limit, in turn. */
  readonly ring: Fifo<Lane>;
  limits: Limits;
  active: number;
  waiting: number;
  paused: boolean;
  /** A worker told its limits; else the line goes away when it is empty. */
  known: boolean;
}

const NO_LIMITS: Limits = { concurrency: null, concurrencyPerKey: null };
/** Places of runs and lanes that have left are cleared when they outnumber those in use by this many. */
const SPARE = 64;

export class RunQueue {
  readonly #entries = new Map<string, Entry>();
  /** In turn: the task that was served last stands last. */
  readonly #tasks = new Map<string, TaskLine>();
  readonly #later = new Heap<Entry>((a, b) => a.dueAt - b.dueAt || a.seq - b.seq);
  readonly #away = new Away();
  #now = 0;

  /** Takes note of one change. `before` or `after` is undefined where the run is new or was removed; `seq` is its place of submission. */
  update(before: Run | undefined, after: Run | undefined, seq: number): void {
    if (before?.lease && after?.lease) return;
    // Into the new place before out of the old one, so that a lane in use is not forgotten in between.
    if (after?.lease) this.#enter(this.#lane(after));
    if (before && isWaiting(before)) this.#drop(before.id);
    if (after && isWaiting(after)) this.#add(after, seq);
    if (before?.lease && this.#away.remove(before)) this.#tidy(this.#lane(before));
    else if (before?.lease) this.#leave(this.#lane(before));
  }

  /**
   * Hands out due runs, at most `slots` to an offer, one to each in turn. `grant` must lease the run at once and tell `update`, so
   * that limits hold from one run to the next.
   */
  match(offers: readonly Offer[], now: number, grant: (workerId: string, runId: string) => void): void {
    this.#promote(now);
    let open = offers.map((offer) => ({ ...offer })).filter((offer) => offer.slots > 0);
    while (open.length > 0) {
      for (const offer of open) {
        const entry = this.#next(offer.tasks);
        offer.slots = entry ? offer.slots - 1 : 0;
        if (entry) grant(offer.workerId, entry.runId);
      }
      open = open.filter((offer) => offer.slots > 0);
    }
  }

  /** The code of a leased run waits for other runs, or goes on: then at once, even where that is one more than its limits allow. */
  setWaiting(run: Run, isWaiting: boolean): void {
    if (!run.lease || isWaiting === this.#away.has(run)) return;
    if (isWaiting) this.#away.add(run);
    else this.#away.remove(run);
    if (isWaiting) this.#leave(this.#lane(run));
    else this.#enter(this.#lane(run));
  }

  /** When the next waiting run comes due that is not due yet; null where there is none. */
  nextDueAt(): number | null {
    while (this.#later.size > 0 && !(this.#later.peek() as Entry).live) this.#later.pop();
    return this.#later.peek()?.dueAt ?? null;
  }

  setLimits(task: string, limits: Limits): void {
    const line = this.#line(task);
    line.limits = limits;
    line.known = true;
    for (const lane of line.lanes.values()) this.#offerLane(lane);
  }

  setPaused(task: string, paused: boolean): void {
    this.#line(task).paused = paused;
  }

  isPaused(task: string): boolean {
    return this.#tasks.get(task)?.paused ?? false;
  }

  pausedTasks(): string[] {
    return [...this.#tasks.values()].filter((line) => line.paused).map((line) => line.name);
  }

  /** Waiting and active runs of each task that has any. */
  tasks(): { name: string; queued: number; running: number; paused: boolean }[] {
    return [...this.#tasks.values()]
      .map(({ name, waiting, active, paused }) => ({ name, queued: waiting, running: active + this.#away.of(name), paused }))
      .filter((task) => task.queued > 0 || task.running > 0 || task.paused);
  }

  /** What it holds, for tests and metrics; `places` counts those in its heaps and rings, live or not. */
  size(): { runs: number; tasks: number; lanes: number; places: number } {
    const lines = [...this.#tasks.values()];
    const lanes = lines.flatMap((line) => [...line.lanes.values()]);
    const places =
      this.#later.size + lanes.reduce((sum, lane) => sum + lane.ready.size, 0) + lines.reduce((sum, line) => sum + line.ring.size, 0);
    return { runs: this.#entries.size, tasks: lines.length, lanes: lanes.length, places };
  }

  /** Why a waiting run is not handed out, where that is more than its own state says. */
  waitingName(run: Run, now: number): StateName {
    if (!isWaiting(run)) return run.stateName;
    const line = this.#tasks.get(run.task);
    if (line?.paused) return 'Paused';
    const lane = line?.lanes.get(run.concurrencyKey ?? '');
    const full = line && lane && (isFull(line.active, line.limits.concurrency) || isFull(lane.active, perKey(lane)));
    return full && run.dueAt <= now ? 'AwaitingConcurrency' : run.stateName;
  }

  #add(run: Run, seq: number): void {
    const lane = this.#lane(run);
    const entry: Entry = { runId: run.id, rank: run.dueAt - run.priority, seq, dueAt: run.dueAt, lane, live: true };
    this.#entries.set(run.id, entry);
    lane.waiting += 1;
    lane.task.waiting += 1;
    if (entry.dueAt > this.#now) this.#later.push(entry);
    else this.#makeReady(entry);
  }

  #drop(runId: string): void {
    const entry = this.#entries.get(runId);
    if (!entry) return;
    entry.live = false;
    entry.lane.waiting -= 1;
    entry.lane.task.waiting -= 1;
    this.#entries.delete(runId);
    this.#tidy(entry.lane);
    prune(entry.lane.ready, entry.lane.waiting);
    prune(this.#later, this.#entries.size);
  }

  #promote(now: number): void {
    this.#now = now;
    for (let at = this.nextDueAt(); at !== null && at <= now; at = this.nextDueAt()) this.#makeReady(this.#later.pop() as Entry);
  }

  #makeReady(entry: Entry): void {
    entry.lane.ready.push(entry);
    this.#offerLane(entry.lane);
  }

  /** The next run of one of `tasks`: the task that was served longest ago, then its lanes in turn. */
  #next(tasks: ReadonlySet<string>): Entry | undefined {
    for (const line of this.#tasks.values()) {
      if (line.ring.size === 0 || !tasks.has(line.name) || line.paused || isFull(line.active, line.limits.concurrency)) continue;
      const entry = nextOf(line);
      if (!entry) continue;
      this.#tasks.delete(line.name);
      this.#tasks.set(line.name, line);
      return entry;
    }
    return undefined;
  }

  #enter(lane: Lane): void {
    lane.active += 1;
    lane.task.active += 1;
  }

  #leave(lane: Lane): void {
    lane.active -= 1;
    lane.task.active -= 1;
    this.#offerLane(lane);
    this.#tidy(lane);
  }

  /** Forgets an empty lane, and a task that is empty and that no worker has told of. */
  #tidy(lane: Lane): void {
    const { task } = lane;
    if (lane.waiting > 0 || lane.active > 0) return;
    if (lane.key !== '') task.lanes.delete(lane.key);
    if (task.ring.size > 2 * task.lanes.size + SPARE) task.ring.retain((one) => task.lanes.get(one.key) === one);
    if (task.waiting > 0 || task.active > 0 || task.known || task.paused || this.#away.of(task.name) > 0) return;
    this.#tasks.delete(task.name);
  }

  #offerLane(lane: Lane): void {
    if (lane.queued || lane.ready.size === 0 || isFull(lane.active, perKey(lane))) return;
    lane.queued = true;
    lane.task.ring.push(lane);
  }

  #lane(run: Run): Lane {
    const task = this.#line(run.task);
    const key = run.concurrencyKey ?? '';
    const known = task.lanes.get(key);
    if (known) return known;
    const lane: Lane = { key, task, ready: new Heap(byRank), active: 0, waiting: 0, queued: false };
    task.lanes.set(key, lane);
    return lane;
  }

  #line(name: string): TaskLine {
    const known = this.#tasks.get(name);
    if (known) return known;
    const line: TaskLine = {
      name,
      lanes: new Map(),
      ring: new Fifo(),
      limits: NO_LIMITS,
      active: 0,
      waiting: 0,
      paused: false,
      known: false,
    };
    this.#tasks.set(name, line);
    return line;
  }
}

function byRank(a: Entry, b: Entry): number {
  return a.rank - b.rank || a.seq - b.seq;
}

function nextOf(line: TaskLine): Entry | undefined {
  for (let lane = line.ring.shift(); lane; lane = line.ring.shift()) {
    lane.queued = false;
    const entry = isFull(lane.active, perKey(lane)) ? undefined : popLive(lane.ready);
    if (!entry) continue;
    if (lane.ready.size > 0) {
      lane.queued = true;
      line.ring.push(lane);
    }
    return entry;
  }
  return undefined;
}

/** Clears a heap of entries that have left, once they are the most of it: each costs a constant, spread over all. */
function prune(heap: Heap<Entry>, used: number): void {
  if (heap.size > 2 * used + SPARE) heap.retain((entry) => entry.live);
}

function popLive(heap: Heap<Entry>): Entry | undefined {
  for (let entry = heap.pop(); entry; entry = heap.pop()) if (entry.live) return entry;
  return undefined;
}

/** The limit of a lane; runs without a key have none of their own. */
function perKey(lane: Lane): number | null {
  return lane.key === '' ? null : lane.task.limits.concurrencyPerKey;
}

function isFull(active: number, limit: number | null): boolean {
  return limit !== null && active >= limit;
}

function isWaiting(run: Run): boolean {
  return run.state === 'SCHEDULED' && run.blockedBy.length === 0;
}
