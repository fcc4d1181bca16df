/**
 * Tells damage from a stop in the middle of a write. Unsynced pages reach the disk in any order, so a sound line behind a bad one proves
 * nothing by itself; but each line says in `d` what was durable when it was written, and a write never puts a line where another is due.
 */
import { computedCrc, storedCrc } from './lines.ts';

/**
 * Looks, after the first line that is not sound, for a sound one that proves the damage. Its seed may be any checksum that was seen on
 * the way, as it stands or as the bytes give it: the line before it may be the damaged one, or lines may have changed places.
 */
export class ProofSearch {
  /** Before the damage. */
  readonly #crc: number;
  /** The first sequence number that is not there. */
  readonly #lost: number;
  readonly #seeds = new Set<number>();

  constructor(crc: number, lost: number) {
    this.#crc = crc;
    this.#lost = lost;
  }

  /** What the line proves; null: nothing. */
  look(line: Buffer, isWhole: boolean): string | null {
    for (const part of partsOf(line)) {
      const stored = isWhole || part.length < line.length ? storedCrc(part) : null;
      const proof = stored === null ? null : this.#judge(part, stored);
      if (proof) return proof;
      this.#remember(part, stored);
    }
    return null;
  }

  #judge(line: Buffer, stored: number): string | null {
    const isAfter = (seed: number) => computedCrc(line, seed) === stored;
    if (isAfter(this.#crc) && sequenceOf(line).s === this.#lost) return 'the right one stands behind it';
    const { d } = sequenceOf(line);
    return d >= this.#lost && [...this.#seeds].some(isAfter) ? `later lines show that it was stored (up to ${d} at least)` : null;
  }

  #remember(line: Buffer, stored: number | null): void {
    if (this.#seeds.size === 0) this.#seeds.add(computedCrc(line, this.#crc));
    if (stored !== null) this.#seeds.add(stored);
    if (this.#seeds.size <= MOST_SEEDS) return;
    const [oldest] = this.#seeds;
    this.#seeds.delete(oldest as number);
  }
}

const MOST_SEEDS = 16;

/** A line whose end was damaged has run into the next one. */
export function partsOf(line: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = line.indexOf('{"s":', 1); at !== -1; at = line.indexOf('{"s":', at + 1)) {
    if (line.toString('latin1', at - 3, at - 1) !== '"}') continue;
    parts.push(line.subarray(start, at - 1));
    start = at;
  }
  parts.push(line.subarray(start));
  return parts;
}

/** The first two numbers of a line; -1 where they are missing. */
function sequenceOf(line: Buffer): { s: number; d: number } {
  const [, s = '-1', d = '-1'] = /^\{"s":(\d+),"d":(\d+),/.exec(line.toString('latin1', 0, 80)) ?? [];
  return { s: Number(s), d: Number(d) };
}
