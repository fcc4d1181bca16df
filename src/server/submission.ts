/** From what a client asks for to the run that is stored. Pure: the time and the id come in. The schema has been checked before. */

import type { ErrorBody, SubmitOptions, SubmitRequest } from '../core/api.ts';
import { toMilliseconds } from '../core/duration.ts';
import { InvalidOptionError } from '../core/errors.ts';
import type { DirectRun } from '../core/frames.ts';
import { RUN_ID, TASK_NAME } from '../core/protocol.ts';
import type { Lease, NewRun, Upstream } from '../core/run.ts';
import type { NotSubmitted, Submitted } from '../store/store.ts';

/** Why a submit is not taken; `status` is the HTTP status. Nothing was stored. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterS?: number;
  /** The run that stands in the way. */
  readonly runId?: string;
  /** What is wrong with the input of its task. */
  readonly input?: ErrorBody['error']['input'];
}

export const REFUSED = {
  draining: { status: 503, code: 'draining', message: 'The server is stopping. Try again when it is back.', retryAfterS: 1 },
  diskFull: {
    status: 507,
    code: 'disk_full',
    message: 'The disk of the store is full. Nothing was stored; free some space.',
    retryAfterS: 10,
  },
  storageFailed: {
    status: 503,
    code: 'storage_failed',
    message: 'The store could not write. Whether the run is kept is not known: send it again with the same id.',
  },
  conflict: { status: 409, code: 'id_conflict', message: 'A run with this id exists with another task, other arguments or other options.' },
  expired: { status: 409, code: 'id_expired', message: 'The id is older than the newest removed run: it may have run already.' },
  'no-upstream': { status: 409, code: 'no_upstream', message: 'It waits for a run that is not there.' },
} as const satisfies Record<string, Refusal>;

export function queueFull(openRuns: number): Refusal {
  const message = `${openRuns} runs are open already. Try again when some have ended.`;
  return { status: 429, code: 'queue_full', message, retryAfterS: 1 };
}

/** What the caller is told of a run that the store has, or why it has none. */
export function answerOf(answer: Submitted | NotSubmitted): Submitted | Refusal {
  if (isAdded(answer)) return answer;
  const { kind, run } = answer;
  if (kind !== 'duplicate' || !run) return REFUSED[kind as keyof typeof REFUSED];
  const message = `Run ${run.id}, ${run.state}, has the idempotency key ${JSON.stringify(run.idempotencyKey)} of task ${run.task}.`;
  return { status: 409, code: 'duplicate', message, runId: run.id };
}

export function isRefusal(thing: object): thing is Refusal {
  return 'status' in thing && 'code' in thing;
}

/** True where the store took the run, or has it already. */
function isAdded(answer: Submitted | NotSubmitted): answer is Submitted {
  return answer.kind === 'new' || answer.kind === 'same' || answer.kind === 'deduplicated';
}

/** The run a request asks for, due now or later; `id` is used where the client made none. `argsBytes`: the most its arguments may have. */
export function newRunOf(request: SubmitRequest, id: string, at: number, argsBytes: number): NewRun | Refusal {
  const args = JSON.stringify(request.args ?? []);
  const problem = problemOf(request, args, argsBytes);
  if (problem) return problem;
  try {
    return { id: request.id ?? id, task: request.task, args, ...optionsOf(request.options ?? {}, at), createdAt: at, direct: null };
  } catch (error) {
    if (error instanceof InvalidOptionError) return { status: 400, code: 'invalid_option', message: error.message };
    throw error;
  }
}

/** A direct call, as its caller tells it: it has its lease and has started. */
export function directRunOf(call: DirectRun, lease: Lease, at: number, argsBytes: number): NewRun | Refusal {
  const { runId: id, task, args, name, tags, parentId, maxAttempts } = call;
  const run = newRunOf({ id, task, args }, id, at, argsBytes);
  return isRefusal(run) ? run : { ...run, name, tags, parentId, maxAttempts, direct: lease };
}

function problemOf(request: SubmitRequest, args: string, argsBytes: number): Refusal | undefined {
  if (!TASK_NAME.test(request.task)) {
    return { status: 400, code: 'invalid_task', message: 'A task name has 1 to 128 of the characters A-Z a-z 0-9 _ . : -' };
  }
  if (request.id !== undefined && !RUN_ID.test(request.id)) {
    return { status: 400, code: 'invalid_id', message: 'A run id has 1 to 64 of the characters A-Z a-z 0-9 _ -' };
  }
  if (args.length > argsBytes / 4 && Buffer.byteLength(args) > argsBytes) {
    const message = `The arguments are larger than ${argsBytes} bytes. Store them elsewhere and pass a reference.`;
    return { status: 413, code: 'too_large', message };
  }
  return undefined;
}

function optionsOf(options: SubmitOptions, at: number): Omit<NewRun, 'id' | 'task' | 'args' | 'createdAt' | 'direct'> {
  const ms = (key: 'delay' | 'ttl' | 'priority' | 'timeout' | 'idempotencyTtl' | 'debounceMaxWait') =>
    options[key] === undefined ? null : toMilliseconds(options[key], `options.${key}`);
  const ttl = ms('ttl');
  checkConflict(options);
  return {
    name: options.runName ?? null,
    tags: options.tags ?? [],
    priority: ms('priority') ?? 0,
    idempotencyKey: options.idempotencyKey ?? null,
    idempotencyTtlMs: ms('idempotencyTtl'),
    concurrencyKey: options.concurrencyKey ?? null,
    parentId: options.parentId ?? null,
    retryOf: options.retryOf ?? null,
    waitFor: upstreamOf(options.waitFor ?? []),
    timeoutMs: ms('timeout'),
    maxAttempts: options.retries === undefined ? null : options.retries + 1,
    ...dueOf(options.at, ms('delay'), ms('debounceMaxWait'), at),
    expiresAt: ttl === null ? null : at + ttl,
    onConflict: options.onConflict ?? 'return',
    displaces: null,
  };
}

function dueOf(said: string | undefined, delay: number | null, maxWait: number | null, at: number): Pick<NewRun, 'dueAt' | 'dueBy'> {
  const dueAt = said === undefined ? at + (delay ?? 0) : Math.max(at, instant(said));
  return maxWait === null ? { dueAt, dueBy: null } : { dueAt: Math.min(dueAt, at + maxWait), dueBy: at + maxWait };
}

function checkConflict({ idempotencyKey, onConflict, debounceMaxWait }: SubmitOptions): void {
  if (onConflict !== undefined && idempotencyKey === undefined)
    throw new InvalidOptionError(`options.onConflict is '${onConflict}', but there is no idempotencyKey that another run could have`);
  if (debounceMaxWait !== undefined && onConflict !== 'replace')
    throw new InvalidOptionError("options.debounceMaxWait needs onConflict: 'replace'");
}

function instant(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidOptionError('options.at', text, 'a time in ISO 8601, as in 2030-01-31T12:00:00Z');
  return at;
}

/** One entry for each run; a run that is waited for strictly anywhere is waited for strictly. */
function upstreamOf(waitFor: NonNullable<SubmitOptions['waitFor']>): readonly Upstream[] {
  if (waitFor.length === 0) return NO_UPSTREAM;
  const byId = new Map<string, Upstream>();
  for (const item of waitFor) {
    const { id, allowFailure = false } = typeof item === 'string' ? { id: item } : item;
    byId.set(id, { id, allowFailure: allowFailure && (byId.get(id)?.allowFailure ?? true) });
  }
  return [...byId.values()];
}
const NO_UPSTREAM: readonly Upstream[] = [];
