/**
 * How long a server has been silent, and what a worker must do about it. A server that is gone cannot grant our runs to anybody else, so
 * they go on. One that is only silent may live, and will when their lease has run out: code has to be stopped before that.
 */
import { SILENCE_MS } from '../core/protocol.ts';
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
  /** The latest moment, in monotonic milliseconds, at which the server was heard or was surely down. */
  #since: number;
  #timers: Timer[] = [];

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#since = options.clock.monotonic();
  }

  /** It said something, or it is down: refused, or closed by itself. */
  over(): void {
    this.#since = this.#options.clock.monotonic();
    this.#cancel();
  }

  /** It said something on a connection that stands. */
  heard(): void {
    this.#since = this.#options.clock.monotonic();
  }

  /** It cannot be reached, or does not let us in. `wasUp`: until now a connection stood, which counts as silent after `SILENCE_MS`. */
  begins(wasUp: boolean): void {
    const { clock, stop, kill } = this.#options;
    if (wasUp) this.#since = Math.max(this.#since, clock.monotonic() - SILENCE_MS);
    if (this.#timers.length > 0) return;
    const past = clock.monotonic() - this.#since;
    this.#timers = [clock.after(Math.max(0, STOP_AFTER_MS - past), stop, true), clock.after(Math.max(0, KILL_AFTER_MS - past), kill, true)];
  }

  close(): void {
    this.#cancel();
  }

  #cancel(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }
}
