/**
 * Reading a store from its files: the newest snapshot, then the journal after it. It writes nothing.
 *
 * A line of the last segment that is not sound is a stop in the middle of a write (torn), and is cut off later, if nothing proves that
 * it was durable once. The proof is a later sound line with `d` at or above it, the link to a later segment, or `clean.json`. Unsynced
 * pages can reach the disk in any order, so a sound line after a bad one proves nothing by itself.
 */
import { join } from 'node:path';
import { checkClean, readClean } from './clean.ts';
import type { Disk } from './disk.ts';
import { damaged } from './failures.ts';
import { listFolder, type SegmentName } from './folder.ts';
import type { End } from './journal.ts';
import { eachLineOf, FIRST_CRC, hexOf, isSound, storedCrc } from './lines.ts';
import { ProofSearch } from './proof.ts';
import { factOf, type JournalRecord, readRecord, VERSION } from './records.ts';
import type { Checkpoint } from './snapshot.ts';

export interface Recovered {
  /** Names the store. */
  readonly store: string;
  /** Of the newest segment. */
  readonly epoch: number;
  /** Where the journal ends; what is torn comes after it. */
  readonly end: End;
  readonly torn: Torn | null;
  /** It was closed as it should be. */
  readonly wasClean: boolean;
  /** Read from the journal. */
  readonly records: number;
  readonly bytes: number;
}
export interface Torn {
  readonly segment: string;
  readonly from: number;
  readonly to: number;
  /** The first sequence number that is not there. */
  readonly seq: number;
}
/** A segment in use, by its first line. */
export interface Segment extends SegmentName {
  readonly store: string;
  readonly prev: string | null;
  readonly prevLen: number;
  readonly prevCrc: string;
}
/** Called with each sound record. */
export type Take = (record: JournalRecord) => void;

/**
 * Brings the table of `checkpoint` up to the end of the journal. Null: the folder holds no store yet.
 * @throws {StoreError} `damaged`
 */
export async function recover(disk: Disk, folder: string, checkpoint: Checkpoint): Promise<Recovered | null> {
  const listing = await listFolder(disk, folder);
  if (listing.segments.length === 0) {
    if (listing.isUsed) throw damaged(folder, 'the journal', {}, 'it is missing, though other files of a store are there');
    return null;
  }
  const chain = await findChain(disk, folder, listing.segments, checkpoint);
  const counted = { records: 0, bytes: 0 };
  const take: Take = (record) => {
    const fact = factOf(record);
    if (fact) checkpoint.table.replay(fact);
    counted.records += 1;
  };
  let read: Read | null = null;
  for (const [index, segment] of chain.entries()) {
    read = await readSegment(disk, folder, segment, chain[index + 1] ?? null, take);
    counted.bytes += read.end.bytes;
  }
  const { end, torn } = read as Read;
  const clean = listing.isClean ? await readClean(disk, folder) : null;
  if (clean) checkClean(folder, clean, end, torn !== null);
  const last = chain.at(-1) as Segment;
  return { store: last.store, epoch: last.epoch, end, torn, wasClean: clean !== null, ...counted };
}

/** The segments after the snapshot, oldest first. Others that lie there are older, or nobody's. */
export async function findChain(disk: Disk, folder: string, names: readonly SegmentName[], after: Pick<Checkpoint, 'seq' | 'store'>) {
  const byName = new Map(names.map((name) => [name.name, name]));
  const chain: Segment[] = [await readHeader(disk, folder, names.at(-1) as SegmentName)];
  for (let first = chain[0] as Segment; first.seq > after.seq + 1 && first.prev !== null; first = chain[0] as Segment) {
    const name = byName.get(first.prev);
    if (!name) throw damaged(folder, first.prev, { seq: first.seq - 1 }, `it is missing, though ${first.name} goes on after it`);
    chain.unshift(await readHeader(disk, folder, name));
  }
  checkChain(folder, chain, after);
  return chain;
}

function checkChain(folder: string, chain: readonly Segment[], { seq, store }: Pick<Checkpoint, 'seq' | 'store'>): void {
  const first = chain[0] as Segment;
  const stranger = chain.find((segment) => segment.store !== (store || first.store));
  if (stranger) throw damaged(folder, stranger.name, { byte: 0 }, 'it belongs to another store');
  if (first.seq === seq + 1) return;
  const missing = seq + 1 < first.seq ? `sequence numbers ${seq + 1} to ${first.seq - 1} are missing` : `nothing goes on after ${seq}`;
  throw damaged(folder, first.name, { byte: 0 }, seq === 0 ? missing : `${missing}, though the snapshot ends there`);
}

