/**
 * Which run's result answers for a cache key: the newest that made one under it. A view of the table, but for one thing: a result that
 * was replaced or cleared stays so (`row.uncached`), also when the run that took its place is removed.
 */
import type { CompletedRun } from '../core/run.ts';
import type { Changes, Row } from './rows.ts';

export class CachedRuns {
  readonly #rows = new Map<string, Row>();

  /** The run that answers for `key` at `at`. */
  live(key: string, at: number): CompletedRun | undefined {
    const row = this.#rows.get(key);
    return row !== undefined && answers(row.run as CompletedRun, at) ? (row.run as CompletedRun) : undefined;
  }

  /** Those that answer at `at`, of one task or of all, newest first. */
  list(task: string | null, at: number): CompletedRun[] {
    const runs = [...this.#rows.values()].map(({ run }) => run as CompletedRun);
    return runs.filter((run) => (task === null || run.task === task) && answers(run, at)).sort(byEnd);
  }

  /** A row came as it is. */
  enter(row: Row): void {
    const key = keyOf(row);
    if (key !== null && !row.uncached) this.#rows.set(key, row);
  }

  /** A run has completed just now: its result takes the place of an older one. */
  complete(row: Row, changes: Changes | null): void {
    const key = keyOf(row);
    if (key === null) return;
    const before = this.#rows.get(key);
    this.enter(row);
    if (before) this.#forget(before, changes);
  }

  /** The row, as it stands there, goes. */
  leave(row: Row): void {
    const key = keyOf(row);
    if (key !== null && this.#rows.get(key) === row) this.#rows.delete(key);
  }

  /** The results of these runs answer no longer. */
  clear(ids: readonly string[], rows: ReadonlyMap<string, Row>, changes: Changes | null): void {
    for (const id of ids) {
      const row = rows.get(id);
      if (row && !row.uncached && keyOf(row) !== null) this.#forget(row, changes);
    }
  }

  #forget(row: Row, changes: Changes | null): void {
    row.uncached = true;
    this.leave(row);
    const undo = () => {
      row.uncached = false;
      this.enter(row);
    };
    changes?.steps.push({ undo });
  }
}

function keyOf({ run }: Row): string | null {
  return run.state === 'COMPLETED' && run.cachedFrom === null && run.cache !== null ? run.cache.key : null;
}

function answers({ cache, endedAt }: CompletedRun, at: number): boolean {
  const ttlMs = cache?.ttlMs ?? null;
  return ttlMs === null || (endedAt as number) + ttlMs > at;
}

function byEnd(a: CompletedRun, b: CompletedRun): number {
  return (b.endedAt as number) - (a.endedAt as number) || (a.id < b.id ? 1 : -1);
}
