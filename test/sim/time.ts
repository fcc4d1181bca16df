/** Virtual time: nothing waits for real. Each process sees it through a clock of its own, which stops for ever when the process dies. */
import type { Clock, Timer } from '../../src/core/seams.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Turns of the event loop that somebody has asked for; while there are any, what an event set off has not come to rest. */
let asked = 0;
const turn = globalThis.setImmediate;
globalThis.setImmediate = Object.assign((fn: (...all: unknown[]) => void, ...all: unknown[]) => {
  asked += 1;
  return turn(() => {
    asked -= 1;
    fn(...all);
  });
}, turn) as typeof turn;

export class Time {
  #now = 0;
  #order = 0;
  #entries: Entry[] = [];
  /** Wall clock minus virtual time. */
  wall: number;

  constructor(wall: number) {
    this.wall = wall;
  }

  get now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    this.#order += 1;
    const entry = { at: this.#now + Math.max(0, ms), order: this.#order, fn };
    this.#entries.push(entry);
    return {
      cancel: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  /** Lets `ms` pass, event by event; between two of them, everything that follows from the first is done. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#entries = this.#entries.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
      await settle();
    }
    this.#now = end;
  }

  /** The clock of one process. */
  clock(): ProcessClock {
    return new ProcessClock(this);
  }

  #next(end: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.at > end) continue;
      if (first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order)) first = entry;
    }
    return first;
  }
}

export class ProcessClock implements Clock {
  isDead = false;
  readonly #time: Time;

  constructor(time: Time) {
    this.#time = time;
  }

  now(): number {
    return this.#time.wall + Math.floor(this.#time.now);
  }

  monotonic(): number {
    return this.#time.now;
  }

  after(ms: number, fn: () => void): Timer {
    return this.#time.after(ms, () => (this.isDead ? undefined : fn()));
  }
}

async function settle(): Promise<void> {
  do await new Promise<void>((resolve) => turn(() => resolve()));
  while (asked > 0);
}
