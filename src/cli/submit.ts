/** From what `task run` was told to the body of a submit. */
import { randomFillSync } from 'node:crypto';
import type { Client } from '../client/client.ts';
import { nearest } from '../config/nearest.ts';
import type { RunView, SubmitOptions, SubmitRequest, TaskView } from '../core/api.ts';
import { toMilliseconds } from '../core/duration.ts';
import { idMaker, shortId } from '../core/ids.ts';
import { oneLine } from '../core/text.ts';
import { parseArgs, parseArgsJson, readStdin } from './args.ts';
import { listed } from './flags.ts';
import { UsageError } from './usage.ts';

export interface SubmitFlags {
  readonly args?: string | undefined;
  readonly delay?: string | undefined;
  readonly at?: string | undefined;
  readonly id?: string | undefined;
  readonly priority?: string | undefined;
  readonly tag?: readonly string[] | string | undefined;
  readonly key?: string | undefined;
  readonly 'on-conflict'?: string | undefined;
  readonly ttl?: string | undefined;
  readonly retries?: number | undefined;
  readonly timeout?: string | undefined;
  readonly name?: string | undefined;
  readonly wait: boolean;
}

/** Submits, and says what a person should know beside the id. */
export async function submit(
  client: Client,
  task: string,
  words: readonly string[],
  flags: SubmitFlags,
  note: (line: string) => void,
): Promise<RunView> {
  const request = await submitRequest(task, words, flags, newIds());
  const served = await servedTasks(client); // first: once the run is stored, nothing may fail
  const run = await client.request<RunView & { deduplicated?: true }>('POST', '/runs', request);
  if (run.deduplicated) note(`A run with this key was there already: it is ${run.state}.`);
  else
    note(
      `Submitted ${oneLine(run.task)}${flags.wait ? ` as ${typed(run.id)}` : `. Wait for it: bgtask run wait ${process.stderr.isTTY ? shortId(run.id) : run.id}`}`,
    );
  if (run.endedAt === null && !served.includes(run.task)) note(unservedText(run, served));
  return run;
}

async function servedTasks(client: Client): Promise<string[]> {
  const tasks = await client.request<TaskView[]>('GET', '/tasks');
  return tasks.filter(({ workers }) => workers > 0).map(({ name }) => name);
}

/** What a run waits for whose task is none of `served`. */
function unservedText({ id, task }: RunView, served: readonly string[]): string {
  const near = nearest(task, served);
  const help =
    near === null ? 'Start one: bgtask task serve FILE' : `Did you mean ${oneLine(near)}? Cancel it: bgtask run cancel ${typed(id)}`;
  return `No connected worker serves ${oneLine(task)}: the run waits for one. ${help}`;
}

/** An id inside a message: as a person would type it, whole where nobody watches. */
function typed(id: string): string {
  return process.stderr.isTTY ? shortId(id) : id;
}

function newIds(): () => string {
  return idMaker(Date.now, (bytes) => void randomFillSync(bytes));
}

/** @throws {UsageError} Something of it cannot be meant. */
export async function submitRequest(
  task: string,
  words: readonly string[],
  flags: SubmitFlags,
  newId: () => string,
): Promise<SubmitRequest> {
  if (flags.args !== undefined && words.length > 0) {
    throw new UsageError('Arguments come either after the task or from --args, not from both.');
  }
  const args = flags.args === undefined ? parseArgs(words) : parseArgsJson(flags.args === '-' ? await readStdin() : flags.args);
  const options = submitOptions(flags);
  return { id: flags.id ?? newId(), task, args, ...(Object.keys(options).length > 0 && { options }) };
}

function submitOptions(flags: SubmitFlags): SubmitOptions {
  const tags = listed(flags.tag);
  const options: SubmitOptions = {
    delay: durationOf(flags.delay, '--delay'),
    at: momentOf(flags.at),
    ttl: durationOf(flags.ttl, '--ttl'),
    idempotencyKey: flags.key,
    onConflict: flags['on-conflict'] as SubmitOptions['onConflict'],
    priority: durationOf(flags.priority, '--priority'),
    tags: tags.length > 0 ? tags : undefined,
    runName: flags.name,
    retries: flags.retries,
    timeout: durationOf(flags.timeout, '--timeout'),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Milliseconds; a bare number is milliseconds already. @throws {InvalidOptionError} It is no duration. */
export function durationOf(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  return toMilliseconds(/^\d+$/.test(text) ? Number(text) : text, what);
}

/** ISO 8601 in UTC. Without a zone the time is this machine's. */
function momentOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const at = new Date(text);
  if (!/^\d{4}-\d\d/.test(text) || Number.isNaN(at.getTime())) {
    throw new UsageError(`--at is ${JSON.stringify(text)}; expected a time such as 2026-11-24T15:00 or 2026-11-24T15:00:00Z.`);
  }
  return at.toISOString();
}
