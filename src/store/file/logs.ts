/**
 * What tasks write, in `logs/<run>.ndjson`. Lines are taken at once and written behind, one file after the other, so that they never
 * hold up a task or a commit. They are bounded, each line, each run and all together; where lines had to go, one says so.
 * They are not synced: a power cut may cost the last ones.
 */
import { join } from 'node:path';
import type { LogLine } from '../../core/api.ts';
import { FULL, fitLines, type LogLimits, markerLine, RUN_FULL, TOTAL_FULL } from '../log-lines.ts';
import type { RunLogs } from '../table-store.ts';
import type { Disk } from './disk.ts';
import { LOGS } from './folder.ts';

export interface FileLogsOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** True where the run is in the store: logs of others are removed. */
  readonly isKnown: (runId: string) => boolean;
  readonly limits: LogLimits;
}
interface Kept {
  bytes: number;
  /** What the run has written, as `fitLines` counts it. */
  used: number;
}

/** Lines that wait to be written, and how many were lost before them. */
interface Chunk {
  readonly lost: number;
  readonly lines: LogLine[];
}

/** Lines that wait to be written, over all runs; beyond it they are lost, and their number is told. */
const MOST_WAITING = 50_000;
const SUFFIX = '.ndjson';
const LOOKS_AT_ONCE = 200;
const TAIL = 512;

export class FileLogs implements RunLogs {
  readonly #options: FileLogsOptions;
  readonly #folder: string;
  /** Oldest first. */
  #kept = new Map<string, Kept>();
  #bytes = 0;
  #waiting = new Map<string, Chunk[]>();
  #waitingLines = 0;
  /** Lines that were lost, and of which nobody was told. */
  readonly #lost = new Map<string, number>();
  #writing: ReadonlyMap<string, readonly Chunk[]> | null = null;
  #removed: string[] = [];
  /** Ends with what is written just now. */
  #round: Promise<void> = Promise.resolve();
  #isBusy = false;
  #isClosed = false;

  constructor(options: FileLogsOptions) {
    this.#options = options;
    this.#folder = join(options.folder, LOGS);
  }

  append(runId: string, lines: readonly LogLine[]): void {
    if (this.#waitingLines + lines.length > MOST_WAITING) {
      this.#lose(runId, lines.length);
      return;
    }
    this.#waitingLines += lines.length;
    const waiting = this.#waiting.get(runId) ?? [];
    const lost = this.#lost.get(runId) ?? 0;
    const last = waiting.at(-1);
    if (last && lost === 0) for (const line of lines) last.lines.push(line);
    else waiting.push({ lost, lines: [...lines] });
    this.#lost.delete(runId);
    this.#waiting.set(runId, waiting);
    this.#wake();
  }

