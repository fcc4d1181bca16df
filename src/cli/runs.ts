/** Runs as a person reads them: the list as a table, one run as a page. And the way to ask a server for many of them. */

import type { Client } from '../client/client.ts';
import type { RunFilter, RunList, RunView } from '../core/api.ts';
import { formatDuration } from '../core/duration.ts';
import { RefusedError, RunNotFoundError } from '../core/errors.ts';
import { SHORT_ID, shortId } from '../core/ids.ts';
import { oneLine } from '../core/text.ts';
import { mostAttempts } from '../core/view.ts';
import { type Column, formatTable, terminalWidth } from './table.ts';
import { COLOURS, count, elapsed, fold, paint, relativeTime, stateText } from './text.ts';
import { UsageError } from './usage.ts';

/** The API gives no more at once. */
const PAGE = 1_000;
/** Where ids that look alike are looked for, and how much of an id must be there. */
const NEWEST = 200;
const LEAST_ALIKE = 4;
const MOST_ALIKE = 3;

/** The newest runs that fit, newest first, without their history. */
export async function listRuns(client: Client, filter: RunFilter, limit: number): Promise<RunView[]> {
  const runs: RunView[] = [];
  let cursor: string | null = null;
  do {
    const query: string = runQuery(filter, Math.min(PAGE, limit - runs.length), cursor);
    const page: RunList = await client.request<RunList>('GET', `/runs?${query}`);
    runs.push(...page.runs);
    cursor = page.nextCursor;
  } while (cursor !== null && runs.length < limit);
  return runs;
}

/** Ids of runs that were not chosen by their submitter. */
const UUID_LENGTH = 36;

/**
 * The id that `id` is the end of, where that is one of one run alone: at least as much of it as the viewer and the console of a worker
 * show. Any other as it is; whether there is such a run shows when it is asked for.
 * @throws {UsageError} Several runs end like it.
 */
export async function fullId(client: Client, id: string): Promise<string> {
  if (id.length < SHORT_ID || id.length >= UUID_LENGTH) return id;
  const alike = (await listRuns(client, { text: id }, PAGE)).map((run) => run.id).filter((one) => one.endsWith(id));
  if (alike.length === 0 || alike.includes(id)) return id;
  if (alike.length === 1) return alike[0] as string;
  throw new UsageError(`${count(alike.length, 'run')} have an id that ends in ${oneLine(id)}.`, alike.slice(0, MOST_ALIKE));
}

/** One run with its history. @throws {RunNotFoundError} There is none; ids that look alike are suggested. */
export async function runOf(client: Client, id: string): Promise<RunView> {
  try {
    return await client.request<RunView>('GET', `/runs/${encodeURIComponent(id)}`);
  } catch (error) {
    throw isNotFound(error) ? await notFound(client, id) : error;
  }
}

/** How many runs back the repeats of a run are followed. */
const MOST_REPEATED = 20;

/** The runs that `run` repeats: the one before it, the one before that, and so on; the last one may be known by its id alone. */
export async function repeatsOf(client: Client, run: RunView): Promise<string[]> {
  const ids: string[] = [];
  for (let id = run.retryOf; id !== null && ids.length < MOST_REPEATED; ) {
    ids.push(id);
    const before: RunView | null = await client.request<RunView>('GET', `/runs/${encodeURIComponent(id)}`).catch(unlessNotFound);
    id = before?.retryOf ?? null;
  }
  return ids;
}

function unlessNotFound(error: unknown): null {
  if (isNotFound(error)) return null;
  throw error;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof RunNotFoundError || (error instanceof RefusedError && error.status === 404);
}

/** The error of an id that is none, naming those of the newest runs that begin or end like it. */
export async function notFound(client: Client, id: string): Promise<RunNotFoundError> {
  const error = new RunNotFoundError(id);
  const runs = await listRuns(client, {}, NEWEST);
  const alike = id.length < LEAST_ALIKE ? [] : runs.filter((run) => run.id.startsWith(id) || run.id.endsWith(id)).slice(0, MOST_ALIKE);
  return Object.assign(error, { suggestions: [...alike.map((run) => `Did you mean ${run.id}? (${run.task})`), ...error.suggestions] });
}

function runQuery({ state = [], task, tag, text }: RunFilter, limit: number, cursor: string | null): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const one of state) query.append('state', one);
  if (task !== undefined) query.set('task', task);
  if (tag !== undefined) query.set('tag', tag);
  if (text !== undefined) query.set('text', text);
  if (cursor !== null) query.set('cursor', cursor);
  return query.toString();
}

/** A terminal of so many columns has room for whole ids beside the rest. */
const WIDE = 100;

