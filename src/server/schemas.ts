/**
 * What is taken in and given out over HTTP, once: these schemas validate the bodies and write the OpenAPI page. They are held to the types
 * of core/api.ts by the compiler. Submits are strict, so that a misspelt option is told. The frames of the sockets: frame-schemas.ts.
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
import { LIMITS, RUN_ID, TASK_NAME } from '../core/protocol.ts';
import { ON_CONFLICT, type Progress, RUN_STATES, type RunError, type RunState } from '../core/run.ts';

/** The named schemas of the OpenAPI page. */
export const components = z.registry<{ id: string; description?: string }>();

// ---- Words ----------------------------------------------------------------------------------------------------------------

export const runId = z.string().regex(RUN_ID);
export const taskName = z.string().regex(TASK_NAME, 'a task name has 1 to 128 of the characters A-Z a-z 0-9 _ . : -');
const newRunId = runId.refine((id) => id !== 'count' && id !== 'batch', 'this id is taken by the API itself');
/** Any text, as its worker gave it. */
export const workerName = z.string().max(256);
const NO_DURATION = "expected milliseconds or text such as '10s', '5m', '1h30m'";
const milliseconds = z.number().min(0, NO_DURATION).max(LONGEST_MS, NO_DURATION);
const durationText = z.string().max(64, NO_DURATION).regex(DURATION_TEXT, NO_DURATION);
const duration = z.union([milliseconds, durationText], NO_DURATION) as z.ZodType<Duration>;
const state = z.enum(RUN_STATES as readonly [RunState, ...RunState[]]);
const states = z.array(state).max(RUN_STATES.length);
const label = z.string().min(1).max(256);
const tags = z.array(z.string().min(1).max(128)).max(64);
export const instant = z.iso.datetime({ offset: true });
export const count = z.int().min(0);

export const runError: z.ZodType<RunError> = z.object({
  name: z.string(),
  message: z.string(),
  stack: z.string().nullable(),
  cause: z.lazy(() => runError.nullable()),
});
components.add(runError, { id: 'RunError', description: 'An error as its task threw it.' });
export const progress = z.object({ done: z.number(), total: z.number(), note: z.string().nullable() }) satisfies z.ZodType<Progress>;

// ---- Bodies ---------------------------------------------------------------------------------------------------------------

const submitOptions = z.strictObject({
  delay: duration.optional(),
  at: instant.optional(),
  ttl: duration.optional(),
  idempotencyKey: z.string().min(1).max(512).optional(),
  idempotencyTtl: duration.optional(),
  onConflict: z.enum(ON_CONFLICT).optional(),
  debounceMaxWait: duration.optional(),
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
  state: states.optional(),
  task: taskName.optional(),
  tag: z.string().max(128).optional(),
  text: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.listPage).default(50),
  cursor: z.string().max(512).optional(),
});
export const countQuery = listQuery.omit({ limit: true, cursor: true });
export const runFilter = z.object({
  state: states.optional(),
  task: taskName.optional(),
  tag: z.string().max(128).optional(),
  text: z.string().max(200).optional(),
}) satisfies z.ZodType<RunFilter>;

// ---- Answers --------------------------------------------------------------------------------------------------------------

export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    runId: runId.optional(),
    input: z
      .object({ task: taskName, issues: z.array(z.object({ message: z.string(), path: z.array(z.union([z.string(), z.number()])) })) })
      .optional(),
  }),
}) satisfies z.ZodType<ErrorBody>;
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
  waitingFor: z.string().nullable(),
  createdAt: instant,
  dueAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  progress: progress.nullable(),
  meta: z.record(z.string(), z.unknown()),
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
