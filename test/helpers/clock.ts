/** A clock that stands still until a test moves it. Timers fire in order of their time, in `advance`. */
import type { Clock, Timer } from '../../src/core/seams.ts';

export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #timers: { at: number; fn: () => void }[] = [];

  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, fn: () => void): Timer {
    const timer = { at: this.#monotonic + ms, fn };
    this.#timers.push(timer);
    return { cancel: () => this.#drop(timer) };
  }

  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#drop(next);
      this.#move(next.at - this.#monotonic);
      next.fn();
    }
    this.#move(end - this.#monotonic);
  }

  /** Sets the wall clock alone, as a person or a time server does. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #drop(timer: { at: number; fn: () => void }): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#now += ms;
  }
}
