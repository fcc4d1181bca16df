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

/** About as many bytes are in one page over HTTP, and in one frame of a live list: between two frames a client that is behind is noticed. */
const PAGE_BYTES = 16_777_216;
export const FRAME_BYTES = 1_048_576;
/** A run without what its task and its caller make of it. */
const BARE_BYTES = 1_024;

/** How many of `runs` go into one page of about `most` bytes: all, unless their payloads are huge; never none. */
export function fitting(runs: readonly Run[], most: number): number {
  let bytes = 0;
  const over = runs.findIndex((run, index) => {
    bytes += BARE_BYTES + run.args.length + (run.result?.length ?? 0) + (run.error?.stack?.length ?? 0);
    return bytes > most && index > 0;
  });
  return over < 0 ? runs.length : over;
}

/** A page of the list that is no larger than can be sent: a shorter one where the payloads are huge. */
export async function page(store: Store, query: Parameters<Store['list']>[0]): Promise<RunPage> {
  const found = await store.list(query);
  const limit = fitting(found.runs, PAGE_BYTES);
  return limit < found.runs.length ? store.list({ ...query, limit }) : found;
}
