/** The bodies of the HTTP API, and the JSON form of a run. What a request may hold is checked by server/schemas.ts. */
import type { Duration } from './duration.ts';
import type { InputIssue } from './errors.ts';
import type { HistoryEntry, OnConflict, Progress, Run, RunError, RunState, StateName } from './run.ts';

/** `POST /api/runs`. `args` is a JSON array; richer values stand in it as values.ts encodes them. */
export interface SubmitRequest {
  /** Made by the client (UUIDv7), so that the same call can be repeated. Default: the server makes one. */
  readonly id?: string | undefined;
  readonly task: string;
  readonly args?: readonly unknown[] | undefined;
  readonly options?: SubmitOptions | undefined;
}
export interface SubmitOptions {
  readonly delay?: Duration | undefined;
  /** ISO 8601. */
  readonly at?: string | undefined;
  readonly ttl?: Duration | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly idempotencyTtl?: Duration | undefined;
  /** What becomes of it where another run has its key. Default: return. */
  readonly onConflict?: OnConflict | undefined;
  /** With `replace`: due no later than this after the first of the runs that replaced each other. */
  readonly debounceMaxWait?: Duration | undefined;
  /** Head start in the queue. */
  readonly priority?: Duration | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly runName?: string | undefined;
  readonly waitFor?: readonly (string | { readonly id: string; readonly allowFailure?: boolean | undefined })[] | undefined;
  readonly retries?: number | undefined;
  readonly timeout?: Duration | undefined;
  readonly concurrencyKey?: string | undefined;
  readonly parentId?: string | undefined;
  readonly retryOf?: string | undefined;
}
/** `POST /api/runs/batch` → `{ runs: [run or { error }] }` in order. */
export interface BatchRequest {
  readonly runs: readonly SubmitRequest[];
}
/** `POST /api/runs/:id/retry` and `/replay`. Default: the arguments of that run. */
export interface RepeatRequest {
  readonly args?: readonly unknown[] | undefined;
}
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** The run that stands in the way. */
    readonly runId?: string | undefined;
    /** What is wrong with the input of a task. */
    readonly input?: { readonly task: string; readonly issues: readonly InputIssue[] } | undefined;
  };
}

/** A run as the API, the command line and the sockets show it. Times are ISO 8601 UTC; `args` and `result` as values.ts encodes them. */
export interface RunView {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly state: RunState;
  readonly stateName: StateName;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly crashes: number;
  readonly args: readonly unknown[];
  /** Null while open and where there is none; left out where the task returned undefined. */
  readonly result?: unknown;
  readonly error: RunError | null;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly worker: string | null;
  readonly idempotencyKey: string | null;
  readonly parentId: string | null;
  readonly retryOf: string | null;
  /** The run whose result this is, where the cache had it (`stateName` Cached). */
  readonly cachedFrom: string | null;
  readonly waitFor: readonly string[];
  /** What holds a due run back, for people: `concurrency 5 of resize`, `limit db (3)`, `rate 10 per 1s`. Null where no limit does. */
  readonly waitingFor: string | null;
  readonly createdAt: string;
  readonly dueAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly progress: Progress | null;
  /** What its code has set: `runContext().meta.set(key, value)`. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Left out in lists. */
  readonly history?: readonly (Omit<HistoryEntry, 'at'> & { readonly at: string })[];
}
export interface RunList {
  readonly runs: readonly RunView[];
  readonly nextCursor: string | null;
}
export type RunCounts = Record<RunState, number>;
export interface RunFilter {
  readonly state?: readonly RunState[] | undefined;
  readonly task?: string | undefined;
  readonly tag?: string | undefined;
  /** See `core/search.ts`. */
  readonly text?: string | undefined;
}
export interface WorkerView {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly host: string;
  readonly tasks: readonly string[];
  readonly slots: number;
  readonly used: number;
  readonly generation: number;
  /** It gets no more runs: workers of its name are paused, or it is draining. */
  readonly paused: boolean;
  readonly lastSeenAt: string;
}
export interface TaskView {
  readonly name: string;
  readonly workers: number;
  readonly queued: number;
  readonly running: number;
  readonly paused: boolean;
}
/** A result that answers for later runs: `GET /api/cache`. */
export interface CacheEntry {
  readonly task: string;
  /** 64 hex digits. */
  readonly key: string;
  /** The run that made it. */
  readonly run: string;
  /** When that ended, ISO 8601. */
  readonly at: string;
  /** Null: it answers as long as its run is kept. */
  readonly expiresAt: string | null;
}
/** Newest first; `total` counts those beyond the limit, too. */
export interface CacheList {
  readonly entries: readonly CacheEntry[];
  readonly total: number;
}
export interface LogLine {
  /** ISO 8601. */
  readonly at: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
  readonly attempt: number;
}
/** `servers/<port>.json` in HOME: how client, worker and commands on this machine find a running server and its key. */
export interface ServerRecord {
  readonly url: string;
  readonly pid: number;
  readonly store: string;
  readonly tokenFile: string | null;
  /** The key is one that the server was given as API_KEY, and will be given again when it starts again. */
  readonly keyGiven?: boolean;
}
export interface ServerStatus {
  readonly url: string;
  readonly pid: number;
  readonly store: string;
  readonly version: string;
  readonly durability: 'durable' | 'relaxed' | 'memory';
  readonly startedAt: string;
  readonly counts: RunCounts;
}

/** `run` as JSON text of a `RunView`. Payloads are put in as they are, unparsed. `waitingFor` is what the queue says of it. */
export function runJson(run: Run, history: boolean, waitingFor: string | null = null): string {
  const {
    args,
    result,
    lease: _lease,
    blockedBy: _blocked,
    cache: _cache,
    meta,
    concurrencyKey: _key,
    failures: _f,
    losses: _l,
    suspect: _s,
    timeoutMs: _t,
    expiresAt: _e,
    dueBy: _d,
    ...rest
  } = run;
  const view = {
    ...rest,
    maxAttempts: run.maxAttempts ?? 1,
    waitFor: run.waitFor.map((up) => up.id),
    waitingFor,
    createdAt: iso(run.createdAt),
    dueAt: iso(run.dueAt),
    startedAt: iso(run.startedAt),
    endedAt: iso(run.endedAt),
    history: history ? run.history.map((entry) => ({ ...entry, at: iso(entry.at) })) : undefined,
  };
  const head = JSON.stringify(view);
  const returned = run.state === 'COMPLETED' ? (result === null ? '' : `,"result":${result}`) : ',"result":null';
  return `${head.slice(0, -1)},"meta":${meta ?? '{}'},"args":${args}${returned}}`;
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
