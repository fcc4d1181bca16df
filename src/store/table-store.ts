/**
 * A store over a table in memory and a log that makes its changes durable. Memory and file store are this with another log and
 * another place for the lines that tasks write. It decides nothing about runs (core/transition.ts) and nothing about files (file/).
 */

import type { LogLine, RunCounts, RunFilter } from '../core/api.ts';
import type { StoreError } from '../core/errors.ts';
import type { ProcessIdentity } from '../core/frames.ts';
import type { Limits, Offer } from '../core/queue.ts';
import type { CompletedRun, LeasedRun, NewRun, Run, RunEvent, StateName } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import { full } from './batch.ts';
import { Commits, type Log } from './commits.ts';
import type { TaskInput } from './inputs.ts';
import type { Pausable } from './rows.ts';
import type {
  Applied,
  Change,
  Claimed,
  Commit,
  Durability,
  Grant,
  Keep,
  ListQuery,
  NotSubmitted,
  RunPage,
  Store,
  Submitted,
} from './store.ts';
import type { Table } from './table.ts';

/** Where the lines of runs go. */
export interface RunLogs {
  append(runId: string, lines: readonly LogLine[]): void;
  read(runId: string): Promise<readonly LogLine[]>;
  remove(runIds: readonly string[]): void;
}

export interface TableStoreParts {
  readonly url: string;
  readonly durability: Durability;
  readonly table: Table;
  readonly log: Log;
  readonly logs: RunLogs;
  readonly clock: Clock;
  /** Lets go of what lies under the store, once. */
  readonly release: () => Promise<void>;
}

export class TableStore implements Store {
  readonly url: string;
  readonly durability: Durability;
  readonly failed: Promise<StoreError>;
  readonly commits: Commits;
  readonly #table: Table;
  readonly #logs: RunLogs;
  readonly #clock: Clock;
  readonly #release: () => Promise<void>;
  #closed: Promise<void> | null = null;

  constructor(parts: TableStoreParts) {
    this.url = parts.url;
    this.durability = parts.durability;
    this.#table = parts.table;
    this.#logs = parts.logs;
    this.#clock = parts.clock;
    this.#release = parts.release;
    this.commits = new Commits(parts.table, parts.log, parts.clock);
    this.failed = this.commits.failed;
  }

