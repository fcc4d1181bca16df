/**
 * The writing end of the journal: a chain of segments, each begun by one start of a server or by a snapshot. A segment says in its
 * first line where the one before it ends; what stands there later was written by a server that had lost the store, and is not read.
 * What is read, and how damage is told from a stop in the middle of a write, is in recovery.ts.
 */
import { join } from 'node:path';
import type { Fact } from '../rows.ts';
import type { Disk, DiskFile } from './disk.ts';
import { diskError } from './failures.ts';
import { segmentName } from './folder.ts';
import { FIRST_CRC, hexOf, LineWriter } from './lines.ts';
import { textOf, VERSION } from './records.ts';

/** Where a segment ends. */
export interface End {
  readonly segment: string;
  readonly bytes: number;
  readonly crc: number;
  /** The sequence number of its last line. */
  readonly seq: number;
}
export interface JournalOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Names the store; the same in all its files. */
  readonly store: string;
  readonly epoch: number;
  /** Wall clock, for the lines about the journal itself. */
  readonly now: () => number;
  /** Random, for names of unfinished files. */
  readonly nonce: () => string;
}

/** A journal is written by one caller at a time: `encode`, then one of the writes, then `keep` or `drop`. */
export class Journal {
  readonly #options: JournalOptions;
  readonly #lines = new LineWriter();
  #file: DiskFile;
  #end: End;
  /** After the lines that were encoded and not yet kept. */
  #next: End;
  /** Of the newest line that was encoded. */
  #seq: number;
  #durable: number;
  #isMarked = true;
  #middle = '';
  #at = Number.NaN;
  #said = Number.NaN;

  /**
   * Begins the first segment of an epoch. `before` is where the journal ended so far; null where there is none, and then `first` is the
   * first sequence number.
   */
  static async begin(options: JournalOptions, before: End | null, first = 1): Promise<Journal> {
    const { file, end } = await createSegment(options, before, first);
    if (before !== null) await linkSegment(options, before, end);
    return new Journal(options, file, end);
  }

  private constructor(options: JournalOptions, file: DiskFile, end: End) {
    this.#options = options;
    this.#file = file;
    this.#end = end;
    this.#next = end;
    this.#seq = end.seq;
    this.#durable = end.seq;
    this.#lines.crc = end.crc;
  }

  get store(): string {
    return this.#options.store;
  }

  get epoch(): number {
    return this.#options.epoch;
  }

  /** The end of what was kept. */
  get end(): End {
    return this.#end;
  }

  /** The sequence number of the newest line, written or not. */
  get encoded(): number {
    return this.#seq;
  }

  /** The highest sequence number that is known to be on the disk. */
  get durable(): number {
    return this.#durable;
  }

  /** The lines of `facts`; good until the next call. */
  encode(facts: readonly Fact[]): Buffer {
    for (const fact of facts) this.#add(fact.at, textOf(fact));
    return this.#encoded();
  }

  /** A line that says only what is durable; null where the last line says so already. */
  encodeMark(): Buffer | null {
    if (this.#isMarked) return null;
    this.#add(this.#options.now(), '"k":"mark"');
    this.#isMarked = true;
    return this.#encoded();
  }

  writeNow(bytes: Buffer): void {
    this.#file.writeNow(bytes, this.#end.bytes);
  }

  write(bytes: Buffer): Promise<void> {
    return this.#file.write(bytes, this.#end.bytes);
  }

  syncNow(): void {
    this.#file.syncNow();
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** What was encoded is written. */
  keep(): void {
    this.#end = this.#next;
  }

  /** What was encoded is not written whole: cuts off what there is of it. */
  async drop(): Promise<void> {
    this.#next = this.#end;
    this.#seq = this.#end.seq;
    this.#lines.crc = this.#end.crc;
    this.#isMarked = false;
    await this.#file.truncate(this.#end.bytes);
  }

  /** What was kept up to `seq` is synced. */
  isDurable(seq: number): void {
    this.#durable = seq;
  }

  /** Goes on in a new segment. All that was kept must be durable. Where it throws, the journal is as it was. */
  async rotate(): Promise<void> {
    const before = this.#end;
    const { file, end } = await createSegment(this.#options, before, 1);
    const old = this.#file;
    this.#file = file;
    this.#end = end;
    this.#next = end;
    this.#seq = end.seq;
    this.#durable = end.seq;
    this.#lines.crc = end.crc;
    this.#isMarked = true;
    try {
      await writeLink(this.#options, old, before, end);
    } finally {
      await old.close();
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #add(at: number, text: string): void {
    this.#seq += 1;
    // The same for all lines of a batch, but for their times where they differ.
    if (at !== this.#at || this.#durable !== this.#said) {
      this.#at = at;
      this.#said = this.#durable;
      this.#middle = `,"d":${this.#durable},"e":${this.#options.epoch},"t":${at},`;
    }
    this.#lines.add(`{"s":${this.#seq}${this.#middle}${text}`);
    this.#isMarked = false;
  }

  #encoded(): Buffer {
    const bytes = this.#lines.take();
    this.#next = { ...this.#end, bytes: this.#end.bytes + bytes.length, crc: this.#lines.crc, seq: this.#seq };
    return bytes;
  }
}

/** A segment with its first line, durable before it has its name. */
async function createSegment(options: JournalOptions, before: End | null, seqAlone: number): Promise<{ file: DiskFile; end: End }> {
  const { disk, folder, store, epoch, now, nonce } = options;
  const seq = before === null ? seqAlone : before.seq + 1;
  const segment = segmentName(epoch, seq);
  const prev = before && { prev: before.segment, prevLen: before.bytes, prevCrc: hexOf(before.crc) };
  const first = { s: seq, d: seq - 1, e: epoch, t: now(), k: 'segment', store, v: VERSION, ...prev };
  const lines = new LineWriter(FIRST_CRC);
  lines.add(JSON.stringify(first).slice(0, -1));
  const bytes = lines.take();
  const unfinished = join(folder, `${segment}.${nonce()}.tmp`);
  let file: DiskFile | null = null;
  try {
    file = await disk.open(unfinished, 'create');
    await file.write(bytes, 0);
    await file.sync();
    await disk.rename(unfinished, join(folder, segment));
    await disk.syncFolder(folder);
    return { file, end: { segment, bytes: bytes.length, crc: lines.crc, seq } };
  } catch (error) {
    await file?.close();
    await disk.remove(unfinished).catch(() => undefined);
    throw diskError('begin the journal', join(folder, segment), error);
  }
}

/** Says at the end of a segment that another one follows, so that a missing last segment is noticed. */
async function linkSegment(options: JournalOptions, before: End, next: End): Promise<void> {
  const file = await options.disk.open(join(options.folder, before.segment), 'write');
  try {
    await writeLink(options, file, before, next);
  } finally {
    await file.close();
  }
}

async function writeLink({ folder, epoch, now }: JournalOptions, file: DiskFile, before: End, next: End): Promise<void> {
  const lines = new LineWriter(before.crc);
  const link = { s: next.seq, d: before.seq, e: epoch, t: now(), k: 'next', segment: next.segment };
  lines.add(JSON.stringify(link).slice(0, -1));
  try {
    await file.write(lines.take(), before.bytes);
    await file.sync();
  } catch (error) {
    throw diskError('end the journal', join(folder, before.segment), error);
  }
}
