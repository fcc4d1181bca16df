/** Which runs are shown: the groups of states that `s` goes through, and the text that `/` asks for. Pure. */

import type { RunFilter, RunView } from '../core/api.ts';
import { OPEN_STATES, RUN_STATES, type RunState } from '../core/run.ts';
import { hasWords, wordsOf } from '../core/search.ts';

export const SHOWS = ['all', 'active', 'completed', 'failed', 'cancelled'] as const;
export type Show = (typeof SHOWS)[number];

const STATES: Readonly<Record<Show, readonly RunState[]>> = {
  all: RUN_STATES,
  active: OPEN_STATES,
  completed: ['COMPLETED'],
  failed: ['FAILED', 'CRASHED'],
  cancelled: ['CANCELLED', 'EXPIRED'],
};

/** The states that are shown; never more than the filter of the command lets through. */
export function statesOf(show: Show, filter: RunFilter): readonly RunState[] {
  const { state } = filter;
  return state === undefined || state.length === 0 ? STATES[show] : STATES[show].filter((one) => state.includes(one));
}

/** The group `by` steps further that lets something through. */
export function nextShow(show: Show, by: 1 | -1, filter: RunFilter): Show {
  let at = SHOWS.indexOf(show);
  do at = (at + by + SHOWS.length) % SHOWS.length;
  while (statesOf(SHOWS[at] as Show, filter).length === 0);
  return SHOWS[at] as Show;
}

/** What the server is asked for: its own newest runs that fit, not only those among the ones shown before. */
export function followFilter(show: Show, text: string, filter: RunFilter): RunFilter {
  const states = show === 'all' ? filter : { ...filter, state: statesOf(show, filter) };
  const words = wordsOf(text);
  return words.length === 0 ? states : { ...states, text: words.join(' ') };
}

/** Those of the runs at hand that fit, in their order: what is shown until the server has answered. */
export function visibleRuns(runs: readonly RunView[], show: Show, text: string, filter: RunFilter): readonly RunView[] {
  const states = new Set(statesOf(show, filter));
  const words = wordsOf(text);
  const everyState = states.size === RUN_STATES.length;
  if (everyState && words.length === 0) return runs;
  return runs.filter((run) => states.has(run.state) && hasWords(run, words));
}
