/** How many active runs count in each limit that tasks share. Counts of the queue's own lines: what they say is said again here. */
import type { SharedLimit } from './limits.ts';

export class Shared {
  readonly #active = new Map<string, number>();

  /** Names in use, for tests. */
  get size(): number {
    return this.#active.size;
  }

  add(limits: readonly SharedLimit[], by: number): void {
    for (const { name } of limits) {
      const active = (this.#active.get(name) ?? 0) + by;
      if (active === 0) this.#active.delete(name);
      else this.#active.set(name, active);
    }
  }

  /** The first of `limits` that has no room. */
  full(limits: readonly SharedLimit[]): SharedLimit | undefined {
    return limits.find(({ name, limit }) => (this.#active.get(name) ?? 0) >= limit);
  }
}
