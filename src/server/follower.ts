/**
 * One live list: a snapshot of the newest runs that match, then what changes, gathered to at most one frame each 100 ms with the
 * newest form of each run. What cannot be in the list any more is not kept, so a slow or a huge list costs no more than its size.
 */
import type { RunFilter } from '../core/api.ts';
import type { Run } from '../core/run.ts';
import type { Clock, Timer } from '../core/seams.ts';
import { hasWords, wordsOf } from '../core/search.ts';
import type { Store } from '../store/store.ts';
import type { Channel } from './channel.ts';
import { FRAME_BYTES, fitting, page, type Show } from './shown.ts';
import type { Follows } from './watching.ts';

const EVERY_MS = 100;
/** A list that lost runs and has older ones to fill their place is read again, but not more often than this. */
const REFILL_MS = 1_000;
/** More removals than this between two frames are told by a new snapshot. */
const MOST_REMOVED = 10_000;
const PRUNE_BEYOND = 1_000;

export interface FollowerOptions {
  readonly filter: RunFilter;
  readonly limit: number;
  readonly channel: Channel;
  readonly store: Store;
  readonly clock: Clock;
  readonly show: Show;
  readonly onError: (error: unknown) => void;
}

export class Follower implements Follows {
  readonly #options: FollowerOptions;
  readonly #dirty = new Map<string, Run>();
  readonly #removed = new Set<string>();
  #seq = 0;
  #timer: Timer | null = null;
  #refill: Timer | null = null;
  #sentAt = Number.NEGATIVE_INFINITY;
  #snapshotAt = Number.NEGATIVE_INFINITY;
  /** The next frame is a snapshot. */
  #wantsSnapshot = true;
  /** Older runs match too, and did not fit. */
  #hasMore = false;
  /** A frame is being made. */
  #busy = false;
  readonly #words: readonly string[];
  #stopped = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#words = wordsOf(options.filter.text ?? '');
    this.wake();
  }

  changed(run: Run): void {
    const { task, tag, state } = this.#options.filter;
    if ((task !== undefined && task !== run.task) || (tag !== undefined && !run.tags.includes(tag))) return;
    if (!hasWords(run, this.#words)) return;
    if (state === undefined || state.includes(run.state)) {
      this.#removed.delete(run.id);
      this.#dirty.set(run.id, run);
      if (this.#dirty.size > 4 * this.#options.limit + PRUNE_BEYOND) this.#prune();
      this.wake();
    } else if (run.history.some((entry) => state.includes(entry.state))) this.removed(run.id); // it left the list
  }

  removed(id: string): void {
    this.#dirty.delete(id);
    this.#removed.add(id);
    if (this.#removed.size > MOST_REMOVED) this.#startAnew();
    this.wake();
  }

  renew(): void {
    this.#startAnew();
    this.wake();
  }

  /** Sends what there is as soon as it may. Called again when a peer that was behind has caught up. */
  wake(): void {
    const { clock, channel } = this.#options;
    if (this.#timer || this.#busy || this.#stopped || channel.isBehind) return;
    const wait = Math.max(0, this.#sentAt + EVERY_MS - clock.monotonic());
    this.#timer = clock.after(wait, () => void this.#send().catch(this.#options.onError), true);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#refill?.cancel();
  }

  async #send(): Promise<void> {
    this.#timer = null;
    this.#busy = true;
    try {
      if (this.#wantsSnapshot) await this.#sendSnapshot();
      else await this.#sendChange();
    } finally {
      this.#busy = false;
      this.#sentAt = this.#options.clock.monotonic();
    }
    if (this.#wantsSnapshot || this.#dirty.size > 0 || this.#removed.size > 0) this.wake();
  }

  async #sendSnapshot(): Promise<void> {
    const { store, filter, limit, clock } = this.#options;
    this.#startAnew();
    this.#wantsSnapshot = false;
    // What changes while it is read is told afterwards, at worst twice.
    const [{ runs, nextCursor }, counts] = await Promise.all([page(store, { ...filter, limit }), store.counts()]);
    this.#hasMore = nextCursor !== null;
    this.#snapshotAt = clock.monotonic();
    const first = runs.slice(0, fitting(runs, FRAME_BYTES));
    this.#owe(runs.slice(first.length));
    const rest = `"counts":${JSON.stringify(counts)},"durability":"${store.durability}"`;
    this.#emit(`{"type":"snapshot","seq":${this.#seq++},"runs":${this.#textOf(first)},${rest}}`);
  }

  /** Runs that were read and found no room. Of one that changed since, more is known already. */
  #owe(runs: readonly Run[]): void {
    for (const run of runs) if (!this.#removed.has(run.id) && !this.#dirty.has(run.id)) this.#dirty.set(run.id, run);
  }

  async #sendChange(): Promise<void> {
    const counts = await this.#options.store.counts();
    if (this.#wantsSnapshot) return;
    const runs = this.#textOf(this.#takeNewest());
    const removed = JSON.stringify([...this.#removed]);
    if (this.#hasMore && this.#removed.size > 0) this.#refillLater();
    this.#removed.clear();
    this.#emit(`{"type":"change","seq":${this.#seq++},"runs":${runs},"removed":${removed},"counts":${JSON.stringify(counts)}}`);
  }

  #refillLater(): void {
    const { clock } = this.#options;
    const wait = Math.max(0, this.#snapshotAt + REFILL_MS - clock.monotonic());
    this.#refill ??= clock.after(
      wait,
      () => {
        this.#refill = null;
        this.renew();
      },
      true,
    );
  }

  /** Of what changed only the newest `limit` can be in the list; those that are too large for one frame wait for the next. */
  #takeNewest(): readonly Run[] {
    this.#prune();
    const runs = [...this.#dirty.values()];
    const now = runs.slice(0, fitting(runs, FRAME_BYTES));
    for (const run of now) this.#dirty.delete(run.id);
    return now;
  }

  #prune(): void {
    const newest = [...this.#dirty.values()].sort(newestFirst).slice(0, this.#options.limit);
    this.#dirty.clear();
    for (const run of newest) this.#dirty.set(run.id, run);
  }

  #startAnew(): void {
    this.#wantsSnapshot = true;
    this.#dirty.clear();
    this.#removed.clear();
  }

  #textOf(runs: readonly Run[]): string {
    return `[${runs.map((run) => this.#options.show(run, false)).join(',')}]`;
  }

  #emit(text: string): void {
    if (!this.#stopped) this.#options.channel.send(text);
  }
}

function newestFirst(a: Run, b: Run): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  return a.id < b.id ? 1 : -1;
}
