/** Runs as they are shown: JSON text in which a waiting run says why it waits. */
import { runJson } from '../core/api.ts';
import type { Run } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { RunPage, Store } from '../store/store.ts';

/** JSON text of a `RunView`. */
export type Show = (run: Run, history: boolean) => string;

export function shower(store: Store, clock: Clock): Show {
  return (run, history) => {
    if (run.state !== 'SCHEDULED') return runJson(run, history);
    const stateName = store.shownName(run, clock.now());
    const waitingFor = stateName === 'AwaitingConcurrency' ? store.waitingFor(run, clock.now()) : null;
    return runJson(stateName === run.stateName ? run : { ...run, stateName }, history, waitingFor);
  };
}

/** Most bytes of payload in one page or frame; what is beyond it comes with the next one. */
const PAGE_BYTES = 16_777_216;

/** How many of `runs` go into one page: all, unless their payloads are huge; never none. */
export function fitting(runs: readonly Run[]): number {
  let bytes = 0;
  const over = runs.findIndex((run, index) => {
    bytes += run.args.length + (run.result?.length ?? 0);
    return bytes > PAGE_BYTES && index > 0;
  });
  return over < 0 ? runs.length : over;
}

/** A page of the list that is no larger than can be sent: a shorter one where the payloads are huge. */
export async function page(store: Store, query: Parameters<Store['list']>[0]): Promise<RunPage> {
  const found = await store.list(query);
  const limit = fitting(found.runs);
  return limit < found.runs.length ? store.list({ ...query, limit }) : found;
}
