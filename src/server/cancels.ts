/** Cancels a run and every open run that stems from it. Workers are told; what waits ends at once. */
import { isFinal, type Run } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { Change, Store } from '../store/store.ts';
import type { Reports } from './reports.ts';
import type { Roster } from './roster.ts';

export interface CancelsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly roster: Roster;
  readonly reports: Reports;
}

export class Cancels {
  readonly #options: CancelsOptions;

  constructor(options: CancelsOptions) {
    this.#options = options;
  }

  /** Resolves when all of it is durable. Undefined: no such run. A final run, and what stems from it, stays as it is. */
  async cancel(id: string, reason: string): Promise<Run | undefined> {
    const [run] = await this.#apply([{ id, event: { type: 'cancel', reason } }]);
    if (run?.state !== 'CANCELLING' && run?.state !== 'CANCELLED') return run;
    const all = await this.#options.store.descendants(id, Number.POSITIVE_INFINITY);
    const open = all.filter((one) => !isFinal(one));
    if (open.length === 0) return run;
    const cancelled = new Set([id, ...open.map((one) => one.id)]);
    await this.#apply(open.map((one) => ({ id: one.id, event: { type: 'cancel', reason: reasonOf(one, id, cancelled) } })));
    return run;
  }

  async #apply(changes: readonly Change[]): Promise<(Run | undefined)[]> {
    const { store, clock, reports } = this.#options;
    for (const { id } of changes) reports.cancelling.add(id);
    const applied = await store.apply(changes, clock.now()).finally(() => {
      for (const { id } of changes) reports.cancelling.delete(id);
    });
    for (const [at, { run }] of applied.entries()) if (run) this.#stop(run, changes[at] as Change);
    return applied.map(({ run }) => run);
  }

  /** Has a run that is under way stopped by whoever executes it. */
  #stop(run: Run, { event }: Change): void {
    if (run.state !== 'CANCELLING' || event.type !== 'cancel') return;
    const { roster, reports } = this.#options;
    const held = { runId: run.id, token: run.lease.token };
    const holder = roster.holderOf(held);
    if (holder?.ahead.remove(held.token)) {
      reports.finished(holder, [{ ...held, type: 'stopped' }]); // nobody has it yet
      return;
    }
    reports.stopping.add(held.token);
    holder?.link?.send({ type: 'cancel', runs: [{ ...held, reason: event.reason }] });
  }
}

/** Its parent may have ended before; then the run that was cancelled is farther up. */
function reasonOf({ parentId }: Run, id: string, cancelled: ReadonlySet<string>): string {
  const isParent = parentId !== null && cancelled.has(parentId);
  return isParent ? `Its parent run ${parentId} was cancelled` : `Run ${id}, which it stems from, was cancelled`;
}
