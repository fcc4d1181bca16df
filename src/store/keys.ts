/** Which run an idempotency key leads to: the newest that was given it, for its task alone, as long as its ttl lets it. */
import { isFinal, type NewRun, type Run } from '../core/run.ts';
import type { Changes, Row } from './rows.ts';
import type { NotSubmitted, Submitted } from './store.ts';

export class Keys {
  readonly #rows = new Map<string, Row>();

  /** The run that answers for the key of `said` at `at`. */
  live(said: NewRun, at: number): Run | undefined {
    const row = this.held(said);
    return row && (row.keyUntil === null || row.keyUntil > at) ? row.run : undefined;
  }

  /** What a submit is answered with because of its key; undefined where it goes on. */
  answer(said: NewRun, at: number): Submitted | NotSubmitted | undefined {
    if (said.onConflict === 'replace' || said.onConflict === 'cancel') return undefined;
    const run = this.live(said, at);
    return run && { run, kind: said.onConflict === 'reject' ? 'duplicate' : 'deduplicated' };
  }

  /** The submit with what follows from the run whose key it takes: which one that ends, and the latest time it inherits. */
  taking(said: NewRun, at: number): NewRun {
    const old = this.live(said, at);
    if (!old || isFinal(old)) return said;
    const isFresh = old.state === 'SCHEDULED' && old.attempt === 0;
    if (said.onConflict === 'replace' && !isFresh) return said;
    const dueBy = said.dueBy === null ? null : Math.min(said.dueBy, old.dueBy ?? said.dueBy);
    return { ...said, displaces: old.id, dueBy, dueAt: dueBy === null ? said.dueAt : Math.min(said.dueAt, dueBy) };
  }

  /** The run that has the key of `said`, whether it still answers or not. */
  held(said: Pick<NewRun, 'task' | 'idempotencyKey'>): Row | undefined {
    return said.idempotencyKey === null ? undefined : this.#rows.get(keyOf(said.task, said.idempotencyKey));
  }

  /** Takes the key of `said` from the run that has it: that one answers for it never again, also when the taker is removed before it. */
  take(said: NewRun, changes: Changes | null): void {
    const row = this.held(said);
    if (!row) return;
    const { keyUntil } = row;
    row.keyUntil = 0;
    const undo = () => {
      row.keyUntil = keyUntil;
      if (!row.gone) this.add(row);
    };
    changes?.steps.push({ undo });
  }

  /** Gives the run its key, unless a newer one has it: a removal that is taken back brings an older run in again. */
  add(row: Row): void {
    const { task, idempotencyKey } = row.run;
    if (idempotencyKey === null || (this.held(row.run)?.seq ?? 0) > row.seq) return;
    this.#rows.set(keyOf(task, idempotencyKey), row);
  }

  remove(row: Row): void {
    const { task, idempotencyKey } = row.run;
    if (idempotencyKey !== null && this.held(row.run) === row) this.#rows.delete(keyOf(task, idempotencyKey));
  }
}

function keyOf(task: string, key: string): string {
  return `${task}\n${key}`;
}
