/**
 * What travels between client, server and worker: the bodies of the HTTP API and the frames of the two WebSockets.
 * Types only, and the JSON form of a run. Server and worker meet here and nowhere else.
 */
import type { Duration } from './duration.ts';
import type { RetryPolicy } from './retry.ts';
import type { FinalState, HistoryEntry, Payload, Progress, Run, RunError, RunState, StateName } from './run.ts';

export const PROTOCOL = 1;
/** Both sockets: subprotocol a peer must name. */
export const SUBPROTOCOL = 'bgtask.v1';
/** A worker sends something this often; the server drops one that was silent for `LEASE_MS`. */
export const HEARTBEAT_MS = 5_000;
export const LEASE_MS = 30_000;
/** A peer that heard nothing for so long tears the connection down and opens another. */
export const SILENCE_MS = 20_000;

/** Limits of what is taken in; `GET /api/limits` answers with them. Sizes in bytes. */
export const LIMITS = {
  openRuns: 100_000,
  argsBytes: 1_048_576,
  resultBytes: 1_048_576,
  bodyBytes: 1_048_576 + 65_536,
  batchBodyBytes: 16_777_216,
  batchRuns: 10_000,
  depth: 64,
  keys: 10_000,
  frameBytes: 2_097_152,
  connections: 1_024,
  listPage: 1_000,
  logLineBytes: 16_384,
  logRunBytes: 10_485_760,
  logTotalBytes: 1_073_741_824,
} as const;

export const TASK_NAME = /^[A-Za-z0-9_.:-]{1,128}$/;
export const RUN_ID = /^[A-Za-z0-9_-]{1,64}$/;

// ---- HTTP bodies -----------------------------------------------------------------------------------------------------------

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
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
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
  readonly waitFor: readonly string[];
  readonly createdAt: string;
  readonly dueAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly progress: Progress | null;
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

// ---- /api/work: worker and server ------------------------------------------------------------------------------------------

/** One task as its worker tells it: what the server must know to queue and limit runs of it. */
export interface TaskInfo {
  readonly name: string;
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy;
  /** Most runs at once over all workers; null: no limit. */
  readonly concurrency: number | null;
  /** Most runs at once for each concurrency key. */
  readonly concurrencyPerKey: number | null;
}
export interface Held {
  readonly runId: string;
  readonly token: string;
}
/** How an attempt ended, in the words of `RunEvent`. */
export type Outcome = Held &
  (
    | { readonly type: 'succeed'; readonly result: Payload | null }
    | {
        readonly type: 'fail';
        readonly error: RunError;
        readonly retry: boolean;
        readonly retryDelayMs: number;
        readonly timedOut: boolean;
      }
    | { readonly type: 'crash'; readonly error: RunError; readonly alone: boolean }
    | { readonly type: 'stopped' }
    | { readonly type: 'release'; readonly reason: string }
  );

/** How an upstream run ended, for the future inside the arguments that stands for it. */
export interface Settled {
  readonly state: FinalState;
  readonly result: Payload | null;
  readonly error: RunError | null;
}
/** One leased run, ready to be executed. */
export interface Assignment extends Held {
  readonly task: string;
  readonly name: string | null;
  readonly args: Payload;
  /** The number of this attempt: 1 for the first start. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly failures: number;
  readonly timeoutMs: number | null;
  /** Must not share its process with another run. */
  readonly alone: boolean;
  readonly tags: readonly string[];
  readonly parentId: string | null;
  readonly createdAt: number;
  /** By run id; only where the arguments hold futures or `waitFor` asks. */
  readonly upstream: Readonly<Record<string, Settled>>;
}

/** What proves, on the machine of the server, whether a worker's process still lives. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Boot id and pid namespace; null where the system has none. */
  readonly machine: string | null;
  /** Start of the process in ticks since boot, as text; null where the system has none. */
  readonly startTicks: string | null;
}

export type WorkerFrame =
  | {
      readonly type: 'hello';
      readonly protocol: number;
      /** Random for each start of a worker; the secret lets it come back under the same id. */
      readonly workerId: string;
      readonly secret: string;
      readonly name: string;
      readonly process: ProcessIdentity;
      readonly tasks: readonly TaskInfo[];
      readonly slots: number;
      readonly generation: number;
      readonly draining: boolean;
      /** Leases it still executes or holds outcomes of. */
      readonly held: readonly Held[];
    }
  | {
      readonly type: 'update';
      readonly tasks: readonly TaskInfo[];
      readonly slots: number;
      readonly generation: number;
      readonly draining: boolean;
    }
  | { readonly type: 'started'; readonly runs: readonly Held[] }
  | { readonly type: 'finished'; readonly outcomes: readonly Outcome[] }
  | { readonly type: 'logs'; readonly runs: readonly (Held & { readonly lines: readonly LogLine[] })[] }
  | { readonly type: 'progress'; readonly runs: readonly (Held & { readonly progress: Progress })[] }
  | { readonly type: 'ping' };

