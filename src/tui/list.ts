/** One run as one line, and which columns a line has at which width. Pure: a run, a width and a time in, spans out. */

import type { RunView } from '../core/api.ts';
import { shortId } from '../core/ids.ts';
import { cut, oneLine, toWidth } from '../core/text.ts';
import { mostAttempts } from '../core/view.ts';
import { type Colour, colourOf, type Line, type Signs, type Span } from './theme.ts';
import { tookText, whenText } from './time.ts';
import { errorLine, shortArgs, shortResult } from './values.ts';

interface Column {
  readonly title: string;
  /** Columns of the terminal; one with weight shares what is left until it has `most`. */
  readonly least: number;
  readonly most: number;
  readonly weight: number;
  /** Least width of the list at which it is there at all. */
  readonly from: number;
  readonly side?: 'right';
  cell(run: RunView, width: number, now: number, signs: Signs): Span;
}
export interface PlacedColumn extends Column {
  readonly width: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'STATE', least: 15, most: 21, weight: 0.4, from: 0, cell: stateCell },
  { title: 'TASK', least: 12, most: 36, weight: 3, from: 0, cell: (run) => ({ text: oneLine(run.task), bold: true }) },
  { title: 'RUN', least: 9, most: 45, weight: 4, from: 0, cell: nameCell },
  { title: 'TRY', least: 5, most: 7, weight: 0.5, from: 54, side: 'right', cell: (run) => ({ text: tryText(run) }) },
  {
    title: 'WHEN',
    least: 8,
    most: 8,
    weight: 0,
    from: 63,
    side: 'right',
    cell: (run, _w, now) => ({ text: whenText(run, now), dim: true }),
  },
  { title: 'TOOK', least: 7, most: 8, weight: 0.5, from: 48, side: 'right', cell: (run, _w, now) => ({ text: tookText(run, now) }) },
  { title: 'WORKER', least: 8, most: 20, weight: 1, from: 72, cell: (run) => ({ text: oneLine(run.worker ?? ''), dim: true }) },
  { title: 'ARGUMENTS AND RESULT', least: 20, most: 1_000, weight: 7, from: 118, cell: infoCell },
];
const POINTER_WIDTH = 2;

/** The columns of a list `width` wide. */
export function columnsFor(width: number): readonly PlacedColumn[] {
  const placed = COLUMNS.filter((column) => width >= column.from).map((column) => ({ ...column, width: column.least }));
  let left = width - POINTER_WIDTH - placed.reduce((sum, column) => sum + column.width, placed.length - 1);
  while (left > 0) {
    // The heaviest first: it takes what is too little to be shared.
    const growing = placed.filter((column) => column.weight > 0 && column.width < column.most).sort((a, b) => b.weight - a.weight);
    if (growing.length === 0) break;
    const share = left / growing.reduce((sum, column) => sum + column.weight, 0);
    for (const [index, column] of growing.entries()) {
      const more = Math.min(left, column.most - column.width, Math.max(index === 0 ? 1 : 0, Math.floor(share * column.weight)));
      column.width += more;
      left -= more;
    }
  }
  return placed;
}

export function titleLine(columns: readonly PlacedColumn[]): Line {
  const titles = columns.map(({ title, width, side }) => toWidth(title, width, side));
  return [{ text: ' '.repeat(POINTER_WIDTH) + titles.join(' ').trimEnd(), dim: true }];
}

export function runLine(run: RunView, columns: readonly PlacedColumn[], now: number, signs: Signs, selected: boolean): Line {
  const line: Span[] = [{ text: toWidth(selected ? signs.pointer : '', POINTER_WIDTH), bold: true }];
  for (const [index, column] of columns.entries()) {
    const span = column.cell(run, column.width, now, signs);
    line.push({ ...span, text: (index === 0 ? '' : ' ') + toWidth(span.text, column.width, column.side) });
  }
  return selected ? line.map((span) => ({ text: span.text, inverse: true, bold: span.bold })) : line;
}

function stateCell(run: RunView, _width: number, _now: number, signs: Signs): Span {
  const { progress } = run;
  const percent = run.state === 'RUNNING' && progress !== null && progress.total > 0 ? ` ${percentOf(progress)}%` : '';
  return { text: `${signs.state[run.state]} ${oneLine(run.stateName)}${percent}`, colour: colourOf(run.state, run.stateName) };
}

function nameCell(run: RunView, width: number): Span {
  const id = shortId(run.id);
  if (run.name === null) return { text: run.id.length <= width ? run.id : id, dim: true };
  return { text: width < 22 ? oneLine(run.name) : `${id} ${oneLine(run.name)}` };
}

/** Starts so far of the starts allowed. */
function tryText(run: RunView): string {
  return `${run.attempt}/${mostAttempts(run)}`;
}

export function percentOf(progress: { readonly done: number; readonly total: number }): number {
  return Math.max(0, Math.min(100, Math.floor((100 * progress.done) / progress.total)));
}

export function barText(progress: { readonly done: number; readonly total: number }, width: number, signs: Signs): string {
  const full = Math.round((percentOf(progress) * width) / 100);
  return signs.bar[0].repeat(full) + signs.bar[1].repeat(width - full);
}

/** What the run is about: its progress while it runs, its error when it failed, else the call and what it gave. */
function infoCell(run: RunView, width: number, _now: number, signs: Signs): Span {
  const { progress, error } = run;
  if (run.state === 'RUNNING' && progress !== null && progress.total > 0) {
    return { text: `${barText(progress, 10, signs)} ${progress.done}/${progress.total} ${oneLine(progress.note ?? '')}`, colour: 'cyan' };
  }
  if (error !== null) return { text: errorLine(error), colour: errorColour(run) };
  const args = shortArgs(run);
  const result = run.state === 'COMPLETED' ? shortResult(run) : '';
  if (result === '') return { text: args, dim: true };
  const room = Math.max(Math.floor(width / 2), width - result.length - 3);
  return { text: `${cut(args, room)} → ${result}`, dim: true };
}

function errorColour(run: RunView): Colour | undefined {
  return run.state === 'FAILED' || run.state === 'CRASHED' ? colourOf(run.state) : undefined;
}
