/**
 * Lines of JSON that check themselves. Each ends with the CRC-32 of its bytes before `,"crc"`, seeded with the CRC of the line before
 * it: a line that was lost, doubled or moved shows as clearly as one that was changed. Knows nothing of what the lines say.
 */
import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from './disk.ts';
import { diskError } from './failures.ts';

/** Before the first line of a file. */
export const FIRST_CRC = 0;
const TAIL = ',"crc":"00000000"}';
const TAIL_BYTES = Buffer.from(`${TAIL}\n`);
const HEX_BYTES = Buffer.from('0123456789abcdef');
const CHUNK = 1 << 20;
const FIRST_BUFFER = 1 << 16;
/** A buffer that grew beyond this for one big batch is not kept. */
const MOST_KEPT = 1 << 22;

/** Collects lines, each with its checksum, in one buffer. */
export class LineWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BUFFER);
  #length = 0;
  /** Of the newest line. */
  crc: number;

  constructor(crc = FIRST_CRC) {
    this.crc = crc;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a line. `text` is JSON of an object without its closing brace. */
  add(text: string): void {
    const most = this.#length + text.length * 3 + TAIL.length + 1;
    if (most > this.#buffer.length) this.#grow(most);
    const start = this.#length;
    const end = start + this.#buffer.write(text, start);
    this.crc = crc32(this.#buffer.subarray(start, end), this.crc);
    this.#length = this.#addTail(end);
  }

  /** The lines so far; good until the next `add`, which starts anew. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    if (this.#buffer.length > MOST_KEPT) this.#buffer = Buffer.allocUnsafe(FIRST_BUFFER);
    return bytes;
  }

  /** By hand: it is done for every line. */
  #addTail(at: number): number {
    TAIL_BYTES.copy(this.#buffer, at);
    for (let digit = 0; digit < 8; digit += 1) this.#buffer[at + 8 + digit] = HEX_BYTES[(this.crc >>> (28 - digit * 4)) & 15] as number;
    return at + TAIL_BYTES.length;
  }

  #grow(least: number): void {
    const bigger = Buffer.allocUnsafe(Math.max(least, this.#buffer.length * 2));
    this.#buffer.copy(bigger, 0, 0, this.#length);
    this.#buffer = bigger;
  }
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A text as JSON; ids, tokens and names need no escape. */
export function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

export function hexOf(crc: number): string {
  return (crc + 0x1_0000_0000).toString(16).slice(1);
}

/** The checksum that stands in a line, right or wrong; null where there is none. `line` is without its line end. */
export function storedCrc(line: Buffer): number | null {
  const at = line.length - TAIL.length;
  if (at < 1 || line.toString('latin1', at, at + 8) !== ',"crc":"' || line.toString('latin1', line.length - 2) !== '"}') return null;
  const hex = line.toString('latin1', at + 8, at + 16);
  return /^[0-9a-f]{8}$/.test(hex) ? Number.parseInt(hex, 16) : null;
}

/** The checksum that the bytes of a line give after one with the checksum `seed`. */
export function computedCrc(line: Buffer, seed: number): number {
  return crc32(line.subarray(0, Math.max(0, line.length - TAIL.length)), seed);
}

/** True where the line is as it was written after a line with the checksum `seed`. */
export function isSound(line: Buffer, seed: number): boolean {
  return storedCrc(line) === computedCrc(line, seed);
}

/** Where the checksum begins: what a line says stands before it, but for the closing brace. */
export function endOfText(line: Buffer): number {
  return line.length - TAIL.length;
}

/** The object that a sound line holds. */
export function objectOf(line: Buffer): Record<string, unknown> {
  return JSON.parse(`${line.toString('utf8', 0, endOfText(line))}}`);
}

/** `at` is where the line begins; `isWhole` is false for a last one without line end. The bytes are good only during the call. */
type Use = (line: Buffer, at: number, isWhole: boolean) => 'stop' | undefined;

/** Calls `use` with each line of a file from `from` until `until`, null: its end. Answers with where that is. */
export async function eachLineOf(disk: Disk, path: string, until: number | null, use: Use, from = 0): Promise<number> {
  let file: DiskFile | null = null;
  try {
    file = await disk.open(path, 'read');
    const size = await file.size();
    const to = until === null ? size : Math.min(until, size);
    await eachLine(file, from, to, use);
    return to;
  } catch (error) {
    throw diskError('read', path, error);
  } finally {
    await file?.close();
  }
}

/** Calls `use` with each line between two bytes of a file, without its line end, until it answers `stop`. */
export async function eachLine(file: DiskFile, from: number, to: number, use: Use): Promise<void> {
  let buffer: Buffer = Buffer.allocUnsafe(Math.min(CHUNK * 2, Math.max(1, to - from)));
  let kept = 0;
  let at = from;
  for (;;) {
    const left = to - at - kept;
    if (buffer.length - kept < Math.min(CHUNK, left)) buffer = enlarged(buffer, kept);
    const wanted = Math.min(buffer.length - kept, left);
    const got = wanted > 0 ? await file.read(buffer.subarray(kept, kept + wanted), at + kept) : 0;
    if (got === 0) break;
    const filled = buffer.subarray(0, kept + got);
    const used = eachWhole(filled, kept, at, use);
    if (used === 'stop') return;
    filled.copyWithin(0, used);
    kept = filled.length - used;
    at += used;
  }
  if (kept > 0) use(buffer.subarray(0, kept), at, false);
}

/** How many bytes the whole lines take; the first `searched` have no line end. */
function eachWhole(bytes: Buffer, searched: number, at: number, use: Use): number | 'stop' {
  let start = 0;
  for (let end = bytes.indexOf(10, searched); end !== -1; end = bytes.indexOf(10, start)) {
    if (use(bytes.subarray(start, end), at + start, true) === 'stop') return 'stop';
    start = end + 1;
  }
  return start;
}

function enlarged(buffer: Buffer, kept: number): Buffer {
  const bigger = Buffer.allocUnsafe(buffer.length * 2);
  buffer.copy(bigger, 0, 0, kept);
  return bigger;
}
