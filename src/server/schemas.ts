/**
 * What is taken in and given out, once: these schemas validate the bodies and frames and write the OpenAPI page. They are held to
 * the types of core/api.ts and core/frames.ts by the compiler. Submits are strict, so that a misspelt option is told; frames of our own clients
 * and workers may know more than this server does.
 */
import { z } from 'zod';
import type {
  BatchRequest,
  ErrorBody,
  LogLine,
  RepeatRequest,
  RunCounts,
  RunFilter,
  RunList,
  RunView,
  ServerStatus,
  SubmitOptions,
  SubmitRequest,
  TaskView,
  WorkerView,
} from '../core/api.ts';
import { DURATION_TEXT, type Duration, LONGEST_MS } from '../core/duration.ts';
import type { ClientFrame, DirectRun, Held, Outcome, ProcessIdentity, TaskInfo, WorkerFrame } from '../core/frames.ts';
import { LIMITS, RUN_ID, TASK_NAME } from '../core/protocol.ts';
import { type Progress, RUN_STATES, type RunError, type RunState } from '../core/run.ts';

/** The named schemas of the OpenAPI page. */
export const components = z.registry<{ id: string; description?: string }>();

// ---- Words ----------------------------------------------------------------------------------------------------------------

const runId = z.string().regex(RUN_ID);
const taskName = z.string().regex(TASK_NAME, 'a task name has 1 to 128 of the characters A-Z a-z 0-9 _ . : -');
const newRunId = runId.refine((id) => id !== 'count' && id !== 'batch', 'this id is taken by the API itself');
const NO_DURATION = "expected milliseconds or text such as '10s', '5m', '1h30m'";
const milliseconds = z.number().min(0, NO_DURATION).max(LONGEST_MS, NO_DURATION);
const durationText = z.string().max(64, NO_DURATION).regex(DURATION_TEXT, NO_DURATION);
const duration = z.union([milliseconds, durationText], NO_DURATION) as z.ZodType<Duration>;
const state = z.enum(RUN_STATES as readonly [RunState, ...RunState[]]);
const label = z.string().min(1).max(256);
const tags = z.array(z.string().min(1).max(128)).max(64);
const instant = z.iso.datetime({ offset: true });
const count = z.int().min(0);

const runError: z.ZodType<RunError> = z.object({
  name: z.string(),
  message: z.string(),
  stack: z.string().nullable(),
  cause: z.lazy(() => runError.nullable()),
});
components.add(runError, { id: 'RunError', description: 'An error as its task threw it.' });
const progress = z.object({ done: z.number(), total: z.number(), note: z.string().nullable() }) satisfies z.ZodType<Progress>;

// ---- Bodies ---------------------------------------------------------------------------------------------------------------

const submitOptions = z.strictObject({
  delay: duration.optional(),
  at: instant.optional(),
  ttl: duration.optional(),
  idempotencyKey: z.string().min(1).max(512).optional(),
  idempotencyTtl: duration.optional(),
  priority: duration.optional(),
  tags: tags.optional(),
  runName: label.optional(),
  waitFor: z
    .array(z.union([runId, z.strictObject({ id: runId, allowFailure: z.boolean().optional() })], { error: 'expected a run id' }))
    .max(1_000)
    .optional(),
  retries: z.int().min(0).max(1_000_000).optional(),
  timeout: duration.optional(),
  concurrencyKey: label.optional(),
  parentId: runId.optional(),
  retryOf: runId.optional(),
}) satisfies z.ZodType<SubmitOptions>;
components.add(submitOptions, { id: 'SubmitOptions' });

export const submitRequest = z.strictObject({
  id: newRunId.optional(),
  task: taskName,
  args: z.array(z.unknown()).optional(),
  options: submitOptions.optional(),
}) satisfies z.ZodType<SubmitRequest>;
components.add(submitRequest, {
  id: 'SubmitRequest',
  description: 'One call of a task. With an id it may be sent again: it is stored once.',
});

export const batchRequest = z.strictObject({
  runs: z.array(submitRequest).max(LIMITS.batchRuns),
}) satisfies z.ZodType<BatchRequest>;
components.add(batchRequest, { id: 'BatchRequest' });

/** What `retry` and `replay` may be told; no body is as good as an empty one. */
export const repeatRequest = z.strictObject({ args: z.array(z.unknown()).optional() }) satisfies z.ZodType<RepeatRequest>;
components.add(repeatRequest, { id: 'RepeatRequest', description: 'Other arguments than those of the run; left out: its own.' });

/** The query of a list, after its texts were split and counted. */
export const listQuery = z.strictObject({
  state: z.array(state).optional(),
  task: taskName.optional(),
  tag: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.listPage).default(50),
  cursor: z.string().max(512).optional(),
});
export const countQuery = listQuery.omit({ limit: true, cursor: true });
const runFilter = z.object({
  state: z.array(state).optional(),
  task: taskName.optional(),
  tag: z.string().max(128).optional(),
}) satisfies z.ZodType<RunFilter>;

// ---- Answers --------------------------------------------------------------------------------------------------------------

export const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) }) satisfies z.ZodType<ErrorBody>;
components.add(errorBody, { id: 'Error' });