export type ServerFrame =
  /** Answers `hello`. `fenced` are the held leases that are no longer the worker's. */
  | { readonly type: 'welcome'; readonly fenced: readonly Held[] }
  | { readonly type: 'runs'; readonly runs: readonly Assignment[] }
  /** These outcomes are durable: forget them. */
  | { readonly type: 'recorded'; readonly runs: readonly Held[] }
  /** These leases are no longer the worker's: stop the code, drop the outcome. */
  | { readonly type: 'fenced'; readonly runs: readonly Held[] }
  | { readonly type: 'cancel'; readonly runs: readonly (Held & { readonly reason: string })[] }
  /** After `hello` and `update`: tasks with queued runs that no connected worker has. */
  | { readonly type: 'orphans'; readonly tasks: readonly { readonly name: string; readonly queued: number }[] }
  | { readonly type: 'pong' };

// ---- /api/watch: client and server -----------------------------------------------------------------------------------------

export type ClientFrame =
  | { readonly type: 'submit'; readonly ref: number; readonly runs: readonly SubmitRequest[] }
  | { readonly type: 'get'; readonly ref: number; readonly id: string }
  | { readonly type: 'cancel'; readonly ref: number; readonly id: string }
  /** Sends `run` frames for these: at once where one is final already, and when it changes. `detail` adds open states, logs and progress. */
  | { readonly type: 'watch'; readonly ids: readonly string[]; readonly detail: boolean }
  | { readonly type: 'unwatch'; readonly ids: readonly string[] }
  /** The live list: a `snapshot`, then `change` frames, until the next `follow` or `unfollow`. */
  | { readonly type: 'follow'; readonly filter: RunFilter; readonly limit: number }
  | { readonly type: 'unfollow' }
  /** Direct calls, recorded while they run here; they end CRASHED when the socket closes before `finished`. */
  | { readonly type: 'began'; readonly runs: readonly DirectRun[] }
  | { readonly type: 'finished'; readonly outcomes: readonly Outcome[] }
  | { readonly type: 'logs'; readonly runs: readonly (Held & { readonly lines: readonly LogLine[] })[] }
  | { readonly type: 'ping' };

export interface DirectRun extends Held {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly maxAttempts: number;
  readonly parentId: string | null;
  /** ISO 8601; when the call was made. */
  readonly startedAt: string;
  /** Who calls, as `worker` shows it. */
  readonly caller: string;
}

export type WatchFrame =
  | {
      readonly type: 'submitted';
      readonly ref: number;
      readonly runs: readonly (SubmittedRun | ErrorBody)[];
      /** What the acknowledgement is worth; over HTTP the header `bgtask-durability` says it. */
      readonly durability: ServerStatus['durability'];
    }
  | { readonly type: 'got'; readonly ref: number; readonly run: RunView | null }
  | { readonly type: 'cancelled'; readonly ref: number; readonly run: RunView | null }
  | { readonly type: 'refused'; readonly ref: number; readonly status: number; readonly error: ErrorBody['error'] }
  | { readonly type: 'run'; readonly run: RunView }
  /** A watched id that is unknown here. */
  | { readonly type: 'unknown'; readonly id: string }
  | { readonly type: 'log'; readonly id: string; readonly lines: readonly LogLine[] }
  /** `seq` rises by one from frame to frame; after a gap in what could be sent comes a new snapshot. */
  | {
      readonly type: 'snapshot';
      readonly seq: number;
      readonly runs: readonly RunView[];
      readonly counts: RunCounts;
      readonly durability: ServerStatus['durability'];
    }
  | {
      readonly type: 'change';
      readonly seq: number;
      readonly runs: readonly RunView[];
      readonly removed: readonly string[];
      readonly counts: RunCounts;
    }
  /** A direct call's end is durable, as `recorded` for workers. */
  | { readonly type: 'recorded'; readonly runs: readonly Held[] }
  | { readonly type: 'fenced'; readonly runs: readonly Held[] }
  | { readonly type: 'pong' };

export interface SubmittedRun {
  readonly id: string;
  readonly deduplicated: boolean;
}

// ---- The JSON form of a run ------------------------------------------------------------------------------------------------

/** `run` as JSON text of a `RunView`. Payloads are put in as they are, unparsed. */
export function runJson(run: Run, history: boolean): string {
  const {
    args,
    result,
    lease: _lease,
    blockedBy: _blocked,
    concurrencyKey: _key,
    failures: _f,
    losses: _l,
    suspect: _s,
    timeoutMs: _t,
    expiresAt: _e,
    ...rest
  } = run;
  const view = {
    ...rest,
    maxAttempts: run.maxAttempts ?? 1,
    waitFor: run.waitFor.map((up) => up.id),
    createdAt: iso(run.createdAt),
    dueAt: iso(run.dueAt),
    startedAt: iso(run.startedAt),
    endedAt: iso(run.endedAt),
    history: history ? run.history.map((entry) => ({ ...entry, at: iso(entry.at) })) : undefined,
  };
  const head = JSON.stringify(view);
  const returned = run.state === 'COMPLETED' ? (result === null ? '' : `,"result":${result}`) : ',"result":null';
  return `${head.slice(0, -1)},"args":${args}${returned}}`;
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
