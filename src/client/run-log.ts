/** The log of one run, read while it grows: what was stored when it was asked for, then what is pushed. No line comes twice. */
import type { LogLine } from '../core/api.ts';

/** Lines are pushed whole and stored cut, so the rest of a long one tells nothing. */
const TELLING_LENGTH = 1_000;

export class RunLog {
  /** How often each stored line stands there, less those that were pushed as well. */
  readonly #stored = new Map<string, number>();
  readonly #last: string;

  constructor(stored: readonly LogLine[]) {
    for (const line of stored) this.#stored.set(keyOf(line), (this.#stored.get(keyOf(line)) ?? 0) + 1);
    this.#last = stored.at(-1)?.at ?? '';
  }

  /** Those of the pushed `lines` that were not stored yet. */
  fresh(lines: readonly LogLine[]): readonly LogLine[] {
    return this.#stored.size === 0 ? lines : lines.filter((line) => this.#isFresh(line));
  }

  #isFresh(line: LogLine): boolean {
    const left = this.#stored.get(keyOf(line)) ?? 0;
    if (left > 0) this.#stored.set(keyOf(line), left - 1);
    else if (line.at > this.#last) this.#stored.clear(); // times rise: none of those that come now was stored then
    return left === 0;
  }
}

function keyOf({ at, level, text, attempt }: LogLine): string {
  return `${at} ${level} ${attempt} ${text.slice(0, TELLING_LENGTH)}`;
}
