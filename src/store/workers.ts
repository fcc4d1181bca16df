/**
 * Which process each worker was, so that a server that starts anew can see which of them are gone. A hint: where it is lost, a lease
 * ends by its time. What was told last counts, and only so many are kept.
 */
import type { ProcessIdentity } from '../core/frames.ts';
import type { Changes, Fact } from './rows.ts';

const MOST = 200;

export type Noted = Omit<Extract<Fact, { kind: 'worker' }>, 'kind'>;

export class Workers {
  readonly #processes = new Map<string, ProcessIdentity>();

  get(id: string): ProcessIdentity | undefined {
    return this.#processes.get(id);
  }

  /** Leaves a fact in `changes` where it is news. It is never taken back: too much of a hint does no harm. */
  note({ id, process, at }: Noted, changes: Changes | null): void {
    if (JSON.stringify(this.#processes.get(id)) === JSON.stringify(process)) return;
    this.#keep(id, process);
    changes?.facts.push({ kind: 'worker', id, process, at });
  }

  /** As a snapshot keeps it. */
  kept(): { workers?: [string, ProcessIdentity][] } {
    return this.#processes.size === 0 ? {} : { workers: [...this.#processes] };
  }

  load({ workers = [] }: { readonly workers?: readonly (readonly [string, ProcessIdentity])[] }): void {
    for (const [id, process] of workers) this.#keep(id, process);
  }

  #keep(id: string, process: ProcessIdentity): void {
    this.#processes.delete(id);
    this.#processes.set(id, process);
    const oldest = this.#processes.keys().next().value;
    if (this.#processes.size > MOST && oldest !== undefined) this.#processes.delete(oldest);
  }
}
