/**
 * The keys of the viewer: one table that the dispatch, the help and the footer read, and the way from what the terminal sends to names of
 * keys. What is pasted never acts as keys.
 */
import type { Key as InkKey } from 'ink';

/** A named key (`up`, `enter`, `ctrl+c`) or one printable character. */
export type Key = string;

const NAMED = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
  ['escape', 'escape'],
] as const satisfies readonly (readonly [keyof InkKey, Key])[];
const CONTROL: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x1b': 'escape',
  '\x7f': 'backspace',
  '\b': 'backspace',
};

/** The keys in what Ink calls one input: fast typing arrives as one text, and Enter may stand in the middle of it. */
export function keysOf(input: string, key: InkKey): Key[] {
  const named = NAMED.find(([flag]) => key[flag]);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return input === '' ? [] : [`ctrl+${input}`];
  if (input.startsWith('[') && input.length > 1) return []; // a sequence this viewer does not know
  const keys = Array.from(input, keyOfCharacter);
  return key.meta ? ['escape', ...keys] : keys; // Escape and a key, sent at once
}

function keyOfCharacter(character: string): Key {
  const named = CONTROL[character];
  if (named !== undefined) return named;
  return character < ' ' ? `ctrl+${String.fromCharCode(character.charCodeAt(0) + 96)}` : character;
}

export const PASTE_BEGINS = '[200~';
export const PASTE_ENDS = '[201~';

// ---- What they do -----------------------------------------------------------------------------------------------------------

export type Action =
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'top'
  | 'bottom'
  | 'open'
  | 'back'
  | 'previous'
  | 'next'
  | 'search'
  | 'state'
  | 'stateBack'
  | 'cancel'
  | 'retry'
  | 'help'
  | 'repaint'
  | 'suspend'
  | 'quit';

interface Binding {
  readonly action: Action;
  readonly keys: readonly Key[];
  /** As the help shows it; actions without it are not shown. */
  readonly shown?: string;
  readonly does?: string;
  /** Its place in the footer of the list and of the details: short word, and rank where there is little room (1 stays longest). */
  readonly list?: readonly [word: string, rank: number];
  readonly details?: readonly [word: string, rank: number];
}

export const BINDINGS: readonly Binding[] = [
  { action: 'up', keys: ['up', 'k'], shown: '↑ k', does: 'Up' },
  { action: 'down', keys: ['down', 'j'], shown: '↓ j', does: 'Down', list: ['↑↓ move', 7], details: ['↑↓ scroll', 3] },
  { action: 'pageUp', keys: ['pageup', 'ctrl+b'], shown: 'PgUp', does: 'A page up' },
  { action: 'pageDown', keys: ['pagedown', 'ctrl+f', ' '], shown: 'PgDn Space', does: 'A page down' },
  { action: 'top', keys: ['g', 'home'], shown: 'g Home', does: 'The newest run, and stay there; the begin of the details' },
  { action: 'bottom', keys: ['G', 'end'], shown: 'G End', does: 'The oldest run; the end of the details, following the logs' },
  {
    action: 'open',
    keys: ['enter', 'l'],
    shown: 'Enter',
    does: 'Details of the run: arguments, result or error, history, logs',
    list: ['Enter details', 2],
  },
  {
    action: 'back',
    keys: ['escape', 'h', 'backspace'],
    shown: 'Esc',
    does: 'Back to the list; in the list: show all runs again',
    details: ['Esc back', 1],
  },
  { action: 'previous', keys: ['left', 'p'], shown: '← p', does: 'In the details: the run above' },
  { action: 'next', keys: ['right', 'n'], shown: '→ n', does: 'In the details: the run below', details: ['←→ other run', 6] },
  { action: 'search', keys: ['/'], shown: '/', does: 'Filter by text in id, task, name or tag', list: ['/ filter', 3] },
  { action: 'state', keys: ['s'], shown: 's', does: 'Filter by state: all, active, completed, failed, cancelled', list: ['s state', 4] },
  { action: 'stateBack', keys: ['S'], shown: 'S', does: 'The same, backwards' },
  { action: 'cancel', keys: ['c'], shown: 'c', does: 'Cancel the run, after y', list: ['c cancel', 5], details: ['c cancel', 4] },
  { action: 'retry', keys: ['r'], shown: 'r', does: 'Run it again as a new run, after y', list: ['r retry', 6], details: ['r retry', 5] },
  { action: 'help', keys: ['?'], shown: '?', does: 'These keys', list: ['? help', 1], details: ['? help', 2] },
  { action: 'repaint', keys: ['ctrl+l'], shown: 'Ctrl-L', does: 'Paint the screen again' },
  { action: 'suspend', keys: ['ctrl+z'] },
  { action: 'quit', keys: ['q', 'ctrl+c'], shown: 'q Ctrl-C', does: 'Quit; no run is lost', list: ['q quit', 1], details: ['q quit', 2] },
];

const ACTIONS: ReadonlyMap<Key, Action> = new Map(BINDINGS.flatMap(({ action, keys }) => keys.map((key) => [key, action] as const)));

export function actionOf(key: Key): Action | undefined {
  return ACTIONS.get(key);
}
