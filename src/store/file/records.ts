/**
 * What the lines of a journal say: `s` the sequence number, `d` the highest one known durable when it was written, `e` the epoch of
 * the server that wrote it, `t` its time, `k` its kind. Payloads stand in them as they are, so that `jq` reads them, and last, so that
 * they come out again byte for byte.
 */
import type { ProcessIdentity } from '../../core/frames.ts';
import type { FinalState, NewRun, RunEvent } from '../../core/run.ts';
import type { Fact, Pausable } from '../rows.ts';
import { endOfText, quote } from './lines.ts';

/** The only layout there is so far. A file with a higher number was written by a newer bgtask. */
export const VERSION = 1;

export interface JournalRecord {
  readonly s: number;
  readonly d: number;
  readonly e: number;
  readonly t: number;
  readonly k: string;
  readonly [key: string]: unknown;
}

const KINDS = {
  assign: 'run.assigned',
  start: 'run.started',
  retry: 'run.retried',
  progress: 'run.progressed',
  key: 'run.keyed',
  defer: 'run.deferred',
  succeed: 'run.succeeded',
  fail: 'run.failed',
  crash: 'run.crashed',
  stopped: 'run.stopped',
  release: 'run.released',
  lose: 'run.lost',
  abandon: 'run.abandoned',
  cancel: 'run.cancelled',
  expire: 'run.expired',
  shift: 'run.shifted',
  upstream: 'run.upstream',
} as const satisfies Record<RunEvent['type'], string>;
const TYPES = new Map(Object.entries(KINDS).map(([type, kind]) => [kind as string, type as RunEvent['type']]));

/** The text of a record from its kind on, without its closing brace. */
export function textOf(fact: Fact): string {
  if (fact.kind === 'event') return eventText(fact.id, fact.event);
  if (fact.kind === 'submit') return submitText(fact.run);
  if (fact.kind === 'remove') return `"k":"runs.removed","ids":${JSON.stringify(fact.ids)}`;
  if (fact.kind === 'uncache') return `"k":"cache.cleared","ids":${JSON.stringify(fact.ids)}`;
  if (fact.kind === 'worker') return `"k":"worker.connected","id":${quote(fact.id)},"process":${JSON.stringify(fact.process)}`;
  if (fact.kind === 'input') return `"k":"task.input","task":${quote(fact.task)},"schema":${JSON.stringify(fact.schema)}`;
  return `"k":"${fact.of}.${fact.paused ? 'paused' : 'resumed'}","${fact.of}":${quote(fact.name)}`;
}

/** What a submit may leave out, and what that means. */
const LEFT_OUT = {
  name: null,
  idempotencyKey: null,
  idempotencyTtlMs: null,
  concurrencyKey: null,
  parentId: null,
  retryOf: null,
  timeoutMs: null,
  maxAttempts: null,
  expiresAt: null,
  dueBy: null,
  displaces: null,
  direct: null,
} as const satisfies Partial<NewRun>;
const OPTIONAL = Object.keys(LEFT_OUT) as (keyof typeof LEFT_OUT)[];

function submitText(run: NewRun): string {
  let text = `"k":"run.submitted","id":${quote(run.id)},"task":${quote(run.task)}`;
  for (const key of OPTIONAL) {
    const value = run[key];
    if (value !== null) text += `,"${key}":${typeof value === 'string' ? quote(value) : JSON.stringify(value)}`;
  }
  if (run.tags.length > 0) text += `,"tags":${JSON.stringify(run.tags)}`;
  if (run.waitFor.length > 0) text += `,"waitFor":${JSON.stringify(run.waitFor)}`;
  if (run.priority !== 0) text += `,"priority":${run.priority}`;
  return `${text},"createdAt":${run.createdAt},"dueAt":${run.dueAt},"args":${run.args}`;
}

function eventText(id: string, event: RunEvent): string {
  const start = `"k":"${KINDS[event.type]}","id":${quote(id)}`;
  if (event.type === 'assign') {
    const { token, workerId, workerName } = event.lease;
    const lease = `"token":${quote(token)},"workerId":${quote(workerId)},"workerName":${quote(workerName)}`;
    return `${start},${lease},"maxAttempts":${event.maxAttempts}`;
  }
  if (event.type === 'start') return `${start},"token":${quote(event.token)}${attemptText(event.attempt)}`;
  if (event.type === 'succeed') {
    const from = event.cachedFrom === undefined ? '' : `,"cachedFrom":${quote(event.cachedFrom)}`;
    return `${start},"token":${quote(event.token)}${attemptText(event.attempt)}${from}${event.result === null ? '' : `,"result":${event.result}`}`;
  }
  if (event.type === 'upstream') return `${start},"upstream":${quote(event.id)},"state":"${event.state}"`;
  const { type: _type, ...rest } = event;
  const said = JSON.stringify(rest).slice(1, -1);
  return said === '' ? start : `${start},${said}`;
}