  async read(runId: string): Promise<readonly LogLine[]> {
    // What waits now is written by the end of the round after the one that is going on.
    for (let round = 0; round < 2 && (this.#waiting.has(runId) || this.#writing?.has(runId)); round += 1) await this.#round;
    return readLines(this.#options.disk, this.#path(runId));
  }

  remove(runIds: readonly string[]): void {
    for (const id of runIds) {
      this.#waitingLines -= (this.#waiting.get(id) ?? []).reduce((sum, { lines }) => sum + lines.length, 0);
      this.#waiting.delete(id);
      this.#lost.delete(id);
      this.#removed.push(id);
    }
    this.#wake();
  }

  /** Counts what is there from before, and removes what belongs to no run. To be called once; goes on behind. */
  async lookAround(): Promise<void> {
    const found: { id: string; bytes: number; modifiedAt: number }[] = [];
    for (const [index, name] of (await this.#options.disk.list(this.#folder)).entries()) {
      if (index % LOOKS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
      if (this.#isClosed) return;
      const id = name.slice(0, -SUFFIX.length);
      const look = name.endsWith(SUFFIX) ? this.#options.disk.look(this.#path(id)) : undefined;
      if (look?.kind !== 'file') continue;
      if (this.#options.isKnown(id)) found.push({ id, bytes: look.size, modifiedAt: look.modifiedAt });
      else this.#removed.push(id);
    }
    this.#putFirst(found.sort((a, b) => a.modifiedAt - b.modifiedAt));
    this.#wake();
  }

  /** Logs from before are older than those that were begun meanwhile. */
  #putFirst(found: readonly { id: string; bytes: number }[]): void {
    const begun = this.#kept;
    this.#kept = new Map();
    for (const { id, bytes } of found) {
      if (begun.has(id)) continue;
      this.#kept.set(id, { bytes, used: Number.NaN });
      this.#bytes += bytes;
    }
    for (const [id, one] of begun) this.#kept.set(id, one);
  }

  /** Writes what waits, and takes no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#isBusy) await this.#round;
  }

  #wake(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    while (this.#waiting.size > 0 || this.#removed.length > 0) {
      this.#round = this.#oneRound();
      await this.#round;
    }
    this.#isBusy = false;
  }

  async #oneRound(): Promise<void> {
    const writing = this.#waiting;
    this.#writing = writing;
    this.#waiting = new Map();
    this.#waitingLines = 0;
    for (const [runId, chunks] of writing) await this.#write(runId, chunks);
    this.#writing = null;
    const removed = this.#removed;
    this.#removed = [];
    for (const runId of removed) await this.#forget(runId);
    await this.#makeRoom();
  }

  async #write(runId: string, chunks: readonly Chunk[]): Promise<void> {
    const path = this.#path(runId);
    try {
      const { kept, start } = await this.#open(runId, path);
      const { texts, used } = fitLines(chunks.flatMap(withLoss), kept.used, this.#options.limits);
      kept.used = used;
      if (texts.length === 0) return;
      const bytes = Buffer.from(`${start}${texts.join('\n')}\n`);
      await this.#options.disk.append(path, bytes);
      kept.bytes += bytes.length;
      this.#bytes += bytes.length;
    } catch {
      // A full or failing disk: the journal will tell of it. These lines are lost, and the next one that is written says so.
      for (const { lost, lines } of chunks) this.#lose(runId, lost + lines.length);
    }
  }

  #lose(runId: string, lines: number): void {
    this.#lost.set(runId, (this.#lost.get(runId) ?? 0) + lines);
  }

  /** What is known of a run's log, and what must come before its next line. */
  async #open(runId: string, path: string): Promise<{ kept: Kept; start: string }> {
    const known = this.#kept.get(runId);
    if (known && !Number.isNaN(known.used)) return { kept: known, start: '' };
    const bytes = this.#options.disk.look(path)?.size ?? 0;
    const tail = bytes === 0 ? '' : await readTail(this.#options.disk, path, bytes);
    const isFull = tail.includes(RUN_FULL) || tail.includes(TOTAL_FULL);
    const kept = { bytes, used: isFull ? FULL : bytes };
    if (!known) this.#bytes += bytes;
    this.#kept.set(runId, kept);
    return { kept, start: tail === '' || tail.endsWith('\n') ? '' : '\n' };
  }

  async #forget(runId: string): Promise<void> {
    this.#bytes -= this.#kept.get(runId)?.bytes ?? 0;
    this.#kept.delete(runId);
    await this.#options.disk.remove(this.#path(runId)).catch(() => undefined); // found again, and removed, at the next start
  }

  /** Drops the logs that were begun first while all together are too big; a line in their place says so. */
  async #makeRoom(): Promise<void> {
    const most = this.#options.limits.logTotalBytes;
    for (const [runId, kept] of this.#kept) {
      if (this.#bytes <= most) return;
      if (kept.used === FULL && kept.bytes < TAIL) continue; // nothing left of it
      const path = this.#path(runId);
      const [first] = await readLines(this.#options.disk, path);
      const marker = Buffer.from(`${markerLine(first ?? { at: '', attempt: 1 }, TOTAL_FULL)}\n`);
      await this.#options.disk.remove(path);
      await this.#options.disk.append(path, marker).catch(() => undefined);
      this.#bytes += marker.length - kept.bytes;
      Object.assign(kept, { bytes: marker.length, used: FULL });
    }
  }

  #path(runId: string): string {
    return join(this.#folder, `${runId}${SUFFIX}`);
  }
}

function withLoss({ lost, lines }: Chunk): readonly LogLine[] {
  const [first] = lines;
  if (lost === 0 || !first) return lines;
  const text = `[bgtask] ${lost} lines were lost here: they could not be written.`;
  return [{ at: first.at, level: 'warn', text, attempt: first.attempt }, ...lines];
}

async function readLines(disk: Disk, path: string): Promise<LogLine[]> {
  const size = disk.look(path)?.size ?? 0;
  if (size === 0) return [];
  const text = (await readFrom(disk, path, 0, size)).toString();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [parseLine(line)]));
}

async function readTail(disk: Disk, path: string, size: number): Promise<string> {
  const from = Math.max(0, size - TAIL);
  return (await readFrom(disk, path, from, size - from)).toString();
}

async function readFrom(disk: Disk, path: string, from: number, length: number): Promise<Buffer> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, await file.read(bytes, from));
  } finally {
    await file.close();
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { at: '', level: 'warn', text: '[bgtask] A line was damaged here.', attempt: 0 };
  }
}
