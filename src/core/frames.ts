/** The frames of the two WebSockets: `/api/work` between worker and server, `/api/watch` between client and server. Types only. */
import type { ErrorBody, LogLine, RunCounts, RunFilter, RunView, ServerStatus, SubmitRequest } from './api.ts';
import type { HookName } from './hooks.ts';
import type { Rate, SharedLimit } from './limits.ts';
import type { WorkLimits } from './protocol.ts';
import type { RetryPolicy } from './retry.ts';
import type { FinalState, Payload, RunError, RunState, StateName, Told } from './run.ts';

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
  /** Limits it has in common with other tasks. */
  readonly shared?: readonly SharedLimit[] | undefined;
  /** How often its runs may start; null: as often as there is room. */
  readonly rate?: Rate | null | undefined;
  /** The hooks it has. Default: none. */
  readonly hooks?: readonly HookName[] | undefined;
  /** The JSON Schema of its one argument, as text. Default: nothing is known of it. */
  readonly input?: string | undefined;
}
export interface Held {
  readonly runId: string;
  readonly token: string;
}
/** The code of the run waits for other runs, or does not any more. While it does, its slot and its place in limits are free. */
export interface Waiting extends Held {
  readonly waiting: boolean;
}
interface Reported extends Held {
  /** The hook of this move that was called already, where the run was executed. */
  readonly hook?: HookName | undefined;
  /** The number of the attempt, where the same lease had others before: that of a direct call. */
  readonly attempt?: number | undefined;
}
/** How an attempt ended, in the words of `RunEvent`. */
export type Outcome = Reported &
  /** `cachedFrom`: the server had it, of that run. */
  (
    | { readonly type: 'succeed'; readonly result: Payload | null; readonly cachedFrom?: string | undefined }
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

/** Before the code of a task with a cache is called: is its result there? */
export interface CacheQuestion {
  readonly key: string;
  /** How long the result will answer; null: as long as its run is kept. */
  readonly ttlMs: number | null;
  /** Make it anew, whatever is there. */
  readonly refresh: boolean;
}
/** The result of an earlier run. */
export interface CacheHit {
  readonly from: string;
  readonly result: Payload | null;
}

/** A hook that is still to be called, for a move that was not made where the run was executed. The run as it was then. */
export interface HookCall {
  readonly hook: HookName;
  readonly runId: string;
  readonly task: string;
  readonly name: string | null;
  readonly state: RunState;
  readonly stateName: StateName;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly args: Payload;
  readonly tags: readonly string[];
  readonly parentId: string | null;
  readonly error: RunError;
  /** As in `Assignment`, where they have ended. */
  readonly upstream: Readonly<Record<string, Settled>>;
}

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
  | { readonly type: 'progress'; readonly runs: readonly (Held & Told)[] }
  /** Told again after each `welcome`, of all that ever waited. */
  | { readonly type: 'waiting'; readonly runs: readonly Waiting[] }
  /** Answered by a `cache` frame, or by `fenced` where another run makes that result: the server gives the run out again later. */
  | { readonly type: 'cache'; readonly runs: readonly (Held & CacheQuestion)[] }
  | { readonly type: 'ping' };

export type ServerFrame =
  /** Answers `hello`. `fenced` are the held leases that are no longer the worker's. `limits`: what its runs are held to; left out: as usual. */
  | { readonly type: 'welcome'; readonly fenced: readonly Held[]; readonly limits?: WorkLimits | undefined }
  | { readonly type: 'runs'; readonly runs: readonly Assignment[] }
  /** These outcomes are durable: forget them. */
  | { readonly type: 'recorded'; readonly runs: readonly Held[] }
  | { readonly type: 'hooks'; readonly runs: readonly HookCall[] }
  /** These leases are no longer the worker's: stop the code, drop the outcome. */
  | { readonly type: 'fenced'; readonly runs: readonly Held[] }
  | { readonly type: 'cancel'; readonly runs: readonly (Held & { readonly reason: string })[] }
  /** Null: nothing is there; make it. */
  | { readonly type: 'cache'; readonly runs: readonly (Held & { readonly hit: CacheHit | null })[] }
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
  /** Told again on each new connection, all of them: what is known already changes nothing. */
  | { readonly type: 'attempts'; readonly runs: readonly DirectAttempt[] }
  | { readonly type: 'finished'; readonly outcomes: readonly Outcome[] }
  | { readonly type: 'logs'; readonly runs: readonly (Held & { readonly lines: readonly LogLine[] })[] }
  | { readonly type: 'progress'; readonly runs: readonly (Held & Told)[] }
  | { readonly type: 'waiting'; readonly runs: readonly Waiting[] }
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

/** An attempt of a direct call that has failed and is not the last, or that has started and is not the first. */
export interface DirectAttempt extends Held {
  readonly attempt: number;
  /** ISO 8601; when that was. */
  readonly at: string;
  /** Null: it has started. The delay is from the failure to the next start. */
  readonly failed: { readonly error: RunError; readonly retryDelayMs: number } | null;
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
  /**
   * The client reads too slowly: what was to come here does not. It is the last frame, and the connection is closed (1013); on the next one
   * the client asks for everything anew.
   */
  | { readonly type: 'resync' }
  /**
   * `seq` rises by one from frame to frame; after a gap in what could be sent comes a new snapshot. Where its runs are too large for one
   * frame, the newest are in it and the others in the `change` frames behind it.
   */
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
