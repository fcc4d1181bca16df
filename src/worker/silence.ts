/**
 * How long a server may not have heard us, and what a worker must do about it. A server that is gone cannot grant our runs to anybody else,
 * so they go on. One that may live will, when their lease has run out, and it counts that from what it heard last: code has to be stopped
 * before. That we hear it says nothing, since a network can fail in one direction; nor does a connection that was reset on the way.
 */
import type { Clock, Timer } from '../core/seams.ts';

export interface SilenceOptions {
  readonly clock: Clock;
  /** Ask all code to stop. */
  readonly stop: () => void;
  /** Kill what did not. */
  readonly kill: () => void;
}

/** The lease ends at 30 s. */
export const STOP_AFTER_MS = 25_000;
const KILL_AFTER_MS = 28_000;

export class Silence {
  readonly #options: SilenceOptions;
  /** The latest moment, in monotonic milliseconds, at which the server surely heard us, or was surely down. */
  #since: number;
  #timers: Timer[] = [];

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#since = options.clock.monotonic();
  }

  /** It has heard what was said at `at`: an answer proves that, and nothing else it sends does. */
  heardUs(at: number): void {
    this.#since = Math.max(this.#since, at);
  }

  /** A connection stands again on which it heard us at `at`; or at `at` it was surely down. */
  over(at: number): void {
    this.heardUs(at);
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  /** It cannot be reached, or does not let us in, or the connection ended and nobody knows why. */
  begins(): void {
    if (this.#timers.length > 0) return;
    const { clock, stop, kill } = this.#options;
    const past = clock.monotonic() - this.#since;
    this.#timers = [clock.after(Math.max(0, STOP_AFTER_MS - past), stop, true), clock.after(Math.max(0, KILL_AFTER_MS - past), kill, true)];
  }

  close(): void {
    this.over(this.#since);
  }
}
