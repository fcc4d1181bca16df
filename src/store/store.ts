/**
 * Where runs live. One interface for every back-end; one contract suite (test/store/contract.ts) holds each of them to it.
 * The rules of a run are not here: a store applies core/transition.ts, once, under its own order of writes.
 *
 * Order and durability, the same for all: calls take effect in the order they were made; what is called in one turn of the event
 * loop is committed together; a promise resolves when what it stands for is durable (in the sense of `durability`), and reads see
 * nothing that is not. `at` is wall time in milliseconds and only ever written down, never compared with a clock in here.
 */

import type { LogLine, RunCounts, RunFilter } from '../core/api.ts';
import type { StoreError } from '../core/errors.ts';
import type { ProcessIdentity } from '../core/frames.ts';
import type { Limits, Offer } from '../core/queue.ts';
import type { CompletedRun, LeasedRun, NewRun, Run, RunEvent, ScheduledRun, StateName } from '../core/run.ts';
import type { TaskInput } from './inputs.ts';
import type { Pausable } from './rows.ts';

export type Durability = 'durable' | 'relaxed' | 'memory';

export interface Store {
  /** As given to `openStore`: `file:<folder>` or `memory:`. */
  readonly url: string;
  readonly durability: Durability;
  /** Resolves when the store cannot go on (a failed sync): the server must stop. Never rejects. */
  readonly failed: Promise<StoreError>;

  /**
   * Adds runs, in order. A known id answers with the run that is there, and so does a live idempotency key, unless `onConflict` says
   * otherwise: a run that displaces another is added and ends the other in one step.
   * @throws {StoreError} `full`: the disk is full; nothing was added.
   */
  submit(runs: readonly NewRun[], at: number): Promise<readonly (Submitted | NotSubmitted)[]>;

  /**
   * Leases due runs to `offers`, fairly (core/queue.ts). `grant` makes the lease and its attempt limit at the moment a run is given
   * out, so that the caller can count the slot at once; the promise resolves when the leases are durable and may be sent.
   */
  claim(offers: readonly Offer[], at: number, grant: Grant): Promise<readonly Claimed[]>;

  /** Applies events, in order. What follows from them (a dependent run becomes due or fails) is applied in the same commit. */
  apply(changes: readonly Change[], at: number): Promise<readonly Applied[]>;

  /** Ends runs whose ttl passed. */
  expire(at: number): Promise<void>;

  /** The next moment at which a waiting run comes due or expires; null where there is none. Synchronous: for a timer. */
  nextWakeAt(): number | null;

  get(id: string): Promise<Run | undefined>;
  /** The runs it started, those that these started, and so on: parents before their children, oldest first. At most `most`. */
  descendants(id: string, most: number): Promise<readonly Run[]>;
  /** Newest first. */
  list(query: ListQuery): Promise<RunPage>;
  counts(filter?: RunFilter): Promise<RunCounts>;
  /** Runs under a lease: what a restarted server has to watch over. */
  leased(): Promise<readonly LeasedRun[]>;
  /** Tasks that have runs waiting or active, or are paused. */
  tasks(): Promise<readonly { name: string; queued: number; running: number; paused: boolean }[]>;
  /** How a waiting run is shown: its own name, or why the queue holds it back (`Paused`, `AwaitingConcurrency`). Synchronous. */
  shownName(run: Run, at: number): StateName;
  /** The limit that holds a due run back, in words; null where none does. Synchronous. */
  waitingFor(run: Run, at: number): string | null;

  /**
   * The run whose result answers for a cache key at `at`. Synchronous, so that a caller can decide at once; whether it is durable says
   * `get`.
   */
  cachedBy(key: string, at: number): string | undefined;
  /** The runs whose results answer for others, of one task or of all, newest first. */
  cached(task: string | null, at: number): Promise<readonly CompletedRun[]>;
  /** Has those results answer no longer, and says how many there were. The runs stay, and so does this over a restart. */
  uncache(task: string | null, at: number): Promise<number>;

