/**
 * The frames of the two WebSockets as they are taken in. They are held to the types of core/frames.ts by the compiler. Frames of our own
 * clients and workers may know more than this server does.
 */
import { z } from 'zod';
import type { ClientFrame, DirectAttempt, DirectRun, Held, Outcome, ProcessIdentity, TaskInfo, WorkerFrame } from '../core/frames.ts';
import { HOOK_NAMES } from '../core/hooks.ts';
import { isMeta } from '../core/meta.ts';
import { LIMITS } from '../core/protocol.ts';
import { count, instant, logLine, progress, runError, runFilter, runId, taskName, workerName } from './schemas.ts';

const held = { runId, token: z.string().min(1).max(128) };
const lease = z.object(held) satisfies z.ZodType<Held>;
const hook = z.enum(HOOK_NAMES);
const done = { ...held, hook: hook.optional(), attempt: z.int().min(1).optional() };
const ended = { ...done, error: runError };
const outcome = z.discriminatedUnion('type', [
  z.object({ ...done, type: z.literal('succeed'), result: z.string().nullable(), cachedFrom: runId.optional() }),
  z.object({ ...ended, type: z.literal('fail'), retry: z.boolean(), retryDelayMs: z.number().min(0), timedOut: z.boolean() }),
  z.object({ ...ended, type: z.literal('crash'), alone: z.boolean() }),
  z.object({ ...done, type: z.literal('stopped') }),
  z.object({ ...done, type: z.literal('release'), reason: z.string().max(1_024) }),
]) satisfies z.ZodType<Outcome>;

const taskInfo = z.object({
  name: taskName,
  maxAttempts: z.int().min(1),
  timeoutMs: z.number().min(0).nullable(),
  retry: z.object({
    delaysMs: z.array(z.number().min(0)),
    factor: z.number().min(0),
    maxMs: z.number().min(0),
    jitter: z.number().min(0).max(1),
  }),
  concurrency: z.int().min(1).nullable(),
  concurrencyPerKey: z.int().min(1).nullable(),
  shared: z
    .array(z.object({ name: z.string().min(1).max(128), limit: z.int().min(1) }))
    .max(64)
    .optional(),
  rate: z
    .object({ limit: z.number().positive(), perMs: z.number().positive(), burst: z.int().min(1), perKey: z.boolean() })
    .nullable()
    .optional(),
  hooks: z.array(hook).optional(),
  input: z.string().optional(),
}) satisfies z.ZodType<TaskInfo>;
const processIdentity = z.object({
  pid: z.int().min(1),
  host: z.string().max(256),
  machine: z.string().max(256).nullable(),
  startTicks: z.string().max(64).nullable(),
}) satisfies z.ZodType<ProcessIdentity>;

const offer = { tasks: z.array(taskInfo).max(10_000), slots: z.int().min(0).max(100_000), generation: count, draining: z.boolean() };
const finished = z.object({ type: z.literal('finished'), outcomes: z.array(outcome) });
const logs = z.object({ type: z.literal('logs'), runs: z.array(z.object({ ...held, lines: z.array(logLine) })) });
const waiting = z.object({ type: z.literal('waiting'), runs: z.array(z.object({ ...held, waiting: z.boolean() })) });
const told = z.object({
  type: z.literal('progress'),
  runs: z.array(z.object({ ...held, progress: progress.nullable(), meta: z.string().refine(isMeta).optional() })),
});
const question = { key: z.string().min(1).max(128), ttlMs: z.number().min(0).nullable(), refresh: z.boolean() };
const ping = z.object({ type: z.literal('ping') });

export const workerFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.int(),
    workerId: z.string().min(1).max(128),
    secret: z.string().min(1).max(256),
    name: workerName,
    process: processIdentity,
    ...offer,
    held: z.array(lease),
  }),
  z.object({ type: z.literal('update'), ...offer }),
  z.object({ type: z.literal('started'), runs: z.array(lease) }),
  finished,
  logs,
  told,
  waiting,
  z.object({ type: z.literal('cache'), runs: z.array(z.object({ ...held, ...question })) }),
  ping,
]) satisfies z.ZodType<WorkerFrame>;

const directRun = z.object({
  ...held,
  task: taskName,
  args: z.array(z.unknown()),
  name: z.string().nullable(),
  tags: z.array(z.string()),
  maxAttempts: z.int().min(1),
  parentId: runId.nullable(),
  startedAt: instant,
  caller: z.string().max(256),
}) satisfies z.ZodType<DirectRun>;

const directAttempt = z.object({
  ...held,
  attempt: z.int().min(1),
  at: instant,
  failed: z.object({ error: runError, retryDelayMs: z.number().min(0) }).nullable(),
}) satisfies z.ZodType<DirectAttempt>;

const ref = z.int().min(0);
/** What is no id of a run is one that nobody knows, not a reason to close the socket. */
const anyId = z.string();
const ids = z.array(anyId).max(LIMITS.batchRuns);
/** A submit's runs are looked at one by one, so that each can be answered by itself. */
export const submitFrame = z.object({ type: z.literal('submit'), ref, runs: z.array(z.unknown()).max(LIMITS.batchRuns) });
export const clientFrame = z.discriminatedUnion('type', [
  submitFrame,
  z.object({ type: z.literal('get'), ref, id: anyId }),
  z.object({ type: z.literal('cancel'), ref, id: anyId }),
  z.object({ type: z.literal('watch'), ids, detail: z.boolean() }),
  z.object({ type: z.literal('unwatch'), ids }),
  z.object({ type: z.literal('follow'), filter: runFilter, limit: z.int().min(1).max(LIMITS.listPage) }),
  z.object({ type: z.literal('unfollow') }),
  z.object({ type: z.literal('began'), runs: z.array(directRun) }),
  z.object({ type: z.literal('attempts'), runs: z.array(directAttempt) }),
  finished,
  logs,
  told,
  waiting,
  ping,
]);
clientFrame satisfies z.ZodType<Exclude<ClientFrame, { type: 'submit' }> | z.infer<typeof submitFrame>>;
/** A client's frame as it stands here before the runs of a submit are looked at. */
export type CheckedClientFrame = z.infer<typeof clientFrame>;
