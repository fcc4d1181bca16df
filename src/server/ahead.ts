/**
 * Runs of one worker that are leased before there is a slot for them. A lease is durable before it is sent, so a worker of quick tasks would
 * wait for the disk between two runs of a slot; with the next leases made already, a slot that becomes free is filled at once.
 *
 * How many there are follows from how fast the worker ends runs: as many as it will need while the disk syncs, none where it is slow. What
 * was not sent soon goes back into the queue, so that nothing waits here while there is a slot elsewhere. Times are monotonic milliseconds.
 */
import { Fifo } from '../core/fifo.ts';
import type { Assignment } from '../core/frames.ts';

/** So much of its own pace a worker is ahead. */
const AHEAD_MS = 20;
/** What is not sent after this time goes back. */
export const KEPT_MS = 50;

export class Ahead {
  readonly #runs = new Fifo<Assignment>();
  #endedAt = Number.NEGATIVE_INFINITY;
  #most = 0;
  #keptAt = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#runs.size;
  }

  /** How many leases there may be beyond the slots. */
  get most(): number {
    return this.#most;
  }

  /** When its runs go back; Infinity where there are none. */
  get staleAt(): number {
    return this.#runs.size === 0 ? Number.POSITIVE_INFINITY : this.#keptAt + KEPT_MS;
  }

  /** Takes note that `count` runs of a worker with so many slots have ended. */
  ended(count: number, slots: number, now: number): void {
    const passed = Math.max(1, now - this.#endedAt);
    this.#most = Math.min(slots, Math.floor((count * AHEAD_MS) / passed));
    this.#endedAt = now;
  }

  keep(runs: readonly Assignment[], now: number): void {
    for (const run of runs) this.#runs.push(run);
    this.#keptAt = now;
  }

  /** The next runs, at most `room`. */
  take(room: number, now: number): Assignment[] {
    const taken: Assignment[] = [];
    while (taken.length < room && this.#runs.size > 0) taken.push(this.#runs.shift() as Assignment);
    if (taken.length > 0) this.#keptAt = now;
    return taken;
  }

  /** False where no run with this token is here. */
  remove(token: string): boolean {
    const before = this.#runs.size;
    this.#runs.retain((run) => run.token !== token);
    return this.#runs.size < before;
  }

  /** Everything; and there is nothing ahead any more before the worker has shown its pace again. */
  clear(): Assignment[] {
    this.#most = 0;
    this.#endedAt = Number.NEGATIVE_INFINITY;
    return this.take(Number.POSITIVE_INFINITY, 0);
  }
}
