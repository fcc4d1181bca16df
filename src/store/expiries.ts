/** The runs that end by themselves if nobody starts them in time, soonest first. A view of the table: it holds no truth of its own. */
import { Heap } from '../core/heap.ts';
import type { Row } from './rows.ts';

export class Expiries {
  readonly #heap = new Heap<Row>((a, b) => expiryOf(a) - expiryOf(b) || a.seq - b.seq);

  /** Takes note that a run may have begun to wait for its start. */
  update(row: Row): void {
    if (row.expires || !canExpire(row)) return;
    row.expires = true;
    this.#heap.push(row);
  }

  /** When the next run expires; null: none does. */
  nextAt(): number | null {
    for (let row = this.#heap.peek(); row; row = this.#heap.peek()) {
      if (canExpire(row)) return row.run.expiresAt;
      this.#pop();
    }
    return null;
  }

  /** Takes out the next run that expires at `at` or before. */
  take(at: number): Row | undefined {
    const next = this.nextAt();
    return next !== null && next <= at ? this.#pop() : undefined;
  }

  #pop(): Row {
    const row = this.#heap.pop() as Row;
    row.expires = false;
    return row;
  }
}

/** True where the end of its ttl would end it: nobody has started it. */
function canExpire({ run, gone }: Row): boolean {
  return !gone && run.state === 'SCHEDULED' && run.attempt === 0 && run.expiresAt !== null;
}

function expiryOf(row: Row): number {
  return row.run.expiresAt ?? Number.POSITIVE_INFINITY;
}
