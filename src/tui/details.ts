/**
 * Everything about one run as lines to scroll through: facts, arguments, result or error, history, logs. Pure. What only a new version of
 * the run can change is made once per version and width, so a tick of the clock costs nothing where the values are large.
 */

import type { LogLine, RunView } from '../core/api.ts';
import { formatDuration } from '../core/duration.ts';
import { escapeText, oneLine, wrap } from '../core/text.ts';
import { mostAttempts } from '../core/view.ts';
import { barText, percentOf } from './list.ts';
import type { Logs } from './logs.ts';
import { type Colour, colourOf, cutLine, type Line, lineWidth, type Signs, type Span } from './theme.ts';
import { clockText, dateText, preciseText, tookText, whenText } from './time.ts';
import { errorText, longText } from './values.ts';

/** Lines of one value; `run inspect ID --json` prints it whole. */
const MOST_LINES = 400;
/** Lines of the screen that one line of a log may take. */
const MOST_LOG_LINES = 200;
const LABEL = 11;

export function detailLines(run: RunView, logs: Logs, width: number, now: number, signs: Signs): readonly Line[] {
  return [...facts(run, width, now, signs), ...fixedLines(run, width), ...logLines(logs, width)];
}

/** `label` before the first of `lines`, and blanks before the others. */
function block(label: string, lines: readonly Line[], width: number): Line[] {
  return lines.map((line, index) => {
    const head: Span = { text: (index === 0 ? label : '').padEnd(LABEL), dim: true };
    return lineWidth(line) <= width - LABEL ? [head, ...line] : cutLine([head, ...line], width);
  });
}

function textBlock(label: string, text: string, width: number, style: Omit<Span, 'text'> = {}): Line[] {
  const lines = wrap(text, width - LABEL, MOST_LINES + 1);
  const shown = lines.slice(0, MOST_LINES).map((line): Line => [{ ...style, text: line }]);
  if (lines.length > MOST_LINES) shown.push([{ text: '… more; all of it: bgtask run inspect ID --json', dim: true }]);
  return block(label, shown, width);
}

// ---- Facts ------------------------------------------------------------------------------------------------------------------

function facts(run: RunView, width: number, now: number, signs: Signs): Line[] {
  const lines = [
    ...textBlock('Run', oneLine(run.id), width),
    ...textBlock('Attempt', attemptText(run), width),
    ...textBlock('Time', timeText(run, now), width),
  ];
  for (const [label, text] of relations(run)) lines.push(...textBlock(label, text, width));
  const { progress } = run;
  if (progress !== null && progress.total > 0) {
    const note = progress.note === null ? '' : `  ${oneLine(progress.note)}`;
    const room = Math.max(10, Math.min(40, width - LABEL - 30));
    const text = `${barText(progress, room, signs)} ${percentOf(progress)}%  ${progress.done}/${progress.total}${note}`;
    lines.push(...textBlock('Progress', text, width, { colour: 'cyan' }));
  }
  return lines;
}

function attemptText(run: RunView): string {
  const parts = [run.attempt === 0 ? `none of ${run.maxAttempts} yet` : `${run.attempt} of ${mostAttempts(run)}`];
  if (run.crashes > 0) parts.push(`${run.crashes} ${run.crashes === 1 ? 'crash' : 'crashes'}`);
  if (run.worker !== null) parts.push(`worker ${oneLine(run.worker)}`);
  return parts.join(' · ');
}

function timeText(run: RunView, now: number): string {
  const open = run.endedAt === null;
  const created = Date.parse(run.createdAt);
  const parts = [open ? `created ${clockText(created)} (${whenText(run, now)})` : `created ${dateText(created)}`];
  const took = tookText(run, now);
  if (run.state === 'SCHEDULED') {
    if (took !== '') parts.push(`due ${took}`);
    return parts.join(' · ');
  }
  if (run.startedAt !== null) parts.push(`started ${clockText(Date.parse(run.startedAt))}`);
  if (took !== '') parts.push(open ? `running ${took}` : `took ${took}`);
  return parts.join(' · ');
}

function relations(run: RunView): [label: string, text: string][] {
  const all: [string, string][] = [
    ['Tags', run.tags.join(', ')],
    ['Key', run.idempotencyKey ?? ''],
    ['Waits for', run.waitFor.join(', ')],
    ['Held by', run.waitingFor ?? ''],
    ['Parent', run.parentId ?? ''],
    ['Repeats', run.retryOf ?? ''],
    ['Head start', run.priority === 0 ? '' : formatDuration(run.priority)],
  ];
  return all.filter(([, text]) => text !== '').map(([label, text]) => [label, oneLine(text)]);
}

// ---- What only a new version of the run changes -----------------------------------------------------------------------------

const made = new WeakMap<RunView, { readonly width: number; readonly lines: readonly Line[] }>();

