/**
 * Snapshots: the whole table as it was after one sequence number, so that the journal before it need not be read any more. lowdb holds
 * the state; this is its adapter, as its own ones neither sync nor write in parts. One line for each run; the first line says which
 * sequence number it covers, the last one that it is whole.
 *
 * `write` takes what it writes at once, and then works in slices of a few milliseconds. A snapshot gets its name only when it is on the
 * disk, was read back, and the journal up to its sequence number is durable.
 */

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Adapter } from 'lowdb';
import type { ProcessIdentity } from '../../core/frames.ts';
import type { Run } from '../../core/run.ts';
import type { Clock } from '../../core/seams.ts';
import { newRun } from '../../core/transition.ts';
import type { KeptRow } from '../rows.ts';
import { Table } from '../table.ts';
import type { Disk, DiskFile } from './disk.ts';
import { damaged, diskError } from './failures.ts';
import { listFolder, snapshotName } from './folder.ts';
import { eachLineOf, endOfText, FIRST_CRC, isSound, LineWriter, objectOf, quote, storedCrc } from './lines.ts';
import { NO_RUN, VERSION } from './records.ts';

/** The table, and up to where it stands for the journal. */
export interface Checkpoint {
  readonly table: Table;
  /** The last sequence number it covers; 0: none. */
  readonly seq: number;
  readonly epoch: number;
  /** Names the store; '' before there is one. */
  readonly store: string;
  /** Resolves true when the journal is durable up to `seq`; false: it was taken back. */
  readonly settled: Promise<boolean>;
}
export interface SnapshotOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly clock: Clock;
  readonly nonce: () => string;
}

const SLICE_MS = 4;
const SLICE_BYTES = 1 << 18;
const LOOK_AT_CLOCK_EVERY = 32;
const VERIFY_CHUNK = 1 << 20;

export function noCheckpoint(): Checkpoint {
  return { table: new Table(), seq: 0, epoch: 0, store: '', settled: Promise.resolve(true) };
}

export class SnapshotAdapter implements Adapter<Checkpoint> {
  readonly #options: SnapshotOptions;
  /** Size of the newest snapshot. */
  bytes = 0;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** The newest snapshot; null where there is none. @throws {StoreError} `damaged` */
  async read(): Promise<Checkpoint | null> {
    const { disk, folder } = this.#options;
    const newest = (await listFolder(disk, folder)).snapshots.at(-1);
    if (newest === undefined) return null;
    const { checkpoint, bytes } = await readSnapshot(disk, folder, newest.name);
    this.bytes = bytes;
    if (checkpoint.seq !== newest.seq) throw damaged(folder, newest.name, {}, `it covers ${checkpoint.seq}, not what its name says`);
    return checkpoint;
  }

  /** @throws {StoreError} Nothing of it is left behind, and the journal goes on as it was. */
  write(checkpoint: Checkpoint): Promise<void> {
    // Now, before anything changes the table. Runs are never changed in place: these are the runs of this moment for good.
    const cut: KeptRow[] = [];
    for (const { run, seq, keyUntil, uncached } of checkpoint.table.rows()) cut.push({ run, seq, keyUntil, uncached });
    const header = {
      ...{ k: 'snapshot', store: checkpoint.store, v: VERSION, s: checkpoint.seq, e: checkpoint.epoch, t: this.#options.clock.now() },
      ...{ newestRemoved: checkpoint.table.newestRemoved, ...checkpoint.table.pauses.kept() },
      ...{ ...checkpoint.table.workers.kept(), ...checkpoint.table.inputs.kept() },
    };
    return this.#publish(checkpoint, header, cut);
  }

  async #publish(checkpoint: Checkpoint, header: object, cut: readonly KeptRow[]): Promise<void> {
    const { disk, folder, nonce } = this.#options;
    const path = join(folder, snapshotName(checkpoint.seq));
    const unfinished = `${path}.${nonce()}.tmp`;
    try {
      const file = await disk.open(unfinished, 'create');
      const written = await this.#writeAll(file, header, cut).finally(() => file.close());
      await verify(disk, unfinished, written);
      if (!(await checkpoint.settled)) {
        await disk.remove(unfinished);
        return;
      }
      await disk.rename(unfinished, path);
      await disk.syncFolder(folder);
      this.bytes = written.bytes;
    } catch (error) {
      await disk.remove(unfinished).catch(() => undefined);
      throw diskError('write', path, error);
    }
  }

  async #writeAll(file: DiskFile, header: object, cut: readonly KeptRow[]): Promise<Written> {
    const lines = new LineWriter();
    lines.add(JSON.stringify(header).slice(0, -1));
    let bytes = 0;
    let crc = 0;
    const flush = async () => {
      const slice = lines.take();
      crc = crc32(slice, crc);
      await file.write(slice, bytes);
      bytes += slice.length;
    };
    for (let next = 0; next < cut.length; ) {
      next = this.#addSlice(lines, cut, next);
      await flush();
    }
    lines.add(`{"k":"end","runs":${cut.length}`);
    await flush();
    await file.sync();
    return { bytes, crc };
  }

  /** Adds lines until the slice is big or took long; answers with the first run that is not in it. */
  #addSlice(lines: LineWriter, cut: readonly KeptRow[], from: number): number {
    const { clock } = this.#options;
    const until = clock.monotonic() + SLICE_MS;
    let next = from;
    while (next < cut.length && lines.length < SLICE_BYTES) {
      lines.add(runText(cut[next] as KeptRow));
      next += 1;
      if (next % LOOK_AT_CLOCK_EVERY === 0 && clock.monotonic() >= until) break;
    }
    return next;
  }
}

