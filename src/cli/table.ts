/**
 * Tables as text. On a terminal they keep to its width: columns that may be cut are cut, then columns that may be left out are left
 * out. In a pipe every line is whole. Cells are data: they are escaped here and cannot paint outside their place.
 */
import { cut, displayWidth, oneLine, toWidth } from '../core/text.ts';
import { paint, type Style } from './text.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}
export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string | Cell;
  readonly side?: 'right';
  /** Cut down to so many columns where there is no room. */
  readonly least?: number;
  /** Left out where there is no room even so; the last such column first. */
  readonly optional?: true;
}

const GAP = 2;
const SMALLEST_TERMINAL = 40;

/** `rows` under their titles. `width` null: as wide as it comes. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number | null = terminalWidth()): string {
  const drawn = columns.map((column) => draw(column, rows));
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(width, SMALLEST_TERMINAL);
  const shown = shrink(dropped(drawn, room), room);
  const lines = [shown.map((column) => title(column)), ...rows.map((_, index) => shown.map((column) => body(column, index)))];
  return lines.map((cells) => cells.join(' '.repeat(GAP)).trimEnd()).join('\n');
}

/** Columns of the terminal; null in a pipe. */
export function terminalWidth(): number | null {
  return process.stdout.isTTY ? process.stdout.columns || 80 : null;
}

interface Drawn {
  readonly column: Column<never>;
  readonly cells: readonly Cell[];
  readonly width: number;
}

function draw<Row>(column: Column<Row>, rows: readonly Row[]): Drawn {
  const cells = rows.map((row) => {
    const cell = column.cell(row);
    return typeof cell === 'string' ? { text: oneLine(cell) } : { ...cell, text: oneLine(cell.text) };
  });
  return { column, cells, width: Math.max(displayWidth(column.title), ...cells.map((cell) => displayWidth(cell.text))) };
}

/** Without the optional columns that would not fit even with the others cut down. */
function dropped(drawn: readonly Drawn[], room: number): Drawn[] {
  const left = [...drawn];
  while (total(left, least) > room) {
    const last = left.findLastIndex(({ column }) => column.optional);
    if (last < 0) return left;
    left.splice(last, 1);
  }
  return left;
}

/** Takes what is too much from the columns that may be cut, from the widest first. */
function shrink(drawn: readonly Drawn[], room: number): Drawn[] {
  const shown = [...drawn];
  for (let over = total(shown, ({ width }) => width) - room; over > 0; over -= 1) {
    const widest = shown.reduce((best, one, index) => (spare(one) > 0 && one.width > (shown[best]?.width ?? 0) ? index : best), -1);
    const column = shown[widest];
    if (!column) break;
    shown[widest] = { ...column, width: column.width - 1 };
  }
  return shown;
}

function total(drawn: readonly Drawn[], widthOf: (one: Drawn) => number): number {
  return drawn.reduce((sum, one) => sum + widthOf(one), GAP * (drawn.length - 1));
}

function least(one: Drawn): number {
  return one.width - spare(one);
}

function spare({ column, width }: Drawn): number {
  return column.least === undefined ? 0 : Math.max(0, width - Math.max(column.least, displayWidth(column.title)));
}

function title({ column, width }: Drawn): string {
  return paint('dim', toWidth(column.title, width, column.side));
}

/** Colours go around the text only, so that blanks at the end of a line can be left out. */
function body({ column, cells, width }: Drawn, index: number): string {
  const { text, style } = cells[index] as Cell;
  const short = cut(text, width);
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(short)));
  const shown = style ? paint(style, short) : short;
  return column.side === 'right' ? blanks + shown : shown + blanks;
}
