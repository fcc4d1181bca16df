/** When old runs are to be removed: after enough have ended, and once an hour all the same. */
const AFTER_ENDED = 500;
const EVERY_MS = 3_600_000;

/** Times are monotonic milliseconds. */
export class Sweeps {
  #ended = 0;
  #sweptAt: number;

  constructor(now: number) {
    this.#sweptAt = now;
  }

  ended(count: number): void {
    this.#ended += count;
  }

  /** True where it is time; then it counts as done at `now`. */
  take(now: number): boolean {
    if (this.#ended < AFTER_ENDED && now - this.#sweptAt < EVERY_MS) return false;
    this.#ended = 0;
    this.#sweptAt = now;
    return true;
  }
}
