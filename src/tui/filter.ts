/** Which runs are shown: the groups of states that `s` goes through, and the text that `/` asks for. Pure. */

import type { RunFilter, RunView } from '../core/api.ts';
import { OPEN_STATES, RUN_STATES, type RunState } from '../core/run.ts';

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

/** What the server is asked for: its own newest runs of these states, not only those among the ones shown before. */
export function followFilter(show: Show, filter: RunFilter): RunFilter {
  return show === 'all' ? filter : { ...filter, state: statesOf(show, filter) };
}

/** The runs that are shown, in their order. Each word of `text` must stand in the id, the task, the name or a tag. */
export function visibleRuns(runs: readonly RunView[], show: Show, text: string, filter: RunFilter): readonly RunView[] {
  const states = new Set(statesOf(show, filter));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const everyState = states.size === RUN_STATES.length;
  if (everyState && words.length === 0) return runs;
  return runs.filter((run) => states.has(run.state) && hasWords(run, words));
}

/** Lower-case text of a run to search in, made once for each version of it. */
const searched = new WeakMap<RunView, string>();

function hasWords(run: RunView, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  let text = searched.get(run);
  if (text === undefined) {
    text = [run.id, run.task, run.name ?? '', ...run.tags].join('\n').toLowerCase();
    searched.set(run, text);
  }
  return words.every((word) => text.includes(word));
}
