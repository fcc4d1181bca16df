/**
 * What workers and callers tell, put into the store. A report counts only from the holder of the lease; anybody else is told off
 * (`fenced`) and changes nothing.
 */

import type { LogLine } from '../core/api.ts';
import type { ClientFrame, DirectAttempt, Held, Outcome, Waiting, WorkerFrame } from '../core/frames.ts';
import type { ServerLimits } from '../core/protocol.ts';
import type { LeasedRun, RunEvent } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { Applied, Change, Store } from '../store/store.ts';
import { eventOf, heldOf } from './assignment.ts';
import { Caching } from './caching.ts';
import type { Hooks } from './hooks.ts';
import type { Holder, Roster } from './roster.ts';

type LogsOf = readonly (Held & { readonly lines: readonly LogLine[] })[];

export interface ReportsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly roster: Roster;
  readonly hooks: Hooks;
  readonly limits: ServerLimits;
  /** Called in the same turn in which slots became free. */
  readonly onFree: () => void;
}

export class Reports {
  /** Tokens whose runs were asked to stop. */
  readonly stopping = new Set<string>();
  /** Ids of runs whose cancel is on its way to the disk: their leases are not sent any more. */
  readonly cancelling = new Set<string>();
  readonly caching: Caching;
  readonly #options: ReportsOptions;
  readonly #logListeners = new Set<(runId: string, lines: readonly LogLine[]) => void>();

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.caching = new Caching({ ...options, stopping: this.stopping, free: (held) => this.free(held) });
  }

  onLogs(listener: (runId: string, lines: readonly LogLine[]) => void): () => void {
    this.#logListeners.add(listener);
    return () => this.#logListeners.delete(listener);
  }

  /** A run that had its lease before this server started. */
  resume(holder: Holder, run: LeasedRun): void {
    this.#options.roster.lease(holder, run.lease.token, run.id);
    this.caching.resume(run);
    if (run.state === 'CANCELLING') this.stopping.add(run.lease.token);
  }

  take(holder: Holder, frame: WorkerFrame | ClientFrame): void {
    if (frame.type === 'finished') this.finished(holder, frame.outcomes);
    else if (frame.type === 'started') this.#started(holder, frame.runs);
    else if (frame.type === 'attempts') this.#attempts(holder, frame.runs);
    else if (frame.type === 'logs') this.#logs(holder, frame.runs);
    else if (frame.type === 'waiting') this.#waiting(holder, frame.runs);
    else if (frame.type === 'cache') this.caching.asked(holder, this.#mine(holder, frame.runs));
    else if (frame.type === 'progress') this.#progress(holder, frame.runs);
  }

  finished(holder: Holder, outcomes: readonly Outcome[]): void {
    const mine = this.#mine(holder, outcomes);
    for (const held of mine) this.free(held);
    const others = mine.filter(({ type }) => type !== 'succeed');
    this.#options.hooks.reported(others, holder.isCaller);
    const { resultBytes } = this.#options.limits;
    const applied = this.#apply(mine.map((outcome) => ({ id: outcome.runId, event: eventOf(outcome, resultBytes) })));
    if (mine.length > 0) holder.ahead.ended(mine.length, holder.slots, this.#options.clock.monotonic());
    this.#options.onFree();
    const recorded = (all: readonly Applied[]) => {
      if (others.length > 0) this.#options.hooks.recorded(mine, all);
      holder.link?.send({ type: 'recorded', runs: mine.map(heldOf) });
    };
    void written(applied.then(recorded));
  }

  /**
   * A holder came back with the leases in `held`. Those the server gave it and it does not know never arrived, or its process lost
   * them: they go back into the queue. Of the others, those asked to stop are told again.
   */
  reconcile(holder: Holder, held: readonly Held[]): void {
    const known = new Set(held.map(({ token }) => token));
    const changes: Change[] = [];
    const stopping: (Held & { reason: string })[] = [];
    for (const [token, runId] of [...holder.leases]) {
      if (known.has(token) && this.stopping.has(token)) stopping.push({ runId, token, reason: 'The run was cancelled' });
      if (known.has(token)) continue;
      this.free({ runId, token });
      changes.push({ id: runId, event: { type: 'release', token, reason: `Worker ${holder.name} never got it` } });
    }
    if (changes.length > 0) void written(this.#apply(changes));
    if (stopping.length > 0) holder.link?.send({ type: 'cancel', runs: stopping });
  }

  /** What was leased ahead and never sent goes back into the queue. */
  giveBack(holder: Holder): void {
    const runs = holder.ahead.clear();
    const release = (token: string) => ({ type: 'release', token, reason: `No slot of worker ${holder.name} was free for it` }) as const;
    for (const run of runs) this.free(run);
    if (runs.length > 0) void written(this.#apply(runs.map(({ runId, token }) => ({ id: runId, event: release(token) }))));
  }

  /** Ends all leases of a holder that is dead or silent, and forgets it. */
  revoke(holder: Holder, reason: string): void {
    const type = holder.isCaller ? 'abandon' : 'lose';
    const changes = [...holder.leases].map(([token, id]): Change => ({ id, event: { type, token, reason } }));
    for (const token of holder.leases.keys()) this.stopping.delete(token);
    const { link } = holder;
    holder.link = null;
    this.#options.roster.remove(holder);
    link?.close(4408, reason);
    void written(this.#apply(changes));
  }

  /** Those of `items` whose lease is not, or no longer, `holder`'s. */
  foreign(holder: Holder, items: readonly Held[]): Held[] {
    return items.filter((item) => this.#options.roster.holderOf(item) !== holder).map(heldOf);
  }

  free(held: Held): void {
    this.#options.roster.free(held);
    this.stopping.delete(held.token);
  }

  #started(holder: Holder, runs: readonly Held[]): void {
    void written(this.#apply(this.#mine(holder, runs).map(({ runId, token }): Change => ({ id: runId, event: { type: 'start', token } }))));
  }

  #attempts(holder: Holder, runs: readonly DirectAttempt[]): void {
    const { store, clock } = this.#options;
    for (const { runId, token, attempt, at, failed } of this.#mine(holder, runs)) {
      const event: RunEvent = failed === null ? { type: 'start', token, attempt } : { type: 'retry', token, attempt, ...failed };
      void written(store.apply([{ id: runId, event }], Math.min(clock.now(), Date.parse(at))));
    }
  }

  #progress(holder: Holder, runs: Extract<WorkerFrame, { type: 'progress' }>['runs']): void {
    const changes = this.#mine(holder, runs).map(({ runId, ...told }): Change => ({ id: runId, event: { type: 'progress', ...told } }));
    void written(this.#apply(changes));
  }

  #waiting(holder: Holder, runs: readonly Waiting[]): void {
    for (const { runId, token, waiting } of this.#mine(holder, runs)) {
      if (waiting) holder.waiting.add(token);
      else holder.waiting.delete(token);
      this.#options.store.setWaiting(runId, waiting);
    }
    this.#options.onFree();
  }

  #logs(holder: Holder, runs: LogsOf): void {
    for (const { runId, token, lines } of runs) {
      if (this.#options.roster.holderOf({ runId, token }) !== holder) continue; // a line after the end: nobody reads it any more
      this.#options.store.appendLogs(runId, lines);
      for (const listener of this.#logListeners) listener(runId, lines);
    }
  }

  /** Those of `items` whose lease is `holder`'s; it is told of the others. */
  #mine<T extends Held>(holder: Holder, items: readonly T[]): readonly T[] {
    const { roster } = this.#options;
    const mine = items.filter((item) => roster.holderOf(item) === holder);
    if (mine.length < items.length) holder.link?.send({ type: 'fenced', runs: this.foreign(holder, items) });
    return mine;
  }

  #apply(changes: readonly Change[]): Promise<readonly Applied[]> {
    return this.#options.store.apply(changes, this.#options.clock.now());
  }
}

/** A write nobody waits for. Where it fails the store has failed, and the server stops by `store.failed`: nothing more to say here. */
export async function written(write: Promise<unknown>): Promise<void> {
  await write.catch(() => undefined);
}