/** One line for each run. Ids are there to be copied: whole, or on a narrow terminal the end that commands take. */
export function runTable(runs: readonly RunView[], now: number, width: number | null = terminalWidth()): string {
  const columns: Column<RunView>[] = [
    { title: 'ID', cell: (run) => (width !== null && width < WIDE ? shortId(run.id) : run.id) },
    { title: 'TASK', cell: (run) => run.task, least: 8 },
    { title: 'STATE', cell: (run) => ({ text: stateText(run), style: COLOURS[run.state] }), least: 9 },
    { title: 'CREATED', cell: (run) => relativeTime(run.createdAt, now) },
    { title: 'TOOK', cell: (run) => elapsed(run, now) ?? '-', side: 'right', optional: true },
    { title: 'TRY', cell: (run) => `${run.attempt}/${mostAttempts(run)}`, side: 'right', optional: true },
    { title: 'NAME', cell: (run) => run.name ?? '', least: 6, optional: true },
    { title: 'TAGS', cell: (run) => run.tags.join(','), least: 6, optional: true },
  ];
  return formatTable(
    columns.filter((column) => runs.some((run) => !isEmpty(column.cell(run)))),
    runs,
    width,
  );
}

function isEmpty(cell: ReturnType<Column<RunView>['cell']>): boolean {
  return (typeof cell === 'string' ? cell : cell.text) === '';
}

export function paintState(run: RunView, stream: NodeJS.WriteStream = process.stdout): string {
  return paint(COLOURS[run.state], stateText(run), stream);
}

const LABEL = 12;

/** One run with everything a person may ask about it; `repeated` are the runs it repeats, newest first. */
export async function runPage(run: RunView, reveal: boolean, repeated?: readonly string[]): Promise<string> {
  const { errorText, valueText } = await import('./values.ts');
  const lines = facts(run, repeated ?? [run.retryOf ?? '']).map(([label, text]) => labelled(label, text));
  const meta = Object.entries(run.meta).map(([key, value]) => `${oneLine(key)}: ${valueText(value, reveal)}`);
  if (meta.length > 0) lines.push(labelled('Meta', meta.join('\n')));
  lines.push('', labelled('Arguments', run.args.length === 0 ? 'none' : run.args.map((arg) => valueText(arg, reveal)).join('\n')));
  if (run.state === 'COMPLETED') lines.push(labelled('Result', run.result === undefined ? 'none' : valueText(run.result, reveal)));
  if (run.error) lines.push(labelled('Error', errorText(run.error)));
  if (run.history && run.history.length > 0) lines.push('', historyTable(run.history));
  return lines.join('\n');
}

function facts(run: RunView, repeated: readonly string[]): [label: string, text: string][] {
  const now = Date.now();
  const moment = (at: string | null): string => (at === null ? '' : `${at}  (${relativeTime(at, now)})`);
  const all: [string, string][] = [
    ['Run', run.id],
    ['Name', run.name ?? ''],
    ['Task', run.task],
    ['State', paintState(run)],
    ['Attempt', `${run.attempt} of ${mostAttempts(run)}${run.crashes > 0 ? `, crashed ${run.crashes} times` : ''}`],
    ['Progress', progressText(run)],
    ['Worker', run.worker ?? ''],
    ['Created', moment(run.createdAt)],
    ['Due', run.state === 'SCHEDULED' ? moment(run.dueAt) : ''],
    ['Started', moment(run.startedAt)],
    ['Ended', moment(run.endedAt)],
    ['Took', elapsed(run, now) ?? ''],
    ['Tags', run.tags.join(', ')],
    ['Head start', run.priority > 0 ? formatDuration(run.priority) : ''],
    ['Key', run.idempotencyKey ?? ''],
    ['Waits for', run.waitFor.join(', ')],
    ['Held by', run.waitingFor ?? ''],
    ['Parent', run.parentId ?? ''],
    ['Repeats', repeated.join(' ← ')],
  ];
  return all.filter(([, text]) => text !== '').map(([label, text]) => [label, label === 'State' ? text : oneLine(text)]);
}

function progressText({ progress }: RunView): string {
  if (progress === null) return '';
  return `${progress.done} of ${progress.total}${progress.note === null ? '' : `  ${progress.note}`}`;
}

/** `label` before the first line of `text`, blanks before the others; on a terminal folded to it. What is painted is short. */
function labelled(label: string, text: string, width: number | null = terminalWidth()): string {
  const lines = text.split('\n');
  const [first = '', ...rest] =
    width === null ? lines : lines.flatMap((line) => (line.includes('\x1b') ? line : fold(line, width - LABEL)));
  return [`${paint('dim', label.padEnd(LABEL))}${first}`, ...rest.map((line) => `${' '.repeat(LABEL)}${line}`)].join('\n');
}

function historyTable(history: NonNullable<RunView['history']>): string {
  const columns: Column<(typeof history)[number]>[] = [
    { title: 'TIME', cell: (entry) => entry.at },
    { title: 'STATE', cell: (entry) => ({ text: stateText({ state: entry.state, stateName: entry.name }), style: COLOURS[entry.state] }) },
    { title: 'ATTEMPT', cell: (entry) => (entry.attempt > 0 ? String(entry.attempt) : ''), side: 'right' },
    { title: 'REASON', cell: (entry) => entry.reason ?? '', least: 10 },
  ];
  return formatTable(columns, history);
}