  /** What workers tell of their tasks. Not kept over a restart: the workers tell it again. */
  setLimits(task: string, limits: Limits): void;
  /** A leased run that waits for others counts in no limit meanwhile. Not kept over a restart, nor over the end of its lease. */
  setWaiting(id: string, isWaiting: boolean): void;
  /** Kept over a restart. */
  setPaused(of: Pausable, name: string, paused: boolean, at: number): Promise<void>;
  /** Names; as it is now. Synchronous. */
  pausedWorkers(): ReadonlySet<string>;

  /** Which process a worker is. Kept over a restart, for as long as it matters. */
  noteWorker(id: string, process: ProcessIdentity, at: number): Promise<void>;
  /** The process a worker was when it was last noted. Synchronous. */
  workerProcess(id: string): ProcessIdentity | undefined;

  /** What workers tell of the input of their tasks. Kept over a restart, within bounds, until it is told otherwise. */
  noteInputs(inputs: readonly TaskInput[], at: number): Promise<void>;
  /** What was told last. Synchronous. */
  inputs(): readonly TaskInput[];

  /** Removes final runs with their logs; open ones stay. Answers with the ids that are gone. */
  remove(ids: readonly string[]): Promise<readonly string[]>;
  /** Removes final runs beyond `keep`: oldest first, never one that an open run waits for. */
  sweep(at: number, keep: Keep): Promise<readonly string[]>;

  /** Bounded by limits; beyond them lines are dropped and a marker line says so. Never rejects on a full disk. */
  appendLogs(runId: string, lines: readonly LogLine[]): void;
  logs(runId: string): Promise<readonly LogLine[]>;

  /** Called after each commit, in order, with what it changed. Returns the way to stop it. */
  onCommit(listener: (commit: Commit) => void): () => void;

  /** Flushes and lets go. Safe to call twice. */
  close(): Promise<void>;
}

export type Grant = (workerId: string, run: ScheduledRun) => Extract<RunEvent, { type: 'assign' }>;

export interface Submitted {
  readonly run: Run;
  /** `new`: it was added. `same`: the id is known, and the submit the same (`isSameSubmit`). `deduplicated`: the idempotency key led to `run`. */
  readonly kind: 'new' | 'same' | 'deduplicated';
  /** The run that it took the place of, and that was open until then. */
  readonly displaced?: string | null;
}
export interface NotSubmitted {
  readonly run: Run | undefined;
  /**
   * `conflict`: the id is known with another task, other arguments or other options. `expired`: the id is older than the newest removed run.
   * `no-upstream`: it waits for a run that is not there. `duplicate`: `run` has its idempotency key.
   */
  readonly kind: 'conflict' | 'expired' | 'no-upstream' | 'duplicate';
}
export interface Change {
  readonly id: string;
  readonly event: RunEvent;
}
export interface Applied {
  /** After the event; undefined: no such run. */
  readonly run: Run | undefined;
  /** False where the event changed nothing: a stale token, a final run. */
  readonly changed: boolean;
}
export interface Claimed {
  readonly workerId: string;
  readonly run: LeasedRun;
}
export interface ListQuery extends RunFilter {
  /** Most runs of a page, 1 to 1,000. */
  readonly limit: number;
  /** From `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}
export interface RunPage {
  readonly runs: readonly Run[];
  readonly nextCursor: string | null;
}
export interface Keep {
  readonly completedMs: number;
  readonly completedCount: number;
  /** For FAILED and CRASHED. */
  readonly failedMs: number;
  readonly failedCount: number;
}
/** What one commit changed: the newest form of each run, in order of change, and the ids that were removed. */
export interface Commit {
  readonly runs: readonly Run[];
  readonly removed: readonly string[];
}

export const DEFAULT_KEEP: Keep = { completedMs: 7 * 86_400_000, completedCount: 50_000, failedMs: 30 * 86_400_000, failedCount: 10_000 };
