/** What stands where there are no runs to show: first steps, nothing found, no server, too small a terminal, the help. Pure. */
import { RUN_STATES } from '../core/run.ts';
import { oneLine } from '../core/text.ts';
import { BINDINGS } from './keys.ts';
import type { Shown } from './shown.ts';
import { colourOf, type Line, type Span } from './theme.ts';

export const LEAST_COLUMNS = 40;
export const LEAST_ROWS = 8;

const BLANK: Line = [{ text: ' ' }];

export function isTooSmall(columns: number, rows: number): boolean {
  return columns < LEAST_COLUMNS || rows < LEAST_ROWS;
}

export function tooSmallLines(columns: number, rows: number): readonly Line[] {
  return [[{ text: 'Terminal too small', bold: true }], [{ text: `${columns}×${rows}; least ${LEAST_COLUMNS}×${LEAST_ROWS}` }]].slice(
    0,
    rows,
  );
}

/** In place of the list. */
export function emptyLines(shown: Shown): readonly Line[] {
  const { view, screen, loading, filter } = shown;
  if (view.counts === null) return view.connection.failures > 0 ? unreachable(shown) : [BLANK, [{ text: '  Connecting…', dim: true }]];
  if (loading) return [BLANK, [{ text: '  Loading…', dim: true }]];
  const narrowed = screen.text !== '' || screen.show !== 'all';
  if (!narrowed && filter.state === undefined && filter.task === undefined && filter.tag === undefined) return firstSteps(shown);
  const way = narrowed ? 'Esc shows all runs again.' : 'The command asked for these only; run it without its filters to see all.';
  return [BLANK, [{ text: '  No run matches.', bold: true }], [{ text: `  ${way}`, dim: true }]];
}

function firstSteps({ served }: Shown): readonly Line[] {
  const [first] = served;
  const steps =
    first === undefined
      ? [step('Serve tasks', 'bgtask task serve tasks.ts'), step('Submit a run', 'bgtask task run greet Ada')]
      : [step('Served', oneLine(served.join(', '))), step('Submit a run', `bgtask task run ${oneLine(first)} [ARG…]`)];
  return [
    BLANK,
    [{ text: '  No runs yet.', bold: true }],
    BLANK,
    ...steps,
    BLANK,
    [{ text: '  Runs appear here the moment they are submitted.', dim: true }],
  ];
}

/** The error of the client says what helps; it is tried again all the time. */
function unreachable({ url, trouble }: Shown): readonly Line[] {
  const message = trouble?.message ?? `No bgtask server answers${url === '' ? '' : ` at ${url}`}.`;
  // The viewer is a bundle of its own, so the class of the error is not the one it knows.
  const { suggestions = [] } = (trouble ?? {}) as { suggestions?: readonly string[] };
  const steps = suggestions.map((text): Line => {
    const [what = '', ...command] = oneLine(text).split(': ');
    return step(what, command.join(': '));
  });
  const rest: Line[] = [BLANK, [{ text: '  Trying again; the list appears when it is there.', dim: true }]];
  return [BLANK, [{ text: `  ${oneLine(message)}`, bold: true }], ...(steps.length > 0 ? [BLANK, ...steps] : []), ...rest];
}

function step(what: string, command: string): Line {
  return [{ text: `  ${what.padEnd(14)} ` }, { text: command, colour: 'cyan' }];
}

/** In place of the details, while nothing is known of the run. */
export function noDetailsLines({ opened }: Shown): readonly Line[] {
  const text = opened?.unknown ? 'The server has no such run. Finished runs are removed in time.' : 'Loading…';
  return [BLANK, [{ text: `  ${text}`, dim: true }]];
}

export function helpLines({ signs }: Shown): readonly Line[] {
  const lines: Line[] = [BLANK];
  for (const { shown, does } of BINDINGS) {
    if (shown === undefined || does === undefined) continue;
    lines.push([{ text: `  ${shown.padEnd(12)}`, bold: true }, { text: does }]);
  }
  const legend = RUN_STATES.map((state): Span => ({ text: `  ${signs.state[state]} ${state.toLowerCase()}`, colour: colourOf(state) }));
  return [...lines, legend.slice(0, 5), legend.slice(5)];
}
