/**
 * Makes batches durable in the journal: one write and one sync for each. A small batch while little is going on is synced in the event
 * loop, which spares it two hops between threads; under load the sync goes to the thread pool, and the loop goes on working. Once the
 * journal has grown enough it also starts a snapshot, and afterwards deletes what the one before it no longer needs.
 *
 * With `relaxed` a batch counts once it is written, and the sync follows within 100 ms.
 */
import { join } from 'node:path';
import type { Low } from 'lowdb';
import { StoreError } from '../../core/errors.ts';
import type { Clock, Timer } from '../../core/seams.ts';
import type { Log } from '../commits.ts';
import type { Fact } from '../rows.ts';
import type { Disk } from './disk.ts';
import { diskError } from './failures.ts';
import { listFolder } from './folder.ts';
import type { Journal } from './journal.ts';
import type { Lock } from './lock.ts';
import type { Reserve } from './reserve.ts';
import type { Checkpoint, SnapshotAdapter } from './snapshot.ts';

export interface FileLogParts {
  readonly disk: Disk;
  readonly folder: string;
  readonly clock: Clock;
  readonly lock: Lock;
  readonly journal: Journal;
  readonly reserve: Reserve;
  readonly state: Low<Checkpoint>;
  readonly snapshots: SnapshotAdapter;
  readonly isRelaxed: boolean;
  /** The reserve could not be made: the disk is full from the start. */
  readonly isFull: boolean;
  readonly snapshotAfter: SnapshotAfter;
  /** What the journal holds since the newest snapshot. */
  readonly records: number;
  readonly bytes: number;
  readonly onNotice: (line: string) => void;
  /** Called with what ends the store outside of a batch. */
  readonly onFailure: (error: StoreError) => void;
}

/** Records of a batch that is synced in the event loop, where the one before it was as small. */
const FEW = 4;
/** A disk that took longer than this for one sync must not hold up the loop for the next so many batches. */
const SLOW_SYNC_MS = 2;
const BATCHES_AFTER_SLOW_SYNC = 100;
/** A write beyond this goes to the thread pool, too. */
const MOST_IN_LOOP_BYTES = 1 << 18;
const SYNC_EVERY_MS = 100;
const SNAPSHOTS_KEPT = 2;
/** After a snapshot failed, this many records pass before the next try. */
const TRY_AGAIN_AFTER = 50_000;

/**
 * When the journal is long enough for a snapshot. A snapshot costs by the number of runs and the journal by the number of records:
 * neither may outgrow the other.
 */
export interface SnapshotAfter {
  readonly records: number;
  readonly recordsPerRun: number;
  readonly bytes: number;
  /** Of the snapshot before. */
  readonly timesItsBytes: number;
}
export const SNAPSHOT_AFTER: SnapshotAfter = { records: 100_000, recordsPerRun: 8, bytes: 64 * 1_048_576, timesItsBytes: 2 };

export class FileLog implements Log {
  readonly costly: boolean;
  readonly #parts: FileLogParts;
  readonly #journal: Journal;
  #fewBefore = true;
  /** Batches that go to the pool because the disk was slow. */
  #avoidLoop = 0;
  #records: number;
  #bytes: number;
  #isTight: boolean;
  /** The last write failed because the file may not grow any longer. */
  #isTooLong = false;
  /** No snapshot before there are so many records. */
  #notBefore = 0;
  /** A snapshot that is being written. */
  #snapshot: Promise<void> | null = null;
  #syncTimer: Timer | null = null;
  #syncing: Promise<void> | null = null;

  constructor(parts: FileLogParts) {
    this.#parts = parts;
    this.#journal = parts.journal;
    this.#records = parts.records;
    this.#bytes = parts.bytes;
    this.#isTight = parts.isFull;
    this.costly = !parts.isRelaxed;
  }