  submit(runs: readonly NewRun[], at: number): Promise<readonly (Submitted | NotSubmitted)[]> {
    const said = runs.map((run) => (isOneLine(run.args) ? run : { ...run, args: oneLine(run.args) }));
    const known = () => said.map((run) => this.#table.known(run, at) ?? refuse());
    return this.commits.do({ execute: () => said.map((run) => this.#table.submit(run, at)), whenFull: known, again: known });
  }

  claim(offers: readonly Offer[], at: number, grant: Grant): Promise<readonly Claimed[]> {
    return this.commits.do<readonly Claimed[]>({
      execute: () => this.#table.claim(offers, at, grant),
      whenFull: () => [],
      again: (claimed) => claimed.filter(({ run }) => this.#leaseAgain(run, at)),
    });
  }

  apply(changes: readonly Change[], at: number): Promise<readonly Applied[]> {
    const rides = changes.every(({ event }) => RIDES.has(event.type));
    return this.commits.do({ execute: () => changes.map(({ id, event }) => this.#table.apply(id, oneLineEvent(event), at)), rides });
  }

  expire(at: number): Promise<void> {
    return this.commits.do({ execute: () => this.#table.expire(at) });
  }

  nextWakeAt(): number | null {
    const due = this.#table.queue.nextDueAt();
    const expiry = this.#table.nextExpiryAt();
    return due === null || expiry === null ? (due ?? expiry) : Math.min(due, expiry);
  }

  get(id: string): Promise<Run | undefined> {
    return this.commits.read(() => this.#table.get(id));
  }

  descendants(id: string, most: number): Promise<readonly Run[]> {
    return this.commits.read(() => this.#table.children.descendants(id, most).map(({ run }) => run));
  }

  list(query: ListQuery): Promise<RunPage> {
    return this.commits.read(() => this.#table.listing.page(query));
  }

  counts(filter?: RunFilter): Promise<RunCounts> {
    return this.commits.read(() => this.#table.listing.counts(filter));
  }

  leased(): Promise<readonly LeasedRun[]> {
    return this.commits.read(() => this.#table.leased());
  }

  tasks(): Promise<readonly { name: string; queued: number; running: number; paused: boolean }[]> {
    return this.commits.read(() => this.#table.queue.tasks());
  }

  shownName(run: Run, at: number): StateName {
    return this.#table.queue.waitingName(run, at);
  }

  cachedBy(key: string, at: number): string | undefined {
    return this.#table.cached.live(key, at)?.id;
  }

  cached(task: string | null, at: number): Promise<readonly CompletedRun[]> {
    return this.commits.read(() => this.#table.cached.list(task, at));
  }

  uncache(task: string | null, at: number): Promise<number> {
    return this.commits.do({ execute: () => this.#table.uncache(task, at) });
  }

  waitingFor(run: Run, at: number): string | null {
    return this.#table.queue.waitingFor(run, at);
  }

  setLimits(task: string, limits: Limits): void {
    this.#table.queue.setLimits(task, limits);
  }

  setWaiting(id: string, isWaiting: boolean): void {
    const run = this.#table.get(id);
    if (run) this.#table.queue.setWaiting(run, isWaiting);
  }

  setPaused(of: Pausable, name: string, paused: boolean, at: number): Promise<void> {
    return this.commits.do({ execute: () => this.#table.pauses.tell({ of, name, paused, at }, this.#table.changes) });
  }

  noteWorker(id: string, process: ProcessIdentity, at: number): Promise<void> {
    const execute = () => this.#table.workers.note({ id, process, at }, this.#table.changes);
    return this.commits.do({ execute, whenFull: () => undefined, rides: true });
  }

  workerProcess(id: string): ProcessIdentity | undefined {
    return this.#table.workers.get(id);
  }

  noteInputs(inputs: readonly TaskInput[], at: number): Promise<void> {
    const execute = () => this.#table.inputs.tell(inputs, at, this.#table.changes);
    return this.commits.do({ execute, whenFull: () => undefined, rides: true });
  }

  inputs(): readonly TaskInput[] {
    return this.#table.inputs.all();
  }

  pausedWorkers(): ReadonlySet<string> {
    return this.#table.pauses.workers;
  }

  remove(ids: readonly string[]): Promise<readonly string[]> {
    const at = this.#clock.now();
    return this.#dropping(this.commits.do({ execute: () => this.#table.remove(ids, at) }));
  }

  sweep(at: number, keep: Keep): Promise<readonly string[]> {
    return this.#dropping(this.commits.do({ execute: () => this.#table.sweep(at, keep) }));
  }

  appendLogs(runId: string, lines: readonly LogLine[]): void {
    if (this.#closed === null && lines.length > 0 && this.#table.get(runId)) this.#logs.append(runId, lines);
  }

  async logs(runId: string): Promise<readonly LogLine[]> {
    return this.#table.get(runId) ? this.#logs.read(runId) : [];
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    return this.commits.onCommit(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.commits.close().then(() => this.#release());
    return this.#closed;
  }

  /** The very lease it had: its holder may know of it already. */
  #leaseAgain(run: LeasedRun, at: number): boolean {
    const event: RunEvent = { type: 'assign', lease: run.lease, maxAttempts: run.maxAttempts ?? 1 };
    return this.#table.apply(run.id, event, at).changed;
  }

  /** The lines go when the removal of their run is durable. */
  #dropping(removal: Promise<readonly string[]>): Promise<readonly string[]> {
    const done = removal.then((ids) => {
      this.#logs.remove(ids);
      return ids;
    });
    done.catch(() => undefined);
    return done;
  }
}

/** Nobody waits for these, and what comes after them tells most of it. */
const RIDES: ReadonlySet<RunEvent['type']> = new Set(['start', 'retry', 'progress']);

function refuse(): never {
  throw full();
}

/** Raw line breaks stand in JSON between values only, so a blank says the same; a journal has one line for each record. */
function oneLine(json: string): string {
  return json.replace(/[\n\r]/g, ' ');
}

function isOneLine(json: string): boolean {
  return !json.includes('\n') && !json.includes('\r');
}

function oneLineEvent(event: RunEvent): RunEvent {
  if (event.type !== 'succeed' || event.result === null || isOneLine(event.result)) return event;
  return { ...event, result: oneLine(event.result) };
}
