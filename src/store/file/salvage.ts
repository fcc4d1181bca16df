/**
 * Saving what can be saved of a damaged store: every line that is sound, wherever it stands, and the numbers of those that are not.
 * For `store repair` alone; a server starts on what recovery.ts accepts, or not at all.
 */
import { join } from 'node:path';
import { StoreError } from '../../core/errors.ts';
import { Table } from '../table.ts';
import type { Disk } from './disk.ts';
import { CLEAN, type Listing, listFolder, type SegmentName } from './folder.ts';
import { computedCrc, eachLineOf, FIRST_CRC, storedCrc } from './lines.ts';
import { partsOf } from './proof.ts';
import { factOf, type JournalRecord, readRecord } from './records.ts';
import { type Checkpoint, noCheckpoint, readRun, readSnapshot } from './snapshot.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}
export interface Salvage {
  readonly table: Table;
  readonly epoch: number;
  /** The highest sequence number that is known. */
  readonly lastSequence: number;
  /** Sequence numbers that cannot be read. */
  readonly lost: readonly Range[];
  /** Lines of a snapshot that cannot be read, where no older snapshot stands in for it. */
  readonly lostLines: number;
  /** Runs that lost something, as far as their ids can be read. */
  readonly runs: readonly string[];
}

export async function salvage(disk: Disk, folder: string): Promise<Salvage> {
  const listing = await listFolder(disk, folder);
  const base = await findBase(disk, folder, listing);
  const journal = new LooseJournal(base.checkpoint, base.runs);
  for (const [index, segment] of listing.segments.entries()) {
    const until = await endOf(disk, folder, segment, listing.segments[index + 1]);
    const lines = new LooseLines();
    await eachLineOf(disk, join(folder, segment.name), until, (line) => {
      for (const { part, isSound } of lines.read(line)) journal.take(part, isSound);
      return undefined;
    });
  }
  journal.isKnown(await cleanSequence(disk, folder, listing));
  const epoch = Math.max(base.checkpoint.epoch, ...listing.segments.map((segment) => segment.epoch));
  return { ...journal.result(), epoch, lostLines: base.lostLines };
}

interface Base {
  readonly checkpoint: Checkpoint;
  readonly lostLines: number;
  readonly runs: readonly string[];
}

/** The newest snapshot that is sound; none where the journal is there from its first line; else the sound lines of the newest one. */
async function findBase(disk: Disk, folder: string, { snapshots, segments }: Listing): Promise<Base> {
  for (const { name } of snapshots.toReversed()) {
    try {
      return { checkpoint: (await readSnapshot(disk, folder, name)).checkpoint, lostLines: 0, runs: [] };
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'BGTASK_STORE_DAMAGED') throw error;
    }
  }
  const newest = snapshots.at(-1);
  if (!newest || segments[0]?.seq === 1) return { checkpoint: noCheckpoint(), lostLines: 0, runs: [] };
  return readLoosely(disk, folder, newest.name, newest.seq);
}

async function readLoosely(disk: Disk, folder: string, name: string, seq: number): Promise<Base> {
  const table = new Table();
  const lines = new LooseLines();
  const runs: string[] = [];
  let lostLines = 0;
  await eachLineOf(disk, join(folder, name), null, (line) => {
    for (const { part, isSound } of lines.read(line)) {
      if (!isSound) {
        lostLines += 1;
        runs.push(...idsIn(part));
      } else if (part.toString('latin1', 0, 10) === '{"k":"run"') table.load(readRun(part));
    }
    return undefined;
  });
  return { checkpoint: { ...noCheckpoint(), table, seq }, lostLines, runs };
}

/** Lines that verify after any line near them. */
class LooseLines {
  readonly #seeds: number[] = [FIRST_CRC];

  read(line: Buffer): { part: Buffer; isSound: boolean }[] {
    return partsOf(line).map((part) => {
      const stored = storedCrc(part);
      const isSound = stored !== null && this.#seeds.some((seed) => computedCrc(part, seed) === stored);
      const computed = computedCrc(part, this.#seeds.at(-1) as number);
      this.#seeds.push(computed);
      if (stored !== null && stored !== computed) this.#seeds.push(stored);
      if (this.#seeds.length > MOST_SEEDS) this.#seeds.splice(0, this.#seeds.length - MOST_SEEDS);
      return { part, isSound };
    });
  }
}

const MOST_SEEDS = 8;

/** Applies what is sound, and keeps count of what is missing in between. */
class LooseJournal {
  readonly #table: Table;
  readonly #runs: Set<string>;
  readonly #lost: Range[] = [];
  #last: number;
  #known: number;

  constructor(checkpoint: Checkpoint, runs: readonly string[]) {
    this.#table = checkpoint.table;
    this.#last = checkpoint.seq;
    this.#known = checkpoint.seq;
    this.#runs = new Set(runs);
  }

  take(line: Buffer, isSound: boolean): void {
    const record = isSound ? parse(line) : null;
    if (record === null) {
      for (const id of idsIn(line)) this.#runs.add(id);
      return;
    }
    this.isKnown(Math.max(record.d, record.s));
    if (record.s <= this.#last || record.k === 'next') return;
    if (record.s > this.#last + 1) this.#lost.push({ from: this.#last + 1, to: record.s - 1 });
    this.#last = record.s;
    this.#apply(record);
  }

  /** All up to `seq` was stored once. */
  isKnown(seq: number): void {
    this.#known = Math.max(this.#known, seq);
  }

  result(): Omit<Salvage, 'epoch' | 'lostLines'> {
    const rest = this.#known > this.#last ? [{ from: this.#last + 1, to: this.#known }] : [];
    return { table: this.#table, lastSequence: this.#known, lost: [...this.#lost, ...rest], runs: [...this.#runs] };
  }

  /** What does not fit, because something before it is lost, is left out. */
  #apply(record: JournalRecord): void {
    try {
      const fact = factOf(record);
      if (fact) this.#table.replay(fact);
    } catch {
      if (typeof record.id === 'string') this.#runs.add(record.id);
    }
  }
}

function parse(line: Buffer): JournalRecord | null {
  try {
    return readRecord(line);
  } catch {
    return null;
  }
}

function idsIn(line: Buffer): string[] {
  const id = /"id":"([A-Za-z0-9_-]{1,64})"/.exec(line.toString('latin1'))?.[1];
  return id === undefined ? [] : [id];
}

/** Where the next segment says that this one ends; null: all of it counts. */
async function endOf(disk: Disk, folder: string, segment: SegmentName, next: SegmentName | undefined): Promise<number | null> {
  let end: number | null = null;
  if (!next) return end;
  await eachLineOf(disk, join(folder, next.name), null, (line) => {
    const header = storedCrc(line) === computedCrc(line, FIRST_CRC) ? parse(line) : null;
    if (header?.k === 'segment' && header.prev === segment.name) end = header.prevLen as number;
    return 'stop';
  });
  return end;
}

async function cleanSequence(disk: Disk, folder: string, { isClean }: Listing): Promise<number> {
  if (!isClean) return 0;
  let seq = 0;
  await eachLineOf(disk, join(folder, CLEAN), null, (line) => {
    seq = Number(/"s":(\d+)/.exec(line.toString())?.[1] ?? 0);
    return 'stop';
  });
  return seq;
}
