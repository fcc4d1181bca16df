/** Who waits for the end of which run. A view of the table: it holds no truth of its own. */
import { isFinal, type Run, type Upstream } from '../core/run.ts';
import type { Row } from './rows.ts';

const NOBODY: readonly Row[] = [];

export class Dependents {
  readonly #rows: ReadonlyMap<string, Row>;
  /** By id, those that wait for a run which is still to come: a snapshot may name the later run first. */
  readonly #early = new Map<string, Row[]>();

  constructor(rows: ReadonlyMap<string, Row>) {
    this.#rows = rows;
  }

  /** Takes note of a row that came: of those it waits for, and of those that wait for it. */
  enter(row: Row): void {
    for (const id of row.run.blockedBy) this.#add(row, id);
    if (this.#early.size === 0) return;
    const early = this.#early.get(row.run.id);
    if (early && this.#early.delete(row.run.id)) row.dependents = [...(row.dependents ?? NOBODY), ...early];
  }

  /** `row` began to wait for the run `id`. */
  add(row: Row, id: string): void {
    if (!this.#rows.get(id)?.dependents?.includes(row)) this.#add(row, id);
  }

  /** What `row` was told since it looked like `taken` was taken back: it waits for them as before. */
  again(row: Row, taken: Run): void {
    for (const id of row.run.blockedBy) if (!taken.blockedBy.includes(id)) this.add(row, id);
  }

  /** Those that are to be told of the end of `row`, once. */
  take(row: Row): readonly Row[] {
    const dependents = row.dependents ?? NOBODY;
    row.dependents = null;
    return dependents;
  }

  #add(row: Row, id: string): void {
    const upstream = this.#rows.get(id);
    if (upstream?.dependents) upstream.dependents.push(row);
    else if (upstream) upstream.dependents = [row];
    else this.#early.set(id, [...(this.#early.get(id) ?? NOBODY), row]);
  }
}

/** The runs that `waitFor` names and that are to be waited for, each once: those that are open, and those whose end is its own. */
export function unmetOf(waitFor: readonly Upstream[], rows: ReadonlyMap<string, Row>): readonly Row[] {
  const isMet = ({ run }: Row, { allowFailure }: Upstream) => isFinal(run) && (allowFailure || run.state === 'COMPLETED');
  const unmet = waitFor.filter((up) => !isMet(rows.get(up.id) as Row, up));
  return [...new Set(unmet.map((up) => rows.get(up.id) as Row))];
}
