/** The lines around the list and the details: header, counts, status, keys. Pure: what is shown in, spans out. */
import { RUN_STATES } from '../core/run.ts';
import { displayWidth, oneLine } from '../core/text.ts';
import { countOf } from '../core/view.ts';
import { BINDINGS } from './keys.ts';
import { labelOf, type Question } from './screen.ts';
import type { Shown } from './shown.ts';
import { colourOf, cutLine, ends, type Line, lineWidth, type Span } from './theme.ts';
import { clockText } from './time.ts';

const number = new Intl.NumberFormat('en');

// ---- Header -----------------------------------------------------------------------------------------------------------------

export function headerLine(shown: Shown): Line {
  const { title, url, screen } = shown;
  const left: Span[] = [
    { text: ` ${title}`, bold: true },
    { text: url === '' ? '' : `  ${url}`, dim: true },
  ];
  return ends(left, [...badge(shown), ...connection(shown), { text: ' ' }], screen.columns);
}

/** Only where a run could be lost: the default needs no badge. */
function badge({ view }: Shown): Span[] {
  if (view.durability === null || view.durability === 'durable') return [];
  const text = view.durability === 'memory' ? ' IN MEMORY ' : ` ${oneLine(view.durability).toUpperCase()} `;
  return [{ text, colour: 'yellow', inverse: true }, { text: '  ' }];
}

function connection({ view, signs }: Shown): Span[] {
  const { state, since } = view.connection;
  if (state === 'live' && view.counts !== null) return [{ text: `${signs.live} live`, colour: 'green' }];
  if (state !== 'lost') return [{ text: `${signs.lost} connecting`, colour: 'yellow' }];
  return [{ text: `${signs.lost} reconnecting since ${clockText(since)}`, colour: 'red', bold: true }];
}

/** How many runs there are in each state that has some; without the words where they do not fit. */
export function countsLine(shown: Shown): Line {
  const { view, signs, screen } = shown;
  const { counts } = view;
  if (counts === null) return [{ text: ' ' }];
  const there = RUN_STATES.filter((state) => counts[state] > 0);
  if (there.length === 0) return [{ text: ' no runs', dim: true }];
  const line = (words: boolean): Line =>
    there.map((state) => {
      const word = words ? ` ${state.toLowerCase()}` : '';
      return { text: ` ${signs.state[state]} ${number.format(counts[state])}${word} `, colour: colourOf(state) };
    });
  const full = line(true);
  return lineWidth(full) <= screen.columns ? full : line(false);
}

// ---- Status -----------------------------------------------------------------------------------------------------------------

export function statusLine(shown: Shown): Line {
  const { columns } = shown.screen;
  return ends([{ text: ' ' }, ...told(shown)], [{ text: `${position(shown)} `, dim: true }], columns);
}

/** What most needs the eye: a question, the text being typed, the outcome of an order, the filters, what else goes on. */
function told(shown: Shown): Line {
  const { asking, message, typing, text, columns } = shown.screen;
  if (asking !== null) return [{ text: oneLine(questionText(asking)), colour: 'yellow', bold: true }];
  if (typing)
    return [
      { text: `/${endOf(oneLine(text), columns - 30)}`, bold: true },
      { text: ' ', inverse: true },
    ];
  if (message !== null) return [{ text: oneLine(message), colour: 'yellow' }];
  return standing(shown);
}

function questionText({ order, run }: Question): string {
  return order === 'cancel' ? `Cancel ${labelOf(run)}? y/n` : `Run ${labelOf(run)} again? y/n`;
}

/** The same while nothing was asked and nothing was said. */
function standing(shown: Shown): Line {
  const { screen, notice, signs, trouble, view } = shown;
  if (trouble !== null && view.connection.state === 'lost') return [{ text: oneLine(trouble.message), colour: 'red' }];
  const notices: Line = notice === null ? [] : [{ text: notice, dim: true }];
  const filters = screen.details === null ? filterSpans(shown) : [];
  const pause: Line = filters.length > 0 && notice !== null ? [{ text: `  ${signs.rule}  `, dim: true }] : [];
  return [...filters, ...pause, ...notices];
}

