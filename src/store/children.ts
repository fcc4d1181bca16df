/** Which runs were started by which run, as long as they are kept: what a cancel goes on to, and the tree that a person sees. */
import type { Row } from './rows.ts';

export class Children {
  /** By the id of the parent, which may be none that is there. */
  readonly #rows = new Map<string, Set<Row>>();

  add(row: Row): void {
    const { parentId } = row.run;
    if (parentId === null) return;
    const siblings = this.#rows.get(parentId);
    if (siblings) siblings.add(row);
    else this.#rows.set(parentId, new Set([row]));
  }

  remove(row: Row): void {
    const { parentId } = row.run;
    const siblings = parentId === null ? undefined : this.#rows.get(parentId);
    if (siblings?.delete(row) && siblings.size === 0) this.#rows.delete(parentId as string);
  }

  /** Every run that stems from `id`, parents before their children, siblings in the order of submission. At most `most`. */
  descendants(id: string, most: number): Row[] {
    const found = new Set<Row>();
    const parents = [id];
    for (const parent of parents) {
      const siblings = [...(this.#rows.get(parent) ?? [])].sort((a, b) => a.seq - b.seq);
      for (const row of siblings) {
        if (found.size >= most) return [...found];
        // Who submits says who the parent is, so that a circle can be said, too.
        if (row.run.id === id || found.has(row)) continue;
        found.add(row);
        parents.push(row.run.id);
      }
    }
    return [...found];
  }
}
