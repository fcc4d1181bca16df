/**
 * When ended runs that are no longer kept are looked for: soon after runs have ended, and as often as their age asks for. What is
 * removed is decided by the store.
 */
import type { Clock } from '../core/seams.ts';
import { DEFAULT_KEEP, type Keep, type Store } from '../store/store.ts';
import { written } from './reports.ts';

/** So many ends are looked at as soon as may be. */
const MANY = 500;
const AFTER_MANY_MS = 1_000;
const AFTER_ANY_MS = 5_000;
/** Bounds of how often the age of runs is looked at; in between a tenth of the age. */
const LEAST_MS = 1_000;
const MOST_MS = 3_600_000;

export interface SweepsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly keep?: Keep | undefined;
}

export class Sweeps {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #keep: Keep;
  readonly #everyMs: number;
  /** Ends since the last sweep. */
  #ended = 0;
  /** Some had ended before the last sweep, which may have found them too fresh. */
  #again = false;
  /** False as long as the store can have no run that ended. */
  #hasAny = false;
  /** Monotonic; a server that starts looks at once. */
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor({ store, clock, keep = DEFAULT_KEEP }: SweepsOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#keep = keep;
    this.#everyMs = Math.min(MOST_MS, Math.max(LEAST_MS, Math.min(keep.completedMs, keep.failedMs) / 10));
  }

  /** The store was opened, with so many runs that have ended. */
  start(ended: number): void {
    this.#hasAny = ended > 0;
  }

  ended(runs: number): void {
    this.#ended += runs;
    this.#hasAny ||= runs > 0;
  }

  /** Null: there is nothing to look for. */
  dueInMs(): number | null {
    if (!this.#hasAny) return null;
    return Math.max(0, this.#sweptAt + this.#pauseMs() - this.#clock.monotonic());
  }

  #pauseMs(): number {
    if (this.#ended >= MANY) return AFTER_MANY_MS;
    return this.#ended > 0 || this.#again ? Math.min(AFTER_ANY_MS, this.#everyMs) : this.#everyMs;
  }

  tick(): void {
    if (this.dueInMs() !== 0) return;
    this.#again = this.#ended > 0;
    this.#ended = 0;
    this.#sweptAt = this.#clock.monotonic();
    void written(this.#store.sweep(this.#clock.now(), this.#keep));
  }
}
