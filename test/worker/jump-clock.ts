/** Real time that a test can push forward: `jump` fires at once whatever comes due in between. */
import type { Clock, Timer } from '../../src/core/seams.ts';

interface Entry {
  readonly dueAt: number;
  readonly fn: () => void;
  readonly timer: NodeJS.Timeout;
}

export class JumpClock implements Clock {
  #offset = 0;
  readonly #entries = new Set<Entry>();

  now(): number {
    return Date.now() + this.#offset;
  }

  monotonic(): number {
    return performance.now() + this.#offset;
  }

  after(ms: number, fn: () => void, unref = false): Timer {
    const timer = setTimeout(() => this.#fire(entry), ms);
    if (unref) timer.unref();
    const entry: Entry = { dueAt: this.monotonic() + ms, fn, timer };
    this.#entries.add(entry);
    return { cancel: () => this.#drop(entry) };
  }

  jump(ms: number): void {
    const until = this.monotonic() + ms;
    for (;;) {
      const due = [...this.#entries].filter(({ dueAt }) => dueAt <= until).sort((a, b) => a.dueAt - b.dueAt)[0];
      if (due === undefined) break;
      this.#offset += Math.max(0, due.dueAt - this.monotonic());
      this.#fire(due);
    }
    this.#offset += Math.max(0, until - this.monotonic());
  }

  /** The same in steps, between which sockets get to be read. */
  async pass(ms: number, step = 1_000): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.jump(Math.min(left, step));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #fire(entry: Entry): void {
    if (this.#drop(entry)) entry.fn();
  }

  #drop(entry: Entry): boolean {
    clearTimeout(entry.timer);
    return this.#entries.delete(entry);
  }
}
