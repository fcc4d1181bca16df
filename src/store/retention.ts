/**
 * Which ended runs are no longer kept: oldest end first, by age and by number, failures apart from the rest. It only names them;
 * table.ts removes them. A run that an open run waits for is put aside until that one has ended.
 */
import { isFinal, type Run, type RunState } from '../core/run.ts';
import type { Keep } from './store.ts';

/** What retention needs to know of a run. `awaited` counts the open runs that wait for it or read its result. */
export interface Kept {
  readonly run: Run;
  readonly gone: boolean;
  readonly awaited: number;
}

/** Most runs that one sweep names, so that it never holds the event loop for long. */
export const MOST_PER_SWEEP = 50_000;

/** However many there are, a run stays this long after its end: whoever submitted it may be about to ask for it. */
const FRESH_MS = 2_000;

export class Retention<K extends Kept> {
  readonly #completed = new Line<K>();
  readonly #failed = new Line<K>();

  /** Takes note that a run has ended. */
  ended(item: K): void {
    this.#lineOf(item).push(item);
  }

  /** Takes note that nothing waits any more for a run that has ended. */
  released(item: K): void {
    this.#lineOf(item).takeBack(item);
  }

  /** The runs to remove at `at`, oldest end first. `count` says how many runs there are of a state. */
  overdue(at: number, keep: Keep, count: (state: RunState) => number): K[] {
    const completed = count('COMPLETED') + count('CANCELLED') + count('EXPIRED');
    const failed = count('FAILED') + count('CRASHED');
    const fresh = at - FRESH_MS;
    const named = this.#completed.overdue(at - keep.completedMs, { tooMany: completed - keep.completedCount, fresh });
    return [...named, ...this.#failed.overdue(at - keep.failedMs, { tooMany: failed - keep.failedCount, fresh })];
  }

  #lineOf(item: K): Line<K> {
    return item.run.state === 'FAILED' || item.run.state === 'CRASHED' ? this.#failed : this.#completed;
  }
}

/** Ended runs in the order of their ends. */
class Line<K extends Kept> {
  #items: K[] = [];
  #head = 0;
  readonly #held = new Set<K>();
  /** False after a load, and where the clock went back, an end was taken back or a run comes back from aside. */
  #sorted = true;
  /** Overdue when they were met, but awaited. */
  readonly #aside = new Set<K>();

  push(item: K): void {
    const last = this.#items.at(-1);
    const isNext = last === undefined || (isThere(last) && inOrder(last, item) < 0);
    // Its end was taken back and came again: it stands there already, and must not count twice.
    if (this.#held.has(item) || !isNext) this.#sorted = false;
    if (!this.#held.has(item)) this.#items.push(item);
    this.#held.add(item);
  }

  takeBack(item: K): void {
    if (this.#aside.delete(item)) this.push(item);
  }

  /** Takes out those that ended before `before`, and `tooMany` of those that ended before `fresh`; at most `MOST_PER_SWEEP`. */
  overdue(before: number, { tooMany, fresh }: { readonly tooMany: number; readonly fresh: number }): K[] {
    const named: K[] = [];
    const isOverdue = (item: K) => endOf(item) < before || (named.length < tooMany && endOf(item) < fresh);
    if (!this.#sorted) this.#sort();
    while (this.#head < this.#items.length && named.length < MOST_PER_SWEEP) {
      const item = this.#items[this.#head] as K;
      if (isThere(item) && !isOverdue(item)) break;
      this.#head += 1;
      this.#held.delete(item);
      this.#judge(item, named);
    }
    if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return named;
  }

  #sort(): void {
    this.#items = this.#items.slice(this.#head).filter(isThere).sort(inOrder);
    this.#held.clear();
    for (const item of this.#items) this.#held.add(item);
    this.#head = 0;
    this.#sorted = true;
  }

  #judge(item: K, named: K[]): void {
    if (!isThere(item)) return;
    if (item.awaited > 0) this.#aside.add(item);
    else named.push(item);
  }
}

/** By end, then by id, so that the order does not depend on the way a table came to be. */
function inOrder(a: Kept, b: Kept): number {
  return endOf(a) - endOf(b) || (a.run.id < b.run.id ? -1 : 1);
}

function endOf(item: Kept): number {
  return item.run.endedAt ?? 0;
}

function isThere(item: Kept): boolean {
  return !item.gone && isFinal(item.run);
}
