/**
 * What the person at the keys sees: which run is selected, what is open, filtered, asked. One pure function takes a key to the next screen,
 * and says what must be done outside. It owns no run: the selection is the id of one, so it stays on its run when others arrive.
 */
import type { RunFilter, RunView } from '../core/api.ts';
import { shortId } from '../core/ids.ts';
import { oneLine } from '../core/text.ts';
import { nextShow, type Show } from './filter.ts';
import { type Action, actionOf, type Key } from './keys.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly show: Show;
  readonly text: string;
  /** The keys go into `text`. */
  readonly typing: boolean;
  readonly cursor: Cursor;
  readonly details: Details | null;
  readonly asking: Question | null;
  readonly help: boolean;
  /** What the last order came to; gone with the next key. */
  readonly message: string | null;
}
export interface Cursor {
  /** Null at the top: there the newest run is selected, whichever it is. */
  readonly id: string | null;
  /** Where it stood last; its neighbour takes over when the run itself is gone. */
  readonly index: number;
  /** Its row in the window, which stays while runs come and go around it. */
  readonly row: number;
}
export interface Details {
  readonly id: string;
  /** First line shown; `end` stays at the end while logs arrive. */
  readonly top: number | 'end';
}
export interface Question {
  readonly order: 'cancel' | 'retry';
  readonly run: RunView;
}

/** What a key must know of the world beside the screen. */
export interface Sight {
  readonly runs: readonly RunView[];
  /** The run that is open or selected. */
  readonly run: RunView | null;
  readonly filter: RunFilter;
  /** Lines of the list, and of the details beside how many there are. */
  readonly listHeight: number;
  readonly detailsHeight: number;
  readonly detailsLength: number;
}
export type Effect = 'quit' | 'repaint' | 'suspend' | Question;
export interface Next {
  readonly screen: Screen;
  readonly effect?: Effect;
}

const TOP: Cursor = { id: null, index: 0, row: 0 };

export function firstScreen(columns: number, rows: number): Screen {
  return {
    columns,
    rows,
    show: 'all',
    text: '',
    typing: false,
    cursor: TOP,
    details: null,
    asking: null,
    help: false,
    message: null,
  };
}

export function press(before: Screen, key: Key, sight: Sight): Next {
  const screen = before.message === null ? before : { ...before, message: null };
  if (key === 'ctrl+c') return { screen, effect: 'quit' };
  if (screen.asking !== null) return answer(screen, screen.asking, key);
  if (screen.typing) return type(screen, key, sight);
  const action = actionOf(key);
  if (action === 'quit' || action === 'repaint' || action === 'suspend') return { screen, effect: action };
  if (screen.help || action === 'help') return { screen: { ...screen, help: !screen.help } };
  if (action === undefined) return { screen };
  if (action === 'cancel' || action === 'retry') return { screen: ask(screen, action, sight) };
  return { screen: screen.details === null ? inList(screen, action, sight) : inDetails(screen, screen.details, action, sight) };
}

/** Pasted text goes into the filter where it is being typed, and nowhere else. */
export function paste(screen: Screen, text: string): Screen {
  return screen.typing ? typed(screen, screen.text + oneLine(text).trim()) : screen;
}

// ---- Questions --------------------------------------------------------------------------------------------------------------

function ask(screen: Screen, order: Question['order'], sight: Sight): Screen {
  const { run } = sight;
  if (run === null) return screen;
  const ended = run.endedAt !== null;
  if (order === 'cancel' && ended) return { ...screen, message: `${labelOf(run)} has ended already: ${run.stateName}` };
  if (order === 'retry' && !ended) return { ...screen, message: `${labelOf(run)} has not ended yet: ${run.stateName}` };
  return { ...screen, asking: { order, run } };
}

function answer(screen: Screen, question: Question, key: Key): Next {
  if (key === 'y' || key === 'Y') return { screen: { ...screen, asking: null }, effect: question };
  const no = key === 'n' || key === 'N' || key === 'escape' || key === 'q';
  return { screen: no ? { ...screen, asking: null } : screen };
}

/** How the viewer names a run in a sentence. */
export function labelOf(run: RunView): string {
  return `${run.task} ${run.name === null ? shortId(run.id) : `“${run.name}”`}`;
}

// ---- The filter -------------------------------------------------------------------------------------------------------------

function type(screen: Screen, key: Key, sight: Sight): Next {
  if (key === 'enter') return { screen: { ...screen, typing: false } };
  if (key === 'escape') return { screen: { ...typed(screen, ''), typing: false } };
  if (key === 'up' || key === 'down') return { screen: inList(screen, key, sight) };
  if (key === 'ctrl+u') return { screen: typed(screen, '') };
  if (key === 'ctrl+w') return { screen: typed(screen, screen.text.replace(/\S*\s*$/, '')) };
  if (key === 'backspace') return { screen: typed(screen, Array.from(screen.text).slice(0, -1).join('')) };
  return { screen: Array.from(key).length === 1 ? typed(screen, screen.text + key) : screen };
}

