/**
 * The order of what waits. Which runs are due, which one is next, and for whom. It holds no truth of its own: the store tells it
 * every change of a run, and it can be built anew from the runs at any time.
 *
 * A task has one lane for each concurrency key. Tasks take turns, and so do the lanes of a task, so that a flood in one cannot
 * starve another; inside a lane the order is due time less head start, then submission.
 */
import { Away } from './away.ts';
import { Gates } from './gates.ts';
import { Heap } from './heap.ts';
import {
  bucketOf,
  type Entry,
  isFull,
  isLimited,
  type Lane,
  newLane,
  newLine,
  perKey,
  popLive,
  prune,
  SPARE,
  type TaskLine,
} from './lanes.ts';
import { type Limits, rateText } from './limits.ts';
import type { Run, StateName } from './run.ts';
import { Shared } from './shared.ts';

export type { Limits } from './limits.ts';

/** Room for runs at one worker. */
export interface Offer {
  readonly workerId: string;
  readonly tasks: ReadonlySet<string>;
  readonly slots: number;
  /** Runs it takes beyond its slots, of tasks without limits, where no slot is left for them anywhere. Default: 0. */
  readonly ahead?: number;
}
export class RunQueue {
  readonly #entries = new Map<string, Entry>();
  /** In turn: the task that was served last stands last. */
  readonly #tasks = new Map<string, TaskLine>();
  readonly #later = new Heap<Entry>((a, b) => a.dueAt - b.dueAt || a.seq - b.seq);
  readonly #away = new Away();
  readonly #shared = new Shared();
  readonly #gates = new Gates();
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
    this.#deal(offers, (offer) => offer.slots, false, grant);
    this.#deal(offers, (offer) => offer.ahead ?? 0, true, grant);
  }

  /** The code of a leased run waits for other runs, or goes on: then at once, even where that is one more than its limits allow. */
  setWaiting(run: Run, isWaiting: boolean): void {
    if (!run.lease || isWaiting === this.#away.has(run)) return;
    if (isWaiting) this.#away.add(run);
    else this.#away.remove(run);
    if (isWaiting) this.#leave(this.#lane(run));
    else this.#enter(this.#lane(run));
  }

  /** When the next waiting run comes due that is not due yet, or may start again because there is a token; null where there is none. */
  nextDueAt(): number | null {
    const later = this.#nextLater();
    const gate = this.#gates.next();
    return later === undefined || gate === undefined ? (later?.dueAt ?? gate?.at ?? null) : Math.min(later.dueAt, gate.at);
  }

  setLimits(task: string, limits: Limits): void {
    const line = this.#line(task);
    this.#shared.add(line.shared, -line.active);
    line.shared = limits.shared ?? [];
    this.#shared.add(line.shared, line.active);
    this.#gates.setRate(line, limits.rate ?? null);
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
      this.#later.size +
      this.#gates.size +
      lanes.reduce((sum, lane) => sum + lane.ready.size, 0) +
      lines.reduce((sum, line) => sum + line.ring.size, 0);
    return { runs: this.#entries.size, tasks: lines.length, lanes: lanes.length, places };
  }

  /** Why a waiting run is not handed out, where that is more than its own state says. */
  waitingName(run: Run, now: number): StateName {
    if (!isWaiting(run)) return run.stateName;
    if (this.isPaused(run.task)) return 'Paused';
    return this.waitingFor(run, now) === null ? run.stateName : 'AwaitingConcurrency';
  }

  /** The limit that holds a due run back, in words; null where none does. */
  waitingFor(run: Run, now: number): string | null {
    if (run.stateName === 'AwaitingConcurrency' && run.blockedBy.length > 0) return `the result of run ${run.blockedBy[0]}`;
    const line = this.#tasks.get(run.task);
    const lane = line?.lanes.get(run.concurrencyKey ?? '');
    if (!line || !lane || !isWaiting(run) || run.dueAt > now) return null;
    if (isFull(line.active, line.limits.concurrency)) return `concurrency ${line.limits.concurrency} of ${line.name}`;
    if (isFull(lane.active, perKey(lane))) return `concurrency ${perKey(lane)} of ${line.name} for key ${lane.key}`;
    const full = this.#shared.full(line.shared);
    if (full) return `limit ${full.name} (${full.limit})`;
    const bucket = bucketOf(lane);
    return bucket !== null && line.buckets && line.buckets.readyAt(bucket, now) > now ? rateText(line.buckets.rate) : null;
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
    for (let entry = this.#nextLater(); entry && entry.dueAt <= now; entry = this.#nextLater()) this.#makeReady(this.#later.pop() as Entry);
    for (let gate = this.#gates.open(now); gate; gate = this.#gates.open(now)) if (gate.lane) this.#offerLane(gate.lane);
  }

  #nextLater(): Entry | undefined {
    while (this.#later.size > 0 && !(this.#later.peek() as Entry).live) this.#later.pop();
    return this.#later.peek();
  }

  #makeReady(entry: Entry): void {
    entry.lane.ready.push(entry);
    this.#offerLane(entry.lane);
  }

  #deal(
    offers: readonly Offer[],
    room: (offer: Offer) => number,
    isAhead: boolean,
    grant: (workerId: string, runId: string) => void,
  ): void {
    let open = offers.map((offer) => ({ ...offer, left: room(offer) })).filter((offer) => offer.left > 0);
    while (open.length > 0) {
      for (const offer of open) {
        const entry = this.#next(offer.tasks, isAhead);
        offer.left = entry ? offer.left - 1 : 0;
        if (entry) grant(offer.workerId, entry.runId);
      }
      open = open.filter((offer) => offer.left > 0);
    }
  }

  /** The next run of one of `tasks`: the task that was served longest ago, then its lanes in turn. */
  #next(tasks: ReadonlySet<string>, isAhead: boolean): Entry | undefined {
    for (const line of this.#tasks.values()) {
      if (line.ring.size === 0 || !tasks.has(line.name) || this.#isHeld(line) || (isAhead && isLimited(line))) continue;
      const entry = this.#nextOf(line);
      if (!entry) continue;
      this.#tasks.delete(line.name);
      this.#tasks.set(line.name, line);
      return entry;
    }
    return undefined;
  }

  /** True where no run of the task may go, whatever its key. */
  #isHeld(line: TaskLine): boolean {
    if (line.paused || isFull(line.active, line.limits.concurrency)) return true;
    if (line.shared.length > 0 && this.#shared.full(line.shared)) return true;
    return line.buckets !== null && !line.buckets.rate.perKey && this.#gates.isShut(line.gate, '', this.#now);
  }

  #nextOf(line: TaskLine): Entry | undefined {
    for (let lane = line.ring.shift(); lane; lane = line.ring.shift()) {
      lane.queued = false;
      const bucket = bucketOf(lane);
      const shut = isFull(lane.active, perKey(lane)) || (bucket !== null && this.#gates.isShut(lane.gate, bucket, this.#now));
      const entry = shut ? undefined : popLive(lane.ready);
      if (!entry) continue;
      if (bucket !== null) line.buckets?.take(bucket, this.#now);
      this.#offerLane(lane);
      return entry;
    }
    return undefined;
  }

  #enter(lane: Lane): void {
    lane.active += 1;
    lane.task.active += 1;
    if (lane.task.shared.length > 0) this.#shared.add(lane.task.shared, 1);
  }

  #leave(lane: Lane): void {
    lane.active -= 1;
    lane.task.active -= 1;
    if (lane.task.shared.length > 0) this.#shared.add(lane.task.shared, -1);
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
    if (lane.queued || lane.gate.closed || lane.ready.size === 0 || isFull(lane.active, perKey(lane))) return;
    lane.queued = true;
    lane.task.ring.push(lane);
  }

  #lane(run: Run): Lane {
    const task = this.#line(run.task);
    const key = run.concurrencyKey ?? '';
    const known = task.lanes.get(key);
    if (known) return known;
    const lane = newLane(task, key);
    task.lanes.set(key, lane);
    return lane;
  }

  #line(name: string): TaskLine {
    const known = this.#tasks.get(name);
    if (known) return known;
    const line = newLine(name);
    this.#tasks.set(name, line);
    return line;
  }
}

function isWaiting(run: Run): boolean {
  return run.state === 'SCHEDULED' && run.blockedBy.length === 0;
}
