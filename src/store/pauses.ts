/** What is paused: tasks, whose runs wait, and workers, that get none. Kept until it is taken back, whether anything has the name or not. */
import type { RunQueue } from '../core/queue.ts';
import type { Changes, Fact, Pausable } from './rows.ts';

type Told = Omit<Extract<Fact, { kind: 'pause' }>, 'kind'>;

export class Pauses {
  /** Names. */
  readonly workers: ReadonlySet<string>;
  readonly #workers = new Set<string>();
  readonly #queue: RunQueue;

  constructor(queue: RunQueue) {
    this.#queue = queue;
    this.workers = this.#workers;
  }

  /** False where it is so already. */
  set(of: Pausable, name: string, paused: boolean): boolean {
    if (of === 'task') {
      if (this.#queue.isPaused(name) === paused) return false;
      this.#queue.setPaused(name, paused);
      return true;
    }
    if (this.#workers.has(name) === paused) return false;
    this.#workers[paused ? 'add' : 'delete'](name);
    return true;
  }

  /** Leaves a fact in `changes` where it is news. */
  tell({ of, name, paused, at }: Told, changes: Changes | null): void {
    if (!this.set(of, name, paused)) return;
    changes?.facts.push({ kind: 'pause', of, name, paused, at });
    changes?.steps.push({ undo: () => this.set(of, name, !paused) });
  }

  /** As a snapshot keeps it. */
  kept(): { paused: string[]; pausedWorkers?: string[] } {
    const paused = this.#queue.pausedTasks();
    return this.#workers.size === 0 ? { paused } : { paused, pausedWorkers: [...this.#workers] };
  }

  load({ paused, pausedWorkers = [] }: { readonly paused: readonly string[]; readonly pausedWorkers?: readonly string[] }): void {
    for (const name of paused) this.set('task', name, true);
    for (const name of pausedWorkers) this.set('worker', name, true);
  }
}
