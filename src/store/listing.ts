/**
 * Runs in the order they were submitted, and how many are in each state: what lists, pages and counts are read from.
 * It holds no rule of a run; table.ts tells it every change.
 */

import type { RunCounts, RunFilter } from '../core/api.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { RUN_STATES, type Run, type RunState } from '../core/run.ts';
import { hasWords, wordsOf } from '../core/search.ts';
import type { ListQuery, RunPage } from './store.ts';

/** What the listing needs to know of a run. `seq` rises with each submit; `gone` says that it was removed. */
export interface Listed {
  readonly run: Run;
  readonly seq: number;
  readonly gone: boolean;
}

export class Listing<L extends Listed> {
  /** By rising `seq`. Removed ones stay until they are half of it. */
  #order: L[] = [];
  #gone = 0;
  readonly #total = noRuns();
  readonly #byTask = new Map<string, RunCounts>();

  /** Takes note of one change; `before` or `after` is undefined where the run is new or was removed. */
  update(item: L, before: Run | undefined, after: Run | undefined): void {
    if (before === undefined) this.#enter(item);
    if (after === undefined) this.#leave();
    if (before?.state === after?.state) return;
    const task = this.#task(item.run.task);
    if (before) {
      this.#total[before.state] -= 1;
      task[before.state] -= 1;
    }
    if (after) {
      this.#total[after.state] += 1;
      task[after.state] += 1;
    } else if (isEmpty(task)) this.#byTask.delete(item.run.task);
  }

  /** Runs of a state now, over all tasks. */
  count(state: RunState): number {
    return this.#total[state];
  }

  counts(filter: RunFilter = {}): RunCounts {
    if (needsLook(filter)) return this.#counted(filter);
    const all = filter.task === undefined ? this.#total : (this.#byTask.get(filter.task) ?? noRuns());
    const counts = noRuns();
    for (const state of filter.state ?? RUN_STATES) counts[state] = all[state];
    return counts;
  }

  page(query: ListQuery): RunPage {
    const runs: Run[] = [];
    let last = 0;
    // Mostly the counts tell when there is nothing left to look for.
    let left = needsLook(query) ? Number.POSITIVE_INFINITY : sum(this.counts(query));
    const fits = matcher(query);
    if (query.cursor !== undefined) left = Number.POSITIVE_INFINITY;
    for (let at = this.#startOf(query.cursor); at >= 0 && left > 0; at -= 1) {
      const item = this.#order[at] as L;
      if (item.gone || !fits(item.run)) continue;
      if (runs.length === query.limit) return { runs, nextCursor: String(last) };
      runs.push(item.run);
      last = item.seq;
      left -= 1;
    }
    return { runs, nextCursor: null };
  }

  /** Every run, oldest submission first. */
  *all(): Generator<L> {
    for (const item of this.#order) if (!item.gone) yield item;
  }

  #enter(item: L): void {
    const order = this.#order;
    const newest = order.at(-1);
    if (newest === undefined || newest.seq < item.seq) {
      order.push(item);
      return;
    }
    // It comes back: a removal that could not be written was taken back.
    const at = this.#firstFrom(item.seq);
    if (order[at] === item) this.#gone -= 1;
    else order.splice(at, 0, item);
  }

  #leave(): void {
    this.#gone += 1;
    if (this.#gone < 1_000 || this.#gone * 2 < this.#order.length) return;
    this.#order = this.#order.filter((item) => !item.gone);
    this.#gone = 0;
  }

  /** The first place whose run has `seq` or more. */
  #firstFrom(seq: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle] as L).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #startOf(cursor: string | undefined): number {
    if (cursor === undefined) return this.#order.length - 1;
    if (!/^\d{1,15}$/.test(cursor)) throw new InvalidOptionError('cursor', cursor, 'nextCursor of the page before');
    return this.#firstFrom(Number(cursor)) - 1;
  }

  #counted(filter: RunFilter): RunCounts {
    const counts = noRuns();
    const fits = matcher(filter);
    for (const { run } of this.all()) if (fits(run)) counts[run.state] += 1;
    return counts;
  }

  #task(name: string): RunCounts {
    const known = this.#byTask.get(name);
    if (known) return known;
    const counts = noRuns();
    this.#byTask.set(name, counts);
    return counts;
  }
}

/** No count is kept of what it asks for: each run has to be looked at. */
function needsLook({ tag, text }: RunFilter): boolean {
  return tag !== undefined || text !== undefined;
}

function matcher({ state, task, tag, text = '' }: RunFilter): (run: Run) => boolean {
  const words = wordsOf(text);
  return (run) => {
    if (state !== undefined && !state.includes(run.state)) return false;
    if (task !== undefined && task !== run.task) return false;
    return (tag === undefined || run.tags.includes(tag)) && hasWords(run, words);
  };
}

function noRuns(): RunCounts {
  return {
    SCHEDULED: 0,
    PENDING: 0,
    RUNNING: 0,
    CANCELLING: 0,
    COMPLETED: 0,
    FAILED: 0,
    CRASHED: 0,
    CANCELLED: 0,
    EXPIRED: 0,
  };
}

function isEmpty(counts: RunCounts): boolean {
  return sum(counts) === 0;
}

function sum(counts: RunCounts): number {
  let all = 0;
  for (const state of RUN_STATES) all += counts[state];
  return all;
}