function filterSpans({ screen, filter }: Shown): Span[] {
  const parts: string[] = [];
  if (screen.show !== 'all') parts.push(screen.show);
  if (filter.state !== undefined && screen.show === 'all') parts.push(filter.state.join(', ').toLowerCase());
  if (filter.task !== undefined) parts.push(`task ${filter.task}`);
  if (filter.tag !== undefined) parts.push(`tag ${filter.tag}`);
  if (screen.text !== '') parts.push(`“${screen.text}”`);
  return parts.length === 0
    ? []
    : [
        { text: 'only ', dim: true },
        { text: oneLine(parts.join(' · ')), bold: true },
      ];
}

/** The end of a text that is being typed. */
function endOf(text: string, width: number): string {
  let rest = text;
  while (displayWidth(rest) > Math.max(4, width)) rest = Array.from(rest).slice(1).join('');
  return rest;
}

function position(shown: Shown): string {
  const { screen, runs, window, view, lines, top, detailsHeight } = shown;
  if (screen.details !== null) {
    if (lines.length <= detailsHeight) return '';
    return `${top + 1}–${Math.min(lines.length, top + detailsHeight)} of ${lines.length}`;
  }
  if (runs.length === 0) return '';
  const total = countOf(view.counts, RUN_STATES);
  const newest =
    view.runs.length === view.limit && total > view.limit ? ` (newest ${number.format(view.limit)} of ${number.format(total)})` : '';
  return `${number.format(window.index + 1)} of ${number.format(runs.length)}${newest}`;
}

// ---- Keys -------------------------------------------------------------------------------------------------------------------

/** The keys that do something now, as many as fit, the needed ones first to stay. */
export function keysLine(shown: Shown): Line {
  const { screen } = shown;
  if (screen.asking !== null) return keys(['y yes', 'n no'], screen.columns);
  if (screen.typing) return keys(['Enter keep', 'Esc clear', '↑↓ move', 'Ctrl-U empty'], screen.columns);
  if (screen.help) return keys(['any key closes', 'q quit'], screen.columns);
  const place = screen.details === null ? 'list' : 'details';
  const words = BINDINGS.flatMap((binding) => binding[place] ?? []);
  return keys(fitting(words, screen.columns), screen.columns);
}

type Ranked = readonly [word: string, rank: number];

function fitting(words: readonly (string | number)[], columns: number): string[] {
  const ranked: Ranked[] = [];
  for (let at = 0; at < words.length; at += 2) ranked.push([words[at] as string, words[at + 1] as number]);
  const width = () => ranked.reduce((sum, [word]) => sum + displayWidth(word) + 2, 0);
  while (ranked.length > 1 && width() > columns) {
    const last = ranked.reduce((worst, [, rank], index) => (rank >= (ranked[worst]?.[1] ?? 0) ? index : worst), 0);
    ranked.splice(last, 1);
  }
  return ranked.map(([word]) => word);
}

function keys(words: readonly string[], columns: number): Line {
  const spans = words.flatMap((word): Span[] => {
    const [key = '', ...rest] = word.split(' ');
    return [
      { text: ` ${key}`, bold: true },
      { text: ` ${rest.join(' ')} `, dim: true },
    ];
  });
  return cutLine(spans, columns);
}

// ---- The open run -----------------------------------------------------------------------------------------------------------

export function detailsTitle(shown: Shown): Line {
  const { opened, screen, signs } = shown;
  const run = opened?.run ?? null;
  if (run === null) return [{ text: ` ${oneLine(screen.details?.id ?? '')}`, bold: true }];
  const colour = colourOf(run.state, run.stateName);
  const name = run.name === null ? '' : `  “${oneLine(run.name)}”`;
  const left: Line = [{ text: ` ${oneLine(run.task)}`, bold: true }, { text: name }];
  return ends(left, [{ text: `${signs.state[run.state]} ${oneLine(run.stateName)} `, colour, bold: true }], screen.columns);
}
