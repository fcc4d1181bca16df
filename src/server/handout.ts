/** Leases due runs to whoever has room, and sends them when the leases are durable: at once, or when the slot they are for is free. */
import type { Assignment } from '../core/frames.ts';
import type { Offer } from '../core/queue.ts';
import type { RunEvent, ScheduledRun } from '../core/run.ts';
import type { Clock, Random } from '../core/seams.ts';
import type { Claimed, Store } from '../store/store.ts';
import { assignmentOf } from './assignment.ts';
import type { Reports } from './reports.ts';
import { type Holder, type Roster, usedSlots } from './roster.ts';

export interface HandoutOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly roster: Roster;
  readonly reports: Reports;
}

export class Handout {
  readonly #options: HandoutOptions;

  constructor(options: HandoutOptions) {
    this.#options = options;
  }

  /** Fills free slots with what was leased ahead. */
  fill(holder: Holder): void {
    const runs = holder.link === null ? [] : holder.ahead.take(holder.slots - usedSlots(holder), this.#options.clock.monotonic());
    if (runs.length > 0) this.#send(holder, runs);
  }

  /** Takes effect at once; resolves when what it leased was sent, or is kept for the next free slots. */
  async lease(offers: readonly Offer[]): Promise<void> {
    const { store, clock } = this.#options;
    const claimed = await store.claim(offers, clock.now(), (workerId, run) => this.#grant(workerId, run));
    for (const [holder, runs] of this.#byHolder(claimed)) {
      const assignments: Assignment[] = [];
      for (const run of runs)
        assignments.push(run.waitFor.length === 0 ? assignmentOf(run, []) : assignmentOf(run, await this.#upstreamOf(run)));
      // Without a connection they count as lost on the way: a worker that comes back gives back what it never got.
      if (holder.link === null) this.#send(holder, assignments);
      else holder.ahead.keep(assignments, clock.monotonic());
      this.fill(holder);
    }
  }

  #send(holder: Holder, runs: readonly Assignment[]): void {
    for (const { token } of runs) holder.unsent.delete(token);
    holder.link?.send({ type: 'runs', runs });
  }

  #grant(workerId: string, run: ScheduledRun): Extract<RunEvent, { type: 'assign' }> {
    const { roster, random } = this.#options;
    const holder = roster.get(workerId) as Holder;
    const token = random.token();
    roster.lease(holder, token, run.id);
    holder.unsent.add(token);
    const lease = { token, workerId, workerName: holder.name };
    return { type: 'assign', lease, maxAttempts: holder.tasks.get(run.task)?.maxAttempts ?? 1 };
  }

  /** One that was cancelled meanwhile never leaves; one whose worker is gone was given back already. */
  #byHolder(claimed: readonly Claimed[]): Map<Holder, Claimed['run'][]> {
    const { roster, reports } = this.#options;
    const byHolder = new Map<Holder, Claimed['run'][]>();
    for (const { run } of claimed) {
      const held = { runId: run.id, token: run.lease.token };
      const holder = roster.holderOf(held);
      const unwanted = reports.stopping.has(held.token) || reports.cancelling.has(run.id);
      if (holder && unwanted) reports.finished(holder, [{ ...held, type: 'stopped' }]);
      else if (holder) (byHolder.get(holder) ?? byHolder.set(holder, []).get(holder))?.push(run);
    }
    return byHolder;
  }

  async #upstreamOf(run: Claimed['run']) {
    return Promise.all(run.waitFor.map((up) => this.#options.store.get(up.id)));
  }
}