async function readHeader(disk: Disk, folder: string, name: SegmentName): Promise<Segment> {
  let header: JournalRecord | null = null;
  await eachLineOf(disk, join(folder, name.name), null, (line, _at, isWhole) => {
    if (isWhole && isSound(line, FIRST_CRC)) header = readRecord(line);
    return 'stop';
  });
  const first = header as (JournalRecord & Partial<Segment> & { v: number }) | null;
  if (first?.k !== 'segment') throw damaged(folder, name.name, { byte: 0, seq: name.seq }, 'its first line is not sound');
  if (first.v > VERSION) throw damaged(folder, name.name, { byte: 0 }, 'it was written by a newer version of bgtask');
  if (first.s !== name.seq || first.e !== name.epoch) throw damaged(folder, name.name, { byte: 0 }, 'its first line is of another segment');
  const { store = '', prev = null, prevLen = 0, prevCrc = '' } = first;
  return { ...name, store, prev, prevLen, prevCrc };
}

export interface Read {
  readonly end: End;
  readonly torn: Torn | null;
}

/** Reads a segment: to its end where it is the last one, else to where `next` says. */
export async function readSegment(disk: Disk, folder: string, segment: Segment, next: Segment | null, take: Take): Promise<Read> {
  const reader = new SegmentReader(folder, segment, next !== null, take);
  const size = await eachLineOf(disk, join(folder, segment.name), next?.prevLen ?? null, (line, at, isWhole) =>
    reader.line(line, at, isWhole),
  );
  const end = reader.end;
  if (next === null) return { end, torn: size > end.bytes ? { segment: segment.name, from: end.bytes, to: size, seq: end.seq + 1 } : null };
  if (end.bytes !== next.prevLen || hexOf(end.crc) !== next.prevCrc || end.seq !== next.seq - 1) {
    throw damaged(folder, segment.name, { byte: end.bytes, seq: end.seq + 1 }, `it does not end where ${next.name} says`);
  }
  return { end, torn: null };
}

class SegmentReader {
  readonly #folder: string;
  readonly #segment: Segment;
  /** A later segment proves that all of this one was durable. */
  readonly #isProven: boolean;
  readonly #take: Take;
  #end: End;
  #search: ProofSearch | null = null;

  constructor(folder: string, segment: Segment, isProven: boolean, take: Take) {
    this.#folder = folder;
    this.#segment = segment;
    this.#isProven = isProven;
    this.#take = take;
    this.#end = { segment: segment.name, bytes: 0, crc: FIRST_CRC, seq: segment.seq - 1 };
  }

  /** After the last sound line. */
  get end(): End {
    return this.#end;
  }

  line(line: Buffer, at: number, isWhole: boolean): undefined {
    if (this.#search) this.#lookForProof(line, isWhole);
    else if (!isWhole || !isSound(line, this.#end.crc)) this.#tear(line, isWhole, 'its checksum is wrong');
    else this.#read(line, at);
    return undefined;
  }

  #read(line: Buffer, at: number): void {
    const seq = this.#end.seq + 1;
    const record = this.#parse(line, at, seq);
    if (record.s !== seq) {
      this.#tear(line, true, `it has the number ${record.s}`);
      return;
    }
    if (record.k === 'next')
      throw damaged(this.#folder, String(record.segment), { seq }, 'it is missing, though the segment before names it');
    try {
      this.#take(record);
    } catch (error) {
      throw this.#damaged(at, seq, `it cannot be applied: ${(error as Error).message}`, error);
    }
    this.#end = { segment: this.#segment.name, bytes: at + line.length + 1, crc: storedCrc(line) as number, seq };
  }

  #parse(line: Buffer, at: number, seq: number): JournalRecord {
    try {
      return readRecord(line);
    } catch (error) {
      throw this.#damaged(at, seq, `it cannot be read: ${(error as Error).message}`, error);
    }
  }

  #tear(line: Buffer, isWhole: boolean, why: string): void {
    const seq = this.#end.seq + 1;
    if (this.#isProven || seq === this.#segment.seq) throw this.#damaged(this.#end.bytes, seq, why);
    this.#search = new ProofSearch(this.#end.crc, seq);
    this.#lookForProof(line, isWhole);
  }

  #lookForProof(line: Buffer, isWhole: boolean): void {
    const proof = this.#search?.look(line, isWhole);
    if (proof) throw this.#damaged(this.#end.bytes, this.#end.seq + 1, `it is not sound, and ${proof}`);
  }

  #damaged(byte: number, seq: number, why: string, cause?: unknown) {
    return damaged(this.#folder, this.#segment.name, { byte, seq }, why, cause);
  }
}