function attemptText(attempt: number | undefined): string {
  return attempt === undefined ? '' : `,"attempt":${attempt}`;
}

/** A sound line of a journal, read. @throws {SyntaxError} It is no JSON. */
export function readRecord(line: Buffer): JournalRecord {
  const end = endOfText(line);
  const key = payloadKey(line);
  const at = key === null ? -1 : line.indexOf(`,"${key}":`);
  if (at === -1 || at >= end) return JSON.parse(`${line.toString('utf8', 0, end)}}`);
  const record = JSON.parse(`${line.toString('utf8', 0, at)}}`);
  record[key as string] = line.toString('utf8', at + (key as string).length + 4, end);
  return record;
}

/** What it makes happen; null where it is only about the journal itself. @throws {Error} Its kind is unknown. */
export function factOf(record: JournalRecord): Fact | null {
  const { k, t: at } = record;
  const type = TYPES.get(k);
  if (type !== undefined) return { kind: 'event', id: record.id as string, event: READ[type](record), at };
  if (k === 'run.submitted') return { kind: 'submit', run: submitOf(record), at };
  if (k === 'runs.removed') return { kind: 'remove', ids: record.ids as string[], at };
  if (k === 'cache.cleared') return { kind: 'uncache', ids: record.ids as string[], at };
  if (k === 'worker.connected') return { kind: 'worker', id: record.id as string, process: record.process as ProcessIdentity, at };
  if (k === 'task.input') return { kind: 'input', task: record.task as string, schema: record.schema as string | null, at };
  const [, of, verb] = /^(task|worker)\.(paused|resumed)$/.exec(k) ?? [];
  if (of !== undefined) return { kind: 'pause', of: of as Pausable, name: record[of] as string, paused: verb === 'paused', at };
  if (k === 'segment' || k === 'mark' || k === 'next') return null;
  throw new Error(`its kind '${k}' is unknown`);
}

/** Under which key the payload of a line stands; the kind is found by its first letters, as most lines have none. */
function payloadKey(line: Buffer): 'args' | 'result' | null {
  const kind = line.indexOf('"k":"run.su') + 11;
  if (kind < 11 || kind > 100) return null;
  return line[kind] === 0x62 ? 'args' : line[kind] === 0x63 ? 'result' : null;
}

type Reader = (record: JournalRecord) => RunEvent;
const tokenAndReason =
  (type: 'release' | 'lose' | 'abandon'): Reader =>
  (record) => ({ type, token: record.token as string, reason: record.reason as string });
const READ: Record<RunEvent['type'], Reader> = {
  assign: (record) => ({ type: 'assign', lease: leaseOf(record), maxAttempts: record.maxAttempts as number }),
  start: rest('start'),
  retry: rest('retry'),
  succeed: (record) => ({ result: null, ...rest('succeed')(record) }) as RunEvent,
  release: tokenAndReason('release'),
  lose: tokenAndReason('lose'),
  abandon: tokenAndReason('abandon'),
  expire: () => ({ type: 'expire' }),
  progress: rest('progress'),
  key: rest('key'),
  defer: rest('defer'),
  fail: rest('fail'),
  crash: rest('crash'),
  stopped: rest('stopped'),
  cancel: rest('cancel'),
  shift: rest('shift'),
  upstream: ({ upstream, state }) => ({ type: 'upstream', id: upstream as string, state: state as FinalState }),
};

function rest(type: RunEvent['type']): Reader {
  return ({ s: _s, d: _d, e: _e, t: _t, k: _k, id: _id, ...said }) => ({ type, ...said }) as unknown as RunEvent;
}

function leaseOf({ token, workerId, workerName }: Record<string, unknown>) {
  return { token: token as string, workerId: workerId as string, workerName: workerName as string };
}

/** With every key, so that all runs that are read have one shape. */
export const NO_RUN: NewRun = {
  ...{ id: '', task: '', args: '[]', ...LEFT_OUT, tags: [], priority: 0, waitFor: [], createdAt: 0, dueAt: 0 },
  onConflict: 'return', // what came of it is known
};
const NEW_RUN_KEYS = Object.keys(NO_RUN) as (keyof NewRun)[];

function submitOf(record: JournalRecord): NewRun {
  const said = record as Partial<NewRun> & JournalRecord;
  const run: Record<string, unknown> = { ...NO_RUN };
  for (const key of NEW_RUN_KEYS) if (said[key] !== undefined) run[key] = said[key];
  return run as unknown as NewRun;
}
