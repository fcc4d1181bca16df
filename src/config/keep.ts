/** How long ended runs are kept, as a setting says it: an age, a number, or both, as in `7d,50000`. */
import { DURATION_TEXT, toMilliseconds } from '../core/duration.ts';

/** Whichever is over first counts. */
export interface KeepFor {
  readonly ms: number;
  readonly count: number;
}

const MOST = 10_000_000;
const WANTED = 'expected an age, a number of runs, or both: 7d, 50000 or 7d,50000';

/** `text` with both its parts; one that is left out is that of `usual`. @throws {Error} A sentence that says what was expected. */
export function settleKeep(text: string, usual: string): string {
  const [usualAge, usualCount] = usual.split(',');
  const parts = text.split(',').map((part) => part.trim());
  const age = parts.filter((part) => DURATION_TEXT.test(part));
  const count = parts.filter((part) => /^\d+$/.test(part));
  if (age.length > 1 || count.length > 1 || age.length + count.length !== parts.length) throw new Error(WANTED);
  if (count[0] !== undefined && !(Number(count[0]) >= 1 && Number(count[0]) <= MOST)) throw new Error(`expected 1 to ${MOST} runs`);
  if (age[0] !== undefined && toMilliseconds(age[0], 'age') === 0) throw new Error('expected an age above 0');
  return `${age[0]?.replace(/\s+/g, '') ?? usualAge},${count[0] === undefined ? usualCount : Number(count[0])}`;
}

/** A settled text, read. */
export function readKeep(settled: string): KeepFor {
  const [age = '', count = ''] = settled.split(',');
  return { ms: toMilliseconds(age, 'age'), count: Number(count) };
}
