/** Looking after a file store from outside: is it sound, what is in it, and what can be saved of it. Never writes into the store itself. */
import { join, resolve } from 'node:path';
import { Low } from 'lowdb';
import { StoreError } from '../core/errors.ts';
import type { Clock, Random } from '../core/seams.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import { writeClean } from './file/clean.ts';
import { type Disk, realDisk } from './file/disk.ts';
import { LOGS, listFolder, prepareFolder } from './file/folder.ts';
import { Journal } from './file/journal.ts';
import { eachLineOf } from './file/lines.ts';
import { Lock } from './file/lock.ts';
import { findChain, recover } from './file/recovery.ts';
import { type Range, salvage } from './file/salvage.ts';
import { type Checkpoint, noCheckpoint, readSnapshot, SnapshotAdapter } from './file/snapshot.ts';

export interface MaintainOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly disk?: Disk;
}

export interface Verdict {
  readonly ok: boolean;
  readonly runs: number;
  /** The sequence number of the last record. */
  readonly lastSequence: number;
  /** Which file is damaged, where and how. */
  readonly problem: string | null;
}

/** A server that runs may delete a file between two looks at the folder. */
const MOST_LOOKS = 3;

/** Reads a store as a server would that starts on it, and writes nothing. An unfinished write at its end is no damage. */
export async function verifyStore(folder: string, { disk = realDisk }: MaintainOptions = {}): Promise<Verdict> {
  for (let looks = 1; ; looks += 1) {
    const before = await namesIn(disk, folder);
    const verdict = await verifyOnce(disk, resolve(folder));
    if (verdict.ok || looks === MOST_LOOKS || before === (await namesIn(disk, folder))) return verdict;
  }
}

export interface RepairReport {
  /** True where `acceptLoss` was right, and the new store was written. */
  readonly written: boolean;
  /** How many records are lost: the number to accept. */
  readonly lost: number;
  readonly sequences: readonly Range[];
  /** Runs that lost something, as far as their ids can be read. */
  readonly lostRuns: readonly string[];
  /** Runs that are saved. */
  readonly runs: number;
  readonly lastSequence: number;
}

/**
 * Writes what is sound of the store in `folder` into a new one in `out`, if exactly `acceptLoss` records are lost; else writes nothing
 * and says how many are.
 * @throws {StoreError} `locked`: a server holds the store. `unsafe`: `out` is not empty.
 */
export async function repairStore(folder: string, out: string, acceptLoss: number, options: MaintainOptions = {}): Promise<RepairReport> {
  const { disk = realDisk } = options;
  const [from, to] = [resolve(folder), resolve(out)];
  await Lock.refuseHeld(disk, from);
  const saved = await salvage(disk, from);
  const lost = saved.lost.reduce((sum, range) => sum + range.to - range.from + 1, saved.lostLines);
  const written = lost === acceptLoss;
  if (written) await writeStore(to, { ...noCheckpoint(), table: saved.table, seq: saved.lastSequence, epoch: saved.epoch }, options);
  if (written) await copyLogs(disk, from, to, (id) => saved.table.get(id) !== undefined);
  const { runs: lostRuns, lastSequence } = saved;
  return { written, lost, sequences: saved.lost, lostRuns, runs: saved.table.size, lastSequence };
}

/**
 * What happened in the store, oldest first, one JSON text each: the runs of its oldest snapshot, then every event after it.
 * @throws {StoreError} `damaged`
 */
export async function* exportStore(folder: string, { disk = realDisk }: MaintainOptions = {}): AsyncIterable<string> {
  const path = resolve(folder);
  const verdict = await verifyOnce(disk, path);
  if (verdict.problem !== null) throw new StoreError('damaged', verdict.problem);
  const { snapshots, segments } = await listFolder(disk, path);
  const base = segments[0]?.seq === 1 ? undefined : snapshots[0];
  if (base) yield* linesOf(disk, join(path, base.name), null, (line) => line.startsWith('{"k":"run"'));
  const after = base ? (await readSnapshot(disk, path, base.name)).checkpoint : noCheckpoint();
  const chain = segments.length === 0 ? [] : await findChain(disk, path, segments, after);
  for (const [index, { name }] of chain.entries()) {
    yield* linesOf(
      disk,
      join(path, name),
      chain[index + 1]?.prevLen ?? null,
      (line) => !/^[^"]*("[sdet]":\d+,){4}"k":"(segment|mark|next)"/.test(line),
    );
  }
}

async function verifyOnce(disk: Disk, folder: string): Promise<Verdict> {
  const snapshots = new SnapshotAdapter({ disk, folder, clock: systemClock, nonce: () => systemRandom.token() });
  const state = new Low<Checkpoint>(snapshots, noCheckpoint());
  try {
    await state.read();
    const recovered = await recover(disk, folder, state.data);
    const problem = recovered === null ? `There is no store in ${folder}.` : null;
    return { ok: problem === null, runs: state.data.table.size, lastSequence: recovered?.end.seq ?? 0, problem };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { ok: false, runs: state.data.table.size, lastSequence: state.data.seq, problem: error.message };
  }
}

async function namesIn(disk: Disk, folder: string): Promise<string> {
  const names = await disk.list(resolve(folder)).catch(() => []);
  return names.sort().join('\n');
}

async function writeStore(folder: string, checkpoint: Checkpoint, options: MaintainOptions): Promise<void> {
  const { disk = realDisk, clock = systemClock, random = systemRandom } = options;
  await prepareFolder(disk, folder);
  if ((await disk.list(folder)).length > 0)
    throw new StoreError('unsafe', `${folder} is not empty.`, ['Name a folder that is not there yet']);
  const nonce = () => random.token();
  const state = new Low<Checkpoint>(new SnapshotAdapter({ disk, folder, clock, nonce }), noCheckpoint());
  state.data = { ...checkpoint, store: random.token() };
  await state.write();
  const begin = { disk, folder, store: state.data.store, epoch: checkpoint.epoch + 1, now: () => clock.now(), nonce };
  const journal = await Journal.begin(begin, null, checkpoint.seq + 1);
  await journal.close();
  await writeClean(disk, folder, journal.end, nonce());
}

async function copyLogs(disk: Disk, from: string, to: string, isKnown: (id: string) => boolean): Promise<void> {
  await disk.makeFolder(join(to, LOGS));
  const names = await disk.list(join(from, LOGS)).catch(() => []);
  for (const name of names.filter((one) => isKnown(one.replace(/\.ndjson$/, '')))) {
    const lines: Buffer[] = [];
    await eachLineOf(disk, join(from, LOGS, name), null, (line) => {
      lines.push(Buffer.from(line), Buffer.from('\n'));
      return undefined;
    });
    await disk.append(join(to, LOGS, name), Buffer.concat(lines));
  }
}

const LINES_AT_ONCE = 2_000;

async function* linesOf(disk: Disk, path: string, until: number | null, isWanted: (line: string) => boolean): AsyncGenerator<string> {
  for (let from = 0; ; ) {
    const lines: string[] = [];
    let next = from;
    await eachLineOf(
      disk,
      path,
      until,
      (line, at, isWhole) => {
        if (!isWhole) return undefined;
        lines.push(line.toString());
        next = at + line.length + 1;
        return lines.length >= LINES_AT_ONCE ? 'stop' : undefined;
      },
      from,
    );
    yield* lines.filter(isWanted);
    if (next === from) return;
    from = next;
  }
}