function typed(screen: Screen, text: string): Screen {
  return text === screen.text ? screen : { ...screen, text: text.slice(0, 200), cursor: TOP };
}

// ---- Moving -----------------------------------------------------------------------------------------------------------------

function inList(screen: Screen, action: Action, sight: Sight): Screen {
  const { runs, listHeight } = sight;
  const at = windowOf(screen.cursor, runs, listHeight).index;
  switch (action) {
    case 'up':
      return moved(screen, at - 1, sight);
    case 'down':
      return moved(screen, at + 1, sight);
    case 'pageUp':
      return moved(screen, at - listHeight, sight);
    case 'pageDown':
      return moved(screen, at + listHeight, sight);
    case 'top':
      return { ...screen, cursor: TOP };
    case 'bottom':
      return moved(screen, runs.length - 1, sight);
    case 'open':
      return sight.run === null ? screen : opened(screen, sight.run, sight);
    case 'back':
      return screen.text === '' ? { ...screen, show: 'all' } : typed(screen, '');
    case 'search':
      return { ...screen, typing: true };
    case 'state':
    case 'stateBack':
      return { ...screen, show: nextShow(screen.show, action === 'state' ? 1 : -1, sight.filter), cursor: TOP };
    default:
      return screen;
  }
}

function inDetails(screen: Screen, details: Details, action: Action, sight: Sight): Screen {
  const { detailsHeight: height, detailsLength } = sight;
  const last = Math.max(0, detailsLength - height);
  const top = details.top === 'end' ? last : Math.min(details.top, last);
  const to = (line: number): Screen => ({ ...screen, details: { ...details, top: Math.max(0, Math.min(line, last)) } });
  switch (action) {
    case 'up':
      return to(top - 1);
    case 'down':
      return to(top + 1);
    case 'pageUp':
      return to(top - height);
    case 'pageDown':
      return to(top + height);
    case 'top':
      return to(0);
    case 'bottom':
      return { ...screen, details: { ...details, top: 'end' } };
    case 'back':
      return { ...moved(screen, windowOf(screen.cursor, sight.runs, sight.listHeight).index, sight), details: null };
    case 'previous':
      return beside(screen, -1, sight);
    case 'next':
      return beside(screen, 1, sight);
    default:
      return screen;
  }
}

/** Holds the selection on the run that is open, also at the top, so that Esc leads back to it. */
function opened(screen: Screen, run: RunView, { runs, listHeight }: Sight): Screen {
  const { index, top } = windowOf(screen.cursor, runs, listHeight);
  return { ...screen, cursor: { id: run.id, index, row: index - top }, details: { id: run.id, top: 0 } };
}

function beside(screen: Screen, by: 1 | -1, sight: Sight): Screen {
  const at = windowOf(screen.cursor, sight.runs, sight.listHeight).index + by;
  const run = sight.runs[at];
  return run === undefined ? screen : opened(moved(screen, at, sight), run, sight);
}

function moved(screen: Screen, wanted: number, { runs, listHeight }: Sight): Screen {
  const from = windowOf(screen.cursor, runs, listHeight);
  const index = Math.max(0, Math.min(wanted, runs.length - 1));
  if (index === 0) return { ...screen, cursor: TOP };
  const row = Math.max(0, Math.min(index - from.top, listHeight - 1));
  return { ...screen, cursor: { id: runs[index]?.id ?? null, index, row } };
}

// ---- The window over the list -----------------------------------------------------------------------------------------------

export interface Window {
  /** Of the selected run; -1 where there is none. */
  readonly index: number;
  readonly top: number;
}

/** Which runs stand in `height` rows, with the selected one as near to its old row as the ends of the list allow. */
export function windowOf(cursor: Cursor, runs: readonly RunView[], height: number): Window {
  if (runs.length === 0) return { index: -1, top: 0 };
  const index = indexOf(cursor, runs);
  const row = Math.max(0, Math.min(cursor.row, height - 1));
  return { index, top: Math.max(0, Math.min(index - row, runs.length - height)) };
}

function indexOf(cursor: Cursor, runs: readonly RunView[]): number {
  if (cursor.id === null) return 0;
  if (runs[cursor.index]?.id === cursor.id) return cursor.index;
  const found = runs.findIndex((run) => run.id === cursor.id);
  return found >= 0 ? found : Math.min(cursor.index, runs.length - 1);
}

/** The screen after the list changed: the cursor knows the new place of its run, or of the neighbour that took over. */
export function settle(screen: Screen, runs: readonly RunView[], listHeight: number): Screen {
  const { cursor } = screen;
  if (cursor.id === null || runs.length === 0) return screen;
  const { index, top } = windowOf(cursor, runs, listHeight);
  const id = (runs[index] as RunView).id;
  if (index === cursor.index && id === cursor.id) return screen;
  return { ...screen, cursor: { id, index, row: index - top } };
}
