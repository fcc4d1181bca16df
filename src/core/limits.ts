/** What a task's worker says of how many of its runs may be active, and how often they may start. Types, and the words for people. */
/** A limit that tasks have in common, known by its name. */
export interface SharedLimit {
  readonly name: string;
  /** Most active runs of all tasks that name it. Each task is held to what it says itself. */
  readonly limit: number;
}
/**
 * How often runs may start: a bucket of at most `burst` tokens that fills by `limit` in each `perMs`. A start takes a token; a retry is a
 * start too. With `burst` 1 the starts are spread evenly. In no `perMs` there are more than `limit + burst - 1` of them.
 */
export interface Rate {
  readonly limit: number;
  readonly perMs: number;
  readonly burst: number;
  /** A bucket for each concurrency key; runs without a key are not held back. */
  readonly perKey: boolean;
}
/** Most runs at once; null: no limit. */
export interface Limits {
  readonly concurrency: number | null;
  readonly concurrencyPerKey: number | null;
  readonly shared?: readonly SharedLimit[] | undefined;
  readonly rate?: Rate | null | undefined;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** As it was said: `rate 10 per 1s`. */
export function rateText({ limit, perMs }: Rate): string {
  const unit = UNITS.find(([, ms]) => perMs % ms === 0);
  return `rate ${limit} per ${unit ? `${perMs / unit[1]}${unit[0]}` : `${perMs}ms`}`;
}
