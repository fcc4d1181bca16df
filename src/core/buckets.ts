/**
 * The token buckets of one task (see `Rate`). A bucket is one number: when it is full again. It starts full, and one that is full is not
 * kept. Pure; times are wall clock milliseconds, and a clock that jumps back holds nothing up for longer than an empty bucket would.
 */
import type { Rate } from './limits.ts';

const SPARE = 64;

export class Buckets {
  readonly rate: Rate;
  readonly #fullAt = new Map<string, number>();
  /** Milliseconds for one token. */
  readonly #tokenMs: number;
  #pruneAt = SPARE;

  constructor(rate: Rate) {
    this.rate = rate;
    this.#tokenMs = rate.perMs / rate.limit;
  }

  get size(): number {
    return this.#fullAt.size;
  }

  /** When the next run with `key` may start: `now` or before where there is a token. */
  readyAt(key: string, now: number): number {
    return Math.ceil(this.#fullAtOf(key, now) - (this.rate.burst - 1) * this.#tokenMs);
  }

  take(key: string, now: number): void {
    const fullAt = this.#fullAtOf(key, now);
    // What is asked for to the millisecond, and comes a part of one late, is not late.
    this.#fullAt.set(key, (fullAt > now - 1 ? fullAt : now) + this.#tokenMs);
    if (this.#fullAt.size > this.#pruneAt) this.#prune(now);
  }

  #fullAtOf(key: string, now: number): number {
    return Math.min(this.#fullAt.get(key) ?? Number.NEGATIVE_INFINITY, now + this.rate.burst * this.#tokenMs);
  }

  #prune(now: number): void {
    for (const [key, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(key);
    this.#pruneAt = 2 * this.#fullAt.size + SPARE;
  }
}