function fixedLines(run: RunView, width: number): readonly Line[] {
  const before = made.get(run);
  if (before?.width === width) return before.lines;
  const lines = [...argumentLines(run, width), ...metaLines(run, width), ...outcomeLines(run, width), ...historyLines(run, width)];
  made.set(run, { width, lines });
  return lines;
}

function argumentLines(run: RunView, width: number): Line[] {
  if (run.args.length === 0) return [EMPTY, ...textBlock('Arguments', 'none', width, { dim: true })];
  const texts = run.args.map((arg) => longText(arg, width - LABEL));
  const joined = texts.join(', ');
  const text = joined.length <= width - LABEL && !joined.includes('\n') ? joined : texts.join('\n');
  return [EMPTY, ...textBlock('Arguments', text, width)];
}

function metaLines({ meta }: RunView, width: number): Line[] {
  const entries = Object.entries(meta).map(([key, value]) => `${oneLine(key)}: ${longText(value, width - LABEL)}`);
  return entries.length === 0 ? [] : [EMPTY, ...textBlock('Meta', entries.join('\n'), width)];
}

function outcomeLines(run: RunView, width: number): Line[] {
  if (run.error !== null) {
    const colour = colourOf(run.state);
    const [head, ...rest] = textBlock('Error', errorText(run.error), width, { colour });
    return [EMPTY, ...(head === undefined ? [] : [head]), ...rest.map((line) => line.map((span) => stackSpan(span, colour)))];
  }
  if (run.state !== 'COMPLETED') return [];
  const nothing = run.result === undefined;
  return [EMPTY, ...textBlock('Result', nothing ? 'nothing (undefined)' : longText(run.result, width - LABEL), width, { dim: nothing })];
}

/** The lines of a stack are there, but do not shout. */
function stackSpan(span: Span, colour: Colour | undefined): Span {
  return /^\s+at /.test(span.text) ? { text: span.text, dim: true } : { text: span.text, colour };
}

function historyLines(run: RunView, width: number): Line[] {
  const entries = run.history ?? [];
  let previous: number | null = null;
  const lines: Line[] = [];
  for (const entry of entries) {
    const at = Date.parse(entry.at);
    const since = previous === null ? '' : `+${formatDuration(Math.max(0, at - previous))}`;
    previous = at;
    const head = `${preciseText(at)} ${since.padEnd(9)} `;
    const name = oneLine(entry.name);
    const attempt = entry.attempt > 0 ? `${' '.repeat(Math.max(1, 16 - name.length))}attempt ${entry.attempt}` : '';
    lines.push([{ text: head, dim: true }, { text: name, colour: colourOf(entry.state, entry.name) }, { text: attempt }]);
    if (entry.reason !== null) {
      const indent = ' '.repeat(head.length);
      for (const text of wrap(oneLine(entry.reason), Math.max(10, width - LABEL - head.length), 3))
        lines.push([{ text: indent + text, dim: true }]);
    }
  }
  return lines.length === 0 ? [] : [EMPTY, ...block('History', lines, width)];
}

const EMPTY: Line = [{ text: ' ' }];

// ---- Logs -------------------------------------------------------------------------------------------------------------------

const LEVELS: Readonly<Record<LogLine['level'], Colour | undefined>> = { debug: 'gray', info: undefined, warn: 'yellow', error: 'red' };
const wrapped = new WeakMap<LogLine, { readonly width: number; readonly lines: readonly Line[] }>();

function logLines(logs: Logs, width: number): Line[] {
  if (logs.lines.length === 0) return [];
  const lines: Line[] = [];
  if (logs.dropped > 0) lines.push([{ text: `${logs.dropped} earlier lines: bgtask run logs ID`, dim: true }]);
  let attempt = logs.lines[0]?.attempt;
  for (const line of logs.lines) {
    if (line.attempt !== attempt) {
      attempt = line.attempt;
      lines.push([{ text: `attempt ${attempt}`, dim: true }]);
    }
    lines.push(...logLine(line, width));
  }
  return [EMPTY, ...block('Logs', lines, width)];
}

/** Its time and level, then its text; what does not fit goes on below. */
function logLine(log: LogLine, width: number): readonly Line[] {
  const before = wrapped.get(log);
  if (before?.width === width) return before.lines;
  const head = `${preciseText(Date.parse(log.at))} ${oneLine(log.level).padEnd(5)} `;
  const texts = wrap(escapeText(log.text.replace(/\n$/, '')), Math.max(10, width - LABEL - head.length), MOST_LOG_LINES);
  const colour = LEVELS[log.level];
  const lines = texts.map(
    (text, index): Line => [
      { text: index === 0 ? head : ' '.repeat(head.length), dim: true },
      { text, colour },
    ],
  );
  wrapped.set(log, { width, lines });
  return lines;
}