  append(facts: readonly Fact[]): Promise<void> | undefined {
    this.#parts.lock.check();
    const bytes = this.#journal.encode(facts);
    const inLoop = this.#fitsLoop(facts.length);
    this.#records += facts.length;
    this.#bytes += bytes.length;
    if (this.#isDue()) return this.#appendAndCut(bytes);
    if (bytes.length > MOST_IN_LOOP_BYTES) return this.#appendInPool(bytes);
    try {
      this.#journal.writeNow(bytes);
    } catch (error) {
      return this.#drop(error);
    }
    if (this.#parts.isRelaxed) return this.#syncLater();
    return inLoop ? this.#syncInLoop() : this.#syncInPool();
  }

  rest(): Promise<void> | undefined {
    const mark = this.#isTight ? null : this.#journal.encodeMark();
    return mark === null ? undefined : this.#writeMark(mark);
  }

  async breakReserve(): Promise<void> {
    this.#isTight = true;
    await this.#parts.reserve.give();
    // Where a file may not grow any longer, the room is in another one.
    if (this.#isTooLong) await this.#sync().then(() => this.#rotate());
  }

  async hasRoom(): Promise<boolean> {
    this.#isTight = !(await this.#parts.reserve.isBack());
    return !this.#isTight;
  }

  /** Waits for a snapshot that is being written, and syncs what was only written. */
  async settle(): Promise<void> {
    this.#syncTimer?.cancel();
    this.#syncTimer = null;
    await this.#syncing;
    await this.#snapshot;
    if (this.#journal.durable < this.#journal.end.seq) await this.#sync();
  }

  #fitsLoop(records: number): boolean {
    const fits = records <= FEW && this.#fewBefore && this.#avoidLoop === 0;
    this.#fewBefore = records <= FEW;
    this.#avoidLoop = Math.max(0, this.#avoidLoop - 1);
    return fits;
  }

  async #appendInPool(bytes: Buffer): Promise<void> {
    await this.#write(bytes);
    if (this.#parts.isRelaxed) this.#syncLater();
    else await this.#syncInPool();
  }

  /** Appends, and starts a snapshot of the table as it is after these facts: nothing else has happened to it yet. */
  async #appendAndCut(bytes: Buffer): Promise<void> {
    const { state, onNotice } = this.#parts;
    let settle: (stands: boolean) => void = () => undefined;
    const settled = new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    state.data = { ...state.data, seq: this.#journal.encoded, settled };
    const counted = { records: this.#records, bytes: this.#bytes };
    this.#snapshot = state
      .write()
      .then(() => this.#deleteOld())
      .catch((error: Error) => {
        onNotice(`${error.message} The journal goes on without this snapshot.`);
        this.#records += counted.records;
        this.#bytes += counted.bytes;
        this.#notBefore = this.#records + TRY_AGAIN_AFTER;
      })
      .finally(() => {
        this.#snapshot = null;
      });
    this.#records = 0;
    this.#bytes = 0;
    try {
      await this.#write(bytes);
      await this.#syncInPool();
      settle(await this.#rotate());
    } finally {
      settle(false);
    }
  }

  /** False where the journal had to stay in its segment. */
  async #rotate(): Promise<boolean> {
    const { segment } = this.#journal.end;
    try {
      await this.#journal.rotate();
    } catch (error) {
      this.#parts.onNotice((error as Error).message);
    }
    return this.#journal.end.segment !== segment;
  }

  async #deleteOld(): Promise<void> {
    const { disk, folder } = this.#parts;
    const { snapshots, segments } = await listFolder(disk, folder);
    const oldest = snapshots.at(-SNAPSHOTS_KEPT);
    if (!oldest) return;
    const isNeeded = (index: number) => (segments[index + 1]?.seq ?? Number.POSITIVE_INFINITY) > oldest.seq + 1;
    const old = [...snapshots.slice(0, -SNAPSHOTS_KEPT), ...segments.filter((_segment, index) => !isNeeded(index))];
    for (const { name } of old) await disk.remove(join(folder, name));
    await disk.syncFolder(folder);
  }

  #isDue(): boolean {
    if (this.#snapshot !== null || this.#isTight || this.#records < this.#notBefore) return false;
    const { snapshotAfter, snapshots, state } = this.#parts;
    const records = Math.max(snapshotAfter.records, state.data.table.size * snapshotAfter.recordsPerRun);
    const bytes = Math.max(snapshotAfter.bytes, snapshots.bytes * snapshotAfter.timesItsBytes);
    return this.#records >= records || this.#bytes >= bytes;
  }

  /** Relaxed: written is enough. */
  #syncLater(): undefined {
    this.#journal.keep();
    this.#syncTimer ??= this.#parts.clock.after(SYNC_EVERY_MS, () => this.#syncWritten());
    return undefined;
  }

  #syncWritten(): void {
    this.#syncTimer = null;
    this.#syncing = this.#sync().catch((error: StoreError) => this.#parts.onFailure(error));
  }

  #syncInPool(): Promise<void> {
    this.#journal.keep();
    return this.#sync();
  }

  #syncInLoop(): undefined {
    const { clock, folder } = this.#parts;
    const started = clock.monotonic();
    this.#journal.keep();
    try {
      this.#journal.syncNow();
    } catch (error) {
      throw syncFailed(folder, error);
    }
    if (clock.monotonic() - started > SLOW_SYNC_MS) this.#avoidLoop = BATCHES_AFTER_SLOW_SYNC;
    this.#journal.isDurable(this.#journal.end.seq);
    return undefined;
  }

  async #sync(): Promise<void> {
    const { seq } = this.#journal.end;
    try {
      await this.#journal.sync();
    } catch (error) {
      throw syncFailed(this.#parts.folder, error);
    }
    this.#journal.isDurable(seq);
  }

  async #write(bytes: Buffer): Promise<void> {
    try {
      await this.#journal.write(bytes);
    } catch (error) {
      await this.#drop(error);
    }
  }

  /** The mark helps the next start, and nobody waits for it: where there is no room for it, it is left out. */
  async #writeMark(mark: Buffer): Promise<void> {
    try {
      this.#parts.lock.check();
      await this.#write(mark);
    } catch (error) {
      if ((error as StoreError).code === 'BGTASK_STORE_FULL') return;
      throw error;
    }
    await this.#syncInPool();
  }

  /** A part of the batch may have been written: cuts it off. */
  async #drop(cause: unknown): Promise<never> {
    const path = join(this.#parts.folder, this.#journal.end.segment);
    this.#isTooLong = (cause as NodeJS.ErrnoException).code === 'EFBIG';
    try {
      await this.#journal.drop();
    } catch (error) {
      throw new StoreError('failed', `${diskError('write', path, cause).message} Then it could not be cut back.`, [], error);
    }
    throw diskError('write', path, cause);
  }
}

/** After a failed sync the system may have dropped what was written, and say nothing the next time. */
function syncFailed(folder: string, cause: unknown): StoreError {
  return new StoreError(
    'failed',
    `The disk of the store ${folder} could not sync: ${(cause as Error).message}. What was not acknowledged may be lost.`,
    ['Check the disk, then start the server again: it recovers from what is on the disk'],
    cause,
  );
}
