/** All that one frame is drawn from, and when it would look different by itself. Pure. */
import type { RunFilter, RunView } from '../core/api.ts';
import type { View } from '../core/view.ts';
import { detailLines } from './details.ts';
import type { Logs } from './logs.ts';
import { type Screen, type Sight, type Window, windowOf } from './screen.ts';
import type { Line, Signs } from './theme.ts';
import { nextChangeMs } from './time.ts';

/** What a frame shows beside the screen of the person: made anew with each change. */
export interface World {
  readonly view: View;
  /** Those of the view that the filters let through. */
  readonly runs: readonly RunView[];
  /** The filter of the command; nothing else is ever asked for. */
  readonly filter: RunFilter;
  /** Asked for runs of other states; what is shown is still the old answer. */
  readonly loading: boolean;
  readonly opened: { readonly run: RunView | null; readonly unknown: boolean; readonly logs: Logs } | null;
  readonly now: number;
  /** The newest line of what else goes on in this process. */
  readonly notice: string | null;
  /** Tasks that workers serve, as far as it was asked: where there are no runs yet. */
  readonly served: readonly string[];
  /** Why the server cannot be reached, where that is known. */
  readonly trouble: Error | null;
  readonly title: string;
  readonly url: string;
  readonly signs: Signs;
}
export interface Shown extends World {
  readonly screen: Screen;
  readonly window: Window;
  readonly listHeight: number;
  /** Of the run that is open. */
  readonly lines: readonly Line[];
  readonly detailsHeight: number;
  /** First of `lines` that is on the screen. */
  readonly top: number;
}

/** Rows that are not runs: header, counts, titles, status, keys. Beside the details: header, title, status, keys. */
const LIST_CHROME = 5;
const DETAILS_CHROME = 4;

export function listHeightOf(screen: Screen): number {
  return Math.max(1, screen.rows - LIST_CHROME);
}

export function look(screen: Screen, world: World): Shown {
  const { opened, runs, now, signs } = world;
  const listHeight = listHeightOf(screen);
  const detailsHeight = Math.max(1, screen.rows - DETAILS_CHROME);
  const run = screen.details === null ? null : (opened?.run ?? null);
  const lines = run === null || opened === null ? [] : detailLines(run, opened.logs, screen.columns - 2, now, signs);
  const last = Math.max(0, lines.length - detailsHeight);
  const wanted = screen.details?.top ?? 0;
  const top = wanted === 'end' ? last : Math.min(wanted, last);
  return { ...world, screen, window: windowOf(screen.cursor, runs, listHeight), listHeight, lines, detailsHeight, top };
}

/** What a key has to know of it. */
export function sightOf(shown: Shown): Sight {
  const { screen, runs, window, opened, listHeight, detailsHeight, lines, filter } = shown;
  const run = screen.details === null ? (runs[window.index] ?? null) : (opened?.run ?? null);
  return { runs, run, listHeight, detailsHeight, detailsLength: lines.length, filter };
}

/**
 * Milliseconds until something on the screen changes by itself: an age, a duration, what is left of a wait. Null: it never does. Ticks
 * fall on whole seconds, so that many runs that began at many moments change together.
 */
export function nextTickMs(shown: Shown): number | null {
  const { screen, opened, runs, window, listHeight, now } = shown;
  if (screen.help) return null;
  const open = opened?.run ?? null;
  const seen = screen.details === null ? runs.slice(window.top, window.top + listHeight) : open === null ? [] : [open];
  const waits = seen.map((run) => nextChangeMs(run, now)).filter((ms) => ms !== null);
  if (waits.length === 0) return null;
  return Math.max(20, Math.ceil((now + Math.min(...waits)) / 1_000) * 1_000 - now);
}
