/** `file:<folder>`: takes the folder, brings the table up to the end of the journal, and puts the parts of a file store together. */
import { join } from 'node:path';
import { Low } from 'lowdb';
import { StoreError } from '../../core/errors.ts';
import type { Clock, Random } from '../../core/seams.ts';
import type { LogLimits } from '../log-lines.ts';
import type { Store } from '../store.ts';
import { TableStore } from '../table-store.ts';
import { writeClean } from './clean.ts';
import { type Disk, writeFile } from './disk.ts';
import { diskError, isFull } from './failures.ts';
import { FileLog, SNAPSHOT_AFTER, type SnapshotAfter } from './file-log.ts';
import { CLEAN, LOGS, listFolder, prepareFolder } from './folder.ts';
import { Journal } from './journal.ts';
import { Lock } from './lock.ts';
import { FileLogs } from './logs.ts';
import { type Recovered, recover, type Torn } from './recovery.ts';
import { Reserve } from './reserve.ts';
import { type Checkpoint, noCheckpoint, SnapshotAdapter } from './snapshot.ts';

export interface FileStoreOptions {
  readonly url: string;
  readonly folder: string;
  readonly durability: 'durable' | 'relaxed';
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly breakLock: boolean;
  readonly limits: LogLimits;
  readonly onNotice: (line: string) => void;
  readonly snapshotAfter?: SnapshotAfter;
}

/** @throws {StoreError} The folder is unsafe, held by another server, or damaged. */
export async function openFileStore(options: FileStoreOptions): Promise<Store> {
  const { disk, folder, clock, random, onNotice } = options;
  await prepareFolder(disk, folder);
  const lock = await Lock.take({ disk, folder, clock, nonce: random.token(), breakLock: options.breakLock, onNotice });
  try {
    return await openLocked(options, lock);
  } catch (error) {
    await lock.release();
    throw diskError('open', folder, error);
  }
}

async function openLocked(options: FileStoreOptions, lock: Lock): Promise<Store> {
  const { disk, folder, clock, random, onNotice } = options;
  const nonce = () => random.token();
  const snapshots = new SnapshotAdapter({ disk, folder, clock, nonce });
  const state = new Low<Checkpoint>(snapshots, noCheckpoint());
  await state.read();
  const recovered = await recover(disk, folder, state.data);
  const reserve = new Reserve(disk, folder);
  const journal = await beginJournal(options, recovered, reserve);
  state.data = { ...state.data, store: journal.store, epoch: journal.epoch };
  const isFull = await prepareRest(options, reserve);
  const { table } = state.data;
  const logs = new FileLogs({ disk, folder, isKnown: (id) => table.get(id) !== undefined, limits: options.limits });
  const log = new FileLog({
    ...{ disk, folder, clock, lock, journal, reserve, state, snapshots, isFull, onNotice },
    snapshotAfter: options.snapshotAfter ?? SNAPSHOT_AFTER,
    ...{ isRelaxed: options.durability === 'relaxed', records: recovered?.records ?? 0, bytes: recovered?.bytes ?? 0 },
    onFailure: (error) => store.commits.end(error),
  });
  const release = async () => {
    await logs.close();
    await log.settle().catch((error: StoreError) => store.commits.end(error));
    if (store.commits.failure === null) {
      await withRoom(reserve, () => writeClean(disk, folder, journal.end, nonce())).catch((error: Error) => onNotice(error.message));
    }
    await journal.close();
    await lock.release();
  };
  const store = new TableStore({ url: options.url, durability: options.durability, table, log, logs, clock, release });
  if (isFull) store.commits.startFull();
  void logs.lookAround().catch((error: Error) => onNotice(`The logs of runs could not be looked through: ${error.message}`));
  return store;
}

/** A segment of our own after what is there. Whoever wrote the one before may still live on somewhere: nobody reads that any more. */
async function beginJournal(options: FileStoreOptions, recovered: Recovered | null, reserve: Reserve): Promise<Journal> {
  const { disk, folder, clock, random, onNotice } = options;
  for (const name of (await listFolder(disk, folder)).unfinished) await disk.remove(join(folder, name));
  const torn = recovered?.torn;
  if (torn) await withRoom(reserve, () => cutOff(options, torn));
  else if (recovered && !recovered.wasClean) {
    onNotice(`The server before did not stop cleanly. The journal of ${folder} ends at sequence number ${recovered.end.seq}.`);
  }
  if (recovered?.wasClean) {
    await disk.remove(join(folder, CLEAN));
    await disk.syncFolder(folder);
  }
  const store = recovered?.store ?? random.token();
  const epoch = (recovered?.epoch ?? 0) + 1;
  const begin = { disk, folder, store, epoch, now: () => clock.now(), nonce: () => random.token() };
  return withRoom(reserve, () => Journal.begin(begin, recovered?.end ?? null));
}

/** The folder of logs and the reserve. True where the disk is too full for the reserve. */
async function prepareRest({ disk, folder, onNotice }: FileStoreOptions, reserve: Reserve): Promise<boolean> {
  await disk.makeFolder(join(folder, LOGS));
  const { kind } = await disk.space(folder);
  if (kind === 'memory') onNotice(`The store ${folder} lies in memory (tmpfs): a power cut loses all of it.`);
  const isFull = !(await reserve.fill());
  if (isFull) onNotice(`The disk of the store ${folder} is full: nothing new is taken until there is room.`);
  return isFull;
}

/** Keeps a copy of what is torn, and cuts it off. */
async function cutOff({ disk, folder, clock, onNotice }: FileStoreOptions, torn: Torn): Promise<void> {
  const copyPath = join(folder, `${torn.segment}.torn-${clock.now()}`);
  const file = await disk.open(join(folder, torn.segment), 'write');
  try {
    const bytes = Buffer.alloc(torn.to - torn.from);
    await file.read(bytes, torn.from);
    await writeFile(disk, copyPath, bytes);
    await file.truncate(torn.from);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.syncFolder(folder);
  const place = `byte ${torn.from} to ${torn.to} of ${torn.segment}, from sequence number ${torn.seq} on`;
  onNotice(`The server before stopped in the middle of a write that nobody was told of. Cut it off: ${place}; a copy is in ${copyPath}.`);
}

/** Where the disk is full, gives up the reserve and tries once more. */
async function withRoom<T>(reserve: Reserve, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!isFull(error instanceof StoreError ? error.cause : error)) throw error;
    await reserve.give();
    return make();
  }
}
