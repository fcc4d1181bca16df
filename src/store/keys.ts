/** Which run an idempotency key leads to: the newest that was given it, for its task alone, as long as its ttl lets it. */
import type { NewRun, Run } from '../core/run.ts';
import type { Row } from './rows.ts';

export class Keys {
  readonly #rows = new Map<string, Row>();

  /** The run that answers for the key of `said` at `at`. */
  live(said: NewRun, at: number): Run | undefined {
    const row = this.held(said);
    return row && (row.keyUntil === null || row.keyUntil > at) ? row.run : undefined;
  }

  /** The run that has the key of `said`, whether it still answers or not. */
  held(said: Pick<NewRun, 'task' | 'idempotencyKey'>): Row | undefined {
    return said.idempotencyKey === null ? undefined : this.#rows.get(keyOf(said.task, said.idempotencyKey));
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