const historyEntry = z.object({ state, name: z.string(), at: instant, attempt: count, reason: z.string().nullable() });
export const runView = z.object({
  id: runId,
  task: taskName,
  name: z.string().nullable(),
  state,
  stateName: z.string() as unknown as z.ZodType<RunView['stateName']>,
  attempt: count,
  maxAttempts: count,
  crashes: count,
  args: z.array(z.unknown()),
  result: z.unknown().optional(),
  error: runError.nullable(),
  tags: z.array(z.string()),
  priority: z.number(),
  worker: z.string().nullable(),
  idempotencyKey: z.string().nullable(),
  parentId: z.string().nullable(),
  retryOf: z.string().nullable(),
  cachedFrom: z.string().nullable(),
  waitFor: z.array(z.string()),
  createdAt: instant,
  dueAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  progress: progress.nullable(),
  history: (z.array(historyEntry) as unknown as z.ZodType<NonNullable<RunView['history']>>).optional(),
});
runView satisfies z.ZodType<Omit<RunView, 'history' | 'result'>>;
components.add(runView, { id: 'Run', description: 'One call of a task. History is left out in lists.' });

export const runList = z.object({ runs: z.array(runView), nextCursor: z.string().nullable() });
runList satisfies z.ZodType<{ runs: unknown[] } & Pick<RunList, 'nextCursor'>>;
components.add(runList, { id: 'RunList' });
export const batchAnswer = z.object({ runs: z.array(z.union([runView, errorBody])) });
components.add(batchAnswer, { id: 'BatchAnswer', description: 'In the order of the request.' });
export const runCounts = z.record(state, count) satisfies z.ZodType<RunCounts>;
components.add(runCounts, { id: 'RunCounts' });
export const logLine = z.object({
  at: instant,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  text: z.string(),
  attempt: count,
}) satisfies z.ZodType<LogLine>;
components.add(logLine, { id: 'LogLine' });
export const workerView = z.object({
  id: z.string(),
  name: z.string(),
  pid: z.int(),
  host: z.string(),
  tasks: z.array(z.string()),
  slots: count,
  used: count,
  generation: count,
  paused: z.boolean(),
  lastSeenAt: instant,
}) satisfies z.ZodType<WorkerView>;
components.add(workerView, { id: 'Worker' });
export const taskView = z.object({
  name: z.string(),
  workers: count,
  queued: count,
  running: count,
  paused: z.boolean(),
}) satisfies z.ZodType<TaskView>;
components.add(taskView, { id: 'Task' });
export const serverStatus = z.object({
  url: z.string(),
  pid: z.int(),
  store: z.string(),
  version: z.string(),
  durability: z.enum(['durable', 'relaxed', 'memory']),
  startedAt: instant,
  counts: runCounts,
}) satisfies z.ZodType<ServerStatus>;
components.add(serverStatus, { id: 'ServerStatus' });

// ---- Frames ---------------------------------------------------------------------------------------------------------------

const held = { runId, token: z.string().min(1).max(128) };
const lease = z.object(held) satisfies z.ZodType<Held>;
const ended = { ...held, error: runError };
const outcome = z.discriminatedUnion('type', [
  z.object({ ...held, type: z.literal('succeed'), result: z.string().nullable() }),
  z.object({ ...ended, type: z.literal('fail'), retry: z.boolean(), retryDelayMs: z.number().min(0), timedOut: z.boolean() }),
  z.object({ ...ended, type: z.literal('crash'), alone: z.boolean() }),
  z.object({ ...held, type: z.literal('stopped') }),
  z.object({ ...held, type: z.literal('release'), reason: z.string().max(1_024) }),
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
const ping = z.object({ type: z.literal('ping') });

export const workerFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.int(),
    workerId: z.string().min(1).max(128),
    secret: z.string().min(1).max(256),
    name: z.string().max(256),
    process: processIdentity,
    ...offer,
    held: z.array(lease),
  }),
  z.object({ type: z.literal('update'), ...offer }),
  z.object({ type: z.literal('started'), runs: z.array(lease) }),
  finished,
  logs,
  z.object({ type: z.literal('progress'), runs: z.array(z.object({ ...held, progress })) }),
  waiting,
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

const ref = z.int().min(0);
/** What is no id of a run is one that nobody knows, not a reason to close the socket. */
const anyId = z.string();
/** A submit's runs are looked at one by one, so that each can be answered by itself. */
export const submitFrame = z.object({ type: z.literal('submit'), ref, runs: z.array(z.unknown()) });
export const clientFrame = z.discriminatedUnion('type', [
  submitFrame,
  z.object({ type: z.literal('get'), ref, id: anyId }),
  z.object({ type: z.literal('cancel'), ref, id: anyId }),
  z.object({ type: z.literal('watch'), ids: z.array(anyId), detail: z.boolean() }),
  z.object({ type: z.literal('unwatch'), ids: z.array(anyId) }),
  z.object({ type: z.literal('follow'), filter: runFilter, limit: z.int().min(1).max(LIMITS.listPage) }),
  z.object({ type: z.literal('unfollow') }),
  z.object({ type: z.literal('began'), runs: z.array(directRun) }),
  finished,
  logs,
  waiting,
  ping,
]);
clientFrame satisfies z.ZodType<Exclude<ClientFrame, { type: 'submit' }> | z.infer<typeof submitFrame>>;
/** A client's frame as it stands here before the runs of a submit are looked at. */
export type CheckedClientFrame = z.infer<typeof clientFrame>;

/** What is wrong, with the field it is wrong in: `options.retries: expected number, received string`. */
export function explain(error: z.ZodError): string {
  return error.issues.slice(0, 3).map(explainIssue).join('; ');
}

function explainIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${path === '' ? key : `${path}.${key}`}: no such field`).join('; ');
  const message = issue.message.replace(/^Invalid input: /, '');
  return path === '' ? message : `${path}: ${message}`;
}
