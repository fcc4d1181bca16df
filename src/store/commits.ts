/**
 * The order of writes. Each call takes effect on the table at once; what was called in one turn of the event loop, or while the batch
 * before was being written, goes to the log as one batch; then all of it is answered. No timer makes a batch wait for company.
 *
 * What needs no answer of its own (`start`, `progress`) rides along with the next batch, or goes 50 ms after the last one.
 *
 * Where the disk is full, what is not durable is taken back from the table and done again without what grows the store: submits are
 * refused and nothing is leased until there is room. What cannot be written even then is held, and tried again every second.
 */
import { StoreError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/seams.ts';
import { Batch, type Call, closed, commitOf, full, LOOK, type Waiting } from './batch.ts';
import type { Fact, Step } from './rows.ts';
import type { Commit } from './store.ts';
import type { Table } from './table.ts';

/** Makes facts durable. Called again only after the promise before has settled. */
export interface Log {
  /** A batch costs something: what can wait for another one does. */
  readonly costly: boolean;
  /**
   * Keeps `facts`, in order and after all before; undefined: it is done.
   * @throws {StoreError} `full`: nothing of it was kept, and the log is as it was. Any other error is the end of the store.
   */
  append(facts: readonly Fact[]): Promise<void> | undefined;
  /** Nothing was written for a while: puts down what the next start should know. */
  rest(): Promise<void> | undefined;
  /** Frees what was set aside for a full disk. */
  breakReserve(): Promise<void>;
  /** True where there is room again and the reserve is back. */
  hasRoom(): Promise<boolean>;
}

const REST_AFTER_MS = 50;
const TRY_AGAIN_MS = 1_000;

export class Commits {
  /** Resolves with the error after which nothing is written any more. */
  readonly failed: Promise<StoreError>;
  readonly #table: Table;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #listeners = new Set<(commit: Commit) => void>();
  readonly #fail: (error: StoreError) => void;
  #batch = new Batch();
  #writing: Batch | null = null;
  /** `tight`: the disk was full, and only what does not grow the store is done. `stuck`: not even that could be written. */
  #room: 'enough' | 'tight' | 'stuck' = 'enough';
  #held: Waiting[] = [];
  #over: StoreError | null = null;
  #failure: StoreError | null = null;
  #closing = false;
  #scheduled = false;
  /** Batches written so far. */
  #written = 0;
  #restTimer: Timer | null = null;
  #roomTimer: Timer | null = null;

  constructor(table: Table, log: Log, clock: Clock) {
    this.#table = table;
    this.#log = log;
    this.#clock = clock;
    table.changes = this.#batch;
    let fail: (error: StoreError) => void = () => undefined;
    this.failed = new Promise((resolve) => {
      fail = resolve;
    });
    this.#fail = fail;
  }

  /** What `failed` resolved with, if it has. */
  get failure(): StoreError | null {
    return this.#failure;
  }

  /** Does `call` at once, and answers when it is durable. A rejection nobody waits for is no accident: `failed` tells of it, too. */
  do<T>(call: Call<T>): Promise<T> {
    const answer = new Promise<unknown>((resolve, reject) => {
      const waiting: Waiting = { call: call as unknown as Call<unknown>, resolve, reject, answer: undefined };
      if (this.#over || this.#closing) reject(this.#over ?? closed());
      else if (this.#room === 'enough') this.#run(waiting, call.execute);
      else if (call.whenFull) this.#run(waiting, call.whenFull);
      else if (this.#room === 'stuck') this.#held.push(waiting);
      else this.#run(waiting, call.execute);
    });
    answer.catch(() => undefined);
    return answer as Promise<T>;
  }

  /** What `look` sees now, once it is durable; where it is taken back instead, what it sees then. */
  async read<T>(look: () => T): Promise<T> {
    for (;;) {
      if (this.#over) throw this.#over;
      const seen = look();
      if (this.#isDurable() || (await this.#stands())) return seen;
    }
  }

  /** Calls `listener` after each batch with what it changed. */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts with a full disk. */
  startFull(): void {
    this.#room = 'tight';
    this.#lookForRoomLater();
  }

  /** Nothing can be written any more: refuses what waits and what is still to come. */
  end(error: StoreError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#over = error;
    this.#restTimer?.cancel();
    this.#roomTimer?.cancel();
    const waiting = [...(this.#writing?.waiting ?? []), ...this.#batch.waiting, ...this.#held];
    for (const { reject } of waiting) reject(error);
    this.#fail(error);
  }

  /** Takes nothing more, and resolves when all that was taken is durable or refused. */
  async close(): Promise<void> {
    this.#closing = true;
    while (!this.#over && !this.#isDurable()) await this.#stands().catch(() => false);
    this.#restTimer?.cancel();
    this.#roomTimer?.cancel();
    for (const { reject } of this.#held) reject(full());
    this.#over ??= closed();
  }

  #run(waiting: Waiting, make: (answer: unknown) => unknown): void {
    try {
      waiting.answer = make(waiting.answer);
    } catch (error) {
      waiting.reject(error);
      if (!this.#isDurable()) this.#wake();
      return;
    }
    if (this.#isDurable()) {
      waiting.resolve(waiting.answer);
      return;
    }
    this.#batch.waiting.push(waiting);
    if (this.#log.costly && waiting.call.rides) this.#restLater();
    else this.#wake();
  }

  /** Resolves true when all that was done so far is durable, false when it was taken back. */
  #stands(): Promise<boolean> {
    return new Promise<unknown>((resolve, reject) => {
      this.#batch.waiting.push({ call: LOOK, resolve, reject, answer: true });
      this.#wake();
    }) as Promise<boolean>;
  }

  #isDurable(): boolean {
    return this.#writing === null && this.#batch.facts.length === 0 && this.#batch.waiting.length === 0;
  }

  #wake(): void {
    this.#batch.urgent = true;
    if (this.#scheduled || this.#writing !== null) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#writing !== null || this.#over || this.#isDurable()) return;
    const batch = this.#batch;
    this.#batch = new Batch();
    this.#table.changes = this.#batch;
    this.#write(batch, () => (batch.facts.length > 0 ? this.#log.append(batch.facts) : undefined));
  };

  #write(batch: Batch, write: () => Promise<void> | undefined): void {
    this.#writing = batch;
    try {
      const pending = write();
      if (pending === undefined) this.#committed(batch);
      else
        pending.then(
          () => this.#committed(batch),
          (error: unknown) => this.#notWritten(batch, error),
        );
    } catch (error) {
      this.#notWritten(batch, error);
    }
  }

  #committed(batch: Batch): void {
    this.#writing = null;
    if (this.#over) return;
    if (batch.steps.length > 0) this.#tell(batch.steps);
    for (const { resolve, answer } of batch.waiting) resolve(answer);
    if (batch.facts.length > 0) {
      this.#written += 1;
      this.#restLater();
    }
    if (this.#batch.urgent) this.#wake();
  }

  #tell(steps: readonly Step[]): void {
    if (this.#listeners.size === 0) return;
    const commit = commitOf(steps);
    for (const listener of this.#listeners) {
      try {
        listener(commit);
      } catch (error) {
        // A listener's mistake is not the store's: it surfaces by itself, and the batch goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #notWritten(batch: Batch, error: unknown): void {
    if (!(error instanceof StoreError) || error.code !== 'BGTASK_STORE_FULL') {
      this.end(error instanceof StoreError ? error : new StoreError('failed', 'The store could not be written.', [], error));
      return;
    }
    if (this.#room !== 'enough') {
      this.#takeBack(batch);
      return;
    }
    // The reserve is there for this: with it, what was taken already is written all the same.
    this.#room = 'tight';
    this.#lookForRoomLater();
    this.#write(batch, async () => {
      await this.#log.breakReserve();
      await this.#log.append(batch.facts);
    });
  }

  /** Undoes all that is not durable, newest first, and does again what still may be done. */
  #takeBack(batch: Batch): void {
    const open = this.#batch;
    const undone = [...batch.waiting, ...open.waiting];
    this.#table.changes = null;
    this.#table.revert(open.steps);
    this.#table.revert(batch.steps);
    this.#batch = new Batch();
    this.#table.changes = this.#batch;
    this.#writing = null;
    const looks = undone.filter(({ call }) => call === LOOK);
    for (const { resolve } of looks) resolve(false);
    const calls = undone.filter(({ call }) => call !== LOOK);
    if (batch.again) this.#getStuck(calls);
    else this.#doAgain(calls);
  }

  #getStuck(calls: readonly Waiting[]): void {
    this.#room = 'stuck';
    this.#held.push(...calls);
  }

  #doAgain(calls: readonly Waiting[]): void {
    this.#batch.again = true;
    for (const waiting of calls) this.#run(waiting, waiting.call.again ?? waiting.call.execute);
  }

  #lookForRoomLater(): void {
    this.#roomTimer = this.#clock.after(TRY_AGAIN_MS, () => void this.#lookForRoom(), true);
  }

  async #lookForRoom(): Promise<void> {
    const hasRoom = this.#writing === null && (await this.#log.hasRoom().catch(() => false));
    if (this.#over) return;
    const wasStuck = this.#room === 'stuck';
    this.#room = hasRoom ? 'enough' : wasStuck ? 'tight' : this.#room;
    if (!hasRoom) this.#lookForRoomLater();
    if (!wasStuck) return;
    const held = this.#held;
    this.#held = [];
    this.#doAgain(held);
  }

  #restLater(): void {
    if (this.#restTimer !== null || !this.#log.costly) return;
    const written = this.#written;
    const look = () => {
      this.#restTimer = null;
      this.#rest(written);
    };
    this.#restTimer = this.#clock.after(REST_AFTER_MS, look, true);
  }

  #rest(written: number): void {
    if (this.#over) return;
    if (this.#writing !== null || this.#scheduled || this.#written !== written) this.#restLater();
    else if (this.#isDurable()) this.#write(new Batch(), () => this.#log.rest());
    else this.#flush();
  }
}