interface Written {
  readonly bytes: number;
  readonly crc: number;
}

async function verify(disk: Disk, path: string, written: Written): Promise<void> {
  const file = await disk.open(path, 'read');
  const chunk = Buffer.allocUnsafe(VERIFY_CHUNK);
  let crc = 0;
  let bytes = 0;
  try {
    for (let got = await file.read(chunk, 0); got > 0; got = await file.read(chunk, bytes)) {
      crc = crc32(chunk.subarray(0, got), crc);
      bytes += got;
    }
  } finally {
    await file.close();
  }
  if (crc !== written.crc || bytes !== written.bytes) throw new Error('it reads back otherwise than it was written');
}

/** The payloads stand last, as they are; the length of a result says where it ends. What is as in a fresh run is left out. */
function runText(row: KeptRow): string {
  const { run } = row;
  const { args, result } = run;
  let text = `{"k":"run","n":${row.seq}${besidesRun(row)},"state":"${run.state}","stateName":"${run.stateName}"`;
  for (const key of RUN_KEYS) {
    const value = run[key];
    if (value === RUN_SHAPE[key] || (Array.isArray(value) && value.length === 0)) continue;
    text += `,"${key}":${typeof value === 'string' ? quote(value) : typeof value === 'number' ? value : JSON.stringify(value)}`;
  }
  const returned = result === null ? '' : `,"resultBytes":${Buffer.byteLength(result)},"result":${result}`;
  return `${text}${returned},"args":${args}`;
}

function besidesRun({ keyUntil, uncached }: KeptRow): string {
  return `${keyUntil === null ? '' : `,"keyUntil":${keyUntil}`}${uncached ? ',"uncached":true' : ''}`;
}

const RUN_SHAPE = newRun(NO_RUN, []);
const RUN_KEYS = (Object.keys(RUN_SHAPE) as (keyof Run)[]).filter((key) => !['state', 'stateName', 'args', 'result'].includes(key));
const ARGS = ',"args":';
const RESULT = ',"result":';

export function readRun(line: Buffer): KeptRow {
  const end = endOfText(line);
  const firstArgs = line.indexOf(ARGS);
  const size = line.indexOf(',"resultBytes":');
  const hasResult = size !== -1 && size < firstArgs;
  const headEnd = hasResult ? size : firstArgs;
  const head = JSON.parse(`${line.toString('utf8', 0, headEnd)}}`);
  const resultAt = hasResult ? line.indexOf(RESULT, size) + RESULT.length : 0;
  const resultEnd = hasResult ? resultAt + Number.parseInt(line.toString('latin1', size + 15, resultAt), 10) : firstArgs;
  const result = hasResult ? line.toString('utf8', resultAt, resultEnd) : null;
  const run: Record<string, unknown> = { ...RUN_SHAPE, args: line.toString('utf8', resultEnd + ARGS.length, end), result };
  for (const key in head) if (key in RUN_SHAPE) run[key] = head[key];
  return { run: run as unknown as Run, seq: head.n, keyUntil: head.keyUntil ?? null, uncached: head.uncached ?? false };
}

/** @throws {StoreError} `damaged` */
export async function readSnapshot(disk: Disk, folder: string, name: string): Promise<{ checkpoint: Checkpoint; bytes: number }> {
  const table = new Table();
  let crc = FIRST_CRC;
  let header: Header | null = null;
  let isWhole = false;
  const bytes = await eachLineOf(disk, join(folder, name), null, (line, at, hasEnd) => {
    if (isWhole || !hasEnd || !isSound(line, crc))
      throw damaged(folder, name, { byte: at }, isWhole ? 'it goes on after its end' : 'its checksum is wrong');
    crc = storedCrc(line) as number;
    if (header === null) header = readHeader(folder, name, line);
    else if (line.toString('latin1', 0, 10) === '{"k":"end"') isWhole = readEnd(line, table.size);
    else loadRun(folder, name, at, table, line);
    return undefined;
  });
  if (header === null || !isWhole) throw damaged(folder, name, { byte: bytes }, 'its end is missing');
  const { s, e, store, newestRemoved } = header as Header;
  table.forgetUpTo(newestRemoved);
  table.pauses.load(header);
  table.workers.load(header);
  table.inputs.load(header);
  return { checkpoint: { table, seq: s, epoch: e, store, settled: Promise.resolve(true) }, bytes };
}

function loadRun(folder: string, name: string, at: number, table: Table, line: Buffer): void {
  try {
    table.load(readRun(line));
  } catch (error) {
    throw damaged(folder, name, { byte: at }, `it cannot be read: ${(error as Error).message}`, error);
  }
}

interface Header {
  readonly k: string;
  readonly store: string;
  readonly v: number;
  readonly s: number;
  readonly e: number;
  readonly newestRemoved: string;
  readonly paused: readonly string[];
  readonly pausedWorkers?: readonly string[];
  readonly workers?: readonly (readonly [string, ProcessIdentity])[];
  readonly inputs?: readonly (readonly [string, string])[];
}

function readHeader(folder: string, name: string, line: Buffer): Header {
  const header = objectOf(line) as unknown as Header;
  if (header.k !== 'snapshot') throw damaged(folder, name, { byte: 0 }, 'it does not begin as a snapshot');
  if (header.v > VERSION) throw damaged(folder, name, { byte: 0 }, 'it was written by a newer version of bgtask');
  return header;
}

function readEnd(line: Buffer, runs: number): boolean {
  return objectOf(line).runs === runs;
}
