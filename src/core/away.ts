/** Leased runs whose code waits for other runs: they count in no limit meanwhile. Ids, and how many of each task. */
import type { Run } from './run.ts';

export class Away {
  readonly #ids = new Set<string>();
  readonly #counts = new Map<string, number>();

  has(run: Run): boolean {
    return this.#ids.has(run.id);
  }

  /** How many runs of a task. */
  of(task: string): number {
    return this.#counts.get(task) ?? 0;
  }

  add(run: Run): void {
    this.#ids.add(run.id);
    this.#counts.set(run.task, this.of(run.task) + 1);
  }

  /** False where it was not away. */
  remove(run: Run): boolean {
    if (!this.#ids.delete(run.id)) return false;
    const left = this.of(run.task) - 1;
    if (left === 0) this.#counts.delete(run.task);
    else this.#counts.set(run.task, left);
    return true;
  }
}
