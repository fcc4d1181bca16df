/** What is done to several runs at once: those named, or those that fit a filter. One that cannot be found does not stop the others. */
import type { Client } from '../client/client.ts';
import type { RunFilter, RunView } from '../core/api.ts';
import { RefusedError } from '../core/errors.ts';
import { FINAL_STATES, OPEN_STATES, type RunState } from '../core/run.ts';
import { type FilterFlags, filterOf } from './flags.ts';
import { fullId, isNotFound, listRuns, notFound } from './runs.ts';
import { count, paint } from './text.ts';
import { UsageError } from './usage.ts';

export interface Selection {
  readonly ids: readonly string[];
  readonly flags: FilterFlags & { readonly yes: boolean };
}
interface Verb<Answer> {
  /** As in `Cancel 3 runs?`. */
  readonly name: string;
  /** What a filter without `--state` means, and all it may mean. */
  readonly usual: readonly RunState[];
  readonly possible: readonly RunState[];
  /** How `--yes` is typed with it: it is never done to a filter unless somebody agreed, also where nobody can be asked. */
  readonly command?: string;
  ask(id: string): Promise<Answer>;
  onAnswer?(answer: Answer): void;
}

const AT_ONCE = 16;

/** Answers with each run as it is then. */
export async function cancelRuns(client: Client, selection: Selection): Promise<RunView[]> {
  return await doToRuns(client, selection, {
    name: 'Cancel',
    usual: OPEN_STATES,
    possible: OPEN_STATES,
    ask: (id) => client.request<RunView>('POST', `/runs/${encodeURIComponent(id)}/cancel`),
  });
}

/** Answers with the new runs. `onNew` is told of each, also where another one could not be repeated. */
export async function retryRuns(client: Client, selection: Selection, onNew: (run: RunView) => void): Promise<RunView[]> {
  return await doToRuns(client, selection, {
    onAnswer: onNew,
    name: 'Repeat',
    usual: ['FAILED', 'CRASHED'],
    possible: FINAL_STATES,
    command: 'bgtask run retry',
    ask: (id) => client.request<RunView>('POST', `/runs/${encodeURIComponent(id)}/retry`),
  });
}

/** Answers with the new runs, as `retryRuns`; with `args` where they are given. */
export async function replayRuns(
  client: Client,
  ids: readonly string[],
  args: readonly unknown[] | undefined,
  onNew: (run: RunView) => void,
): Promise<RunView[]> {
  const ask = (id: string) => client.request<RunView>('POST', `/runs/${encodeURIComponent(id)}/replay`, args && { args });
  const { answers, failures } = await askEach(client, await fullIds(client, ids), ask);
  for (const run of answers) onNew(run);
  if (failures.length > 0) throw failures[0];
  return answers;
}

/** Answers with the ids that are gone. */
export async function removeRuns(client: Client, selection: Selection): Promise<{ id: string }[]> {
  return await doToRuns(client, selection, {
    name: 'Remove',
    usual: FINAL_STATES,
    possible: FINAL_STATES,
    async ask(id) {
      await client.request('DELETE', `/runs/${encodeURIComponent(id)}`);
      return { id };
    },
  });
}

async function doToRuns<Answer>(client: Client, selection: Selection, verb: Verb<Answer>): Promise<Answer[]> {
  const named = selection.ids.length > 0;
  if (named && Object.keys(filterOf(selection.flags)).length > 0) {
    throw new UsageError('Say which runs either by id or by --state, --task and --tag, not by both.');
  }
  const ids = named ? await fullIds(client, selection.ids) : await matching(client, selection, verb);
  const { answers, failures } = await askEach(client, ids, (id) => verb.ask(id));
  for (const answer of answers) verb.onAnswer?.(answer);
  // One that is gone or has moved on since the list was made is what the filter asked for.
  const serious = named ? failures : failures.filter((error) => !isOvertaken(error));
  if (serious.length > 0) throw serious[0];
  return answers;
}

/** Each id once, some at the same time; what is answered comes in the order of the ids. */
async function askEach<Answer>(client: Client, ids: readonly string[], ask: (id: string) => Promise<Answer>) {
  const answers = new Map<string, Answer[]>([...new Set(ids)].map((id) => [id, []]));
  const failures: unknown[] = [];
  await inParallel([...answers.keys()], async (id) => {
    try {
      answers.set(id, [await ask(id)]);
    } catch (error) {
      failures.push(isNotFound(error) ? await notFound(client, id) : error);
    }
  });
  return { answers: [...answers.values()].flat(), failures };
}

async function fullIds(client: Client, ids: readonly string[]): Promise<string[]> {
  const full = new Map<string, string>(ids.map((id) => [id, id]));
  await inParallel([...full.keys()], async (id) => void full.set(id, await fullId(client, id)));
  return [...full.values()];
}

async function matching(client: Client, { flags }: Selection, { name, usual, possible, command }: Verb<unknown>): Promise<string[]> {
  const filter = filterOf(flags);
  if (Object.keys(filter).length === 0) {
    throw new UsageError('Say which runs: by id, or by --state, --task or --tag.', ['List them: bgtask task ls --no-live']);
  }
  const state = (filter.state ?? usual).filter((one) => possible.includes(one));
  const runs = state.length > 0 ? await listRuns(client, { ...filter, state }, Number.POSITIVE_INFINITY) : [];
  if (runs.length === 0 || flags.yes) return runs.map((run) => run.id);
  if (canAsk()) return (await confirmed(`${name} ${count(runs.length, 'run')}?`)) ? runs.map((run) => run.id) : [];
  if (command === undefined) return runs.map((run) => run.id); // the flags were the answer
  throw new UsageError(`${count(runs.length, 'run')} would be repeated, and there is nobody to ask.`, [
    `Go ahead: ${command} ${filterText(filter)} --yes`,
  ]);
}

function filterText({ state = [], task, tag }: RunFilter): string {
  return [state.length > 0 && `--state ${state.join(',')}`, task && `--task ${task}`, tag && `--tag ${tag}`].filter(Boolean).join(' ');
}

function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

async function confirmed(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asked.question(`${question} ${paint('dim', '[y/N]', process.stderr)} `)).trim());
  } finally {
    asked.close();
  }
}

async function inParallel(ids: readonly string[], run: (id: string) => Promise<void>): Promise<void> {
  const left = [...ids].reverse();
  const lane = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await run(id);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, lane));
}

function isOvertaken(error: unknown): boolean {
  return isNotFound(error) || (error instanceof RefusedError && error.status === 409);
}
