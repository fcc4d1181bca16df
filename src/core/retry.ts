/** How long to wait before the next attempt. Pure; chance comes in as a number. */

import { LONGEST_MS } from './duration.ts';

/** Retry delays in a form that travels: `delaysMs[i]` waits after failure i + 1, and the last one repeats. */
export interface RetryPolicy {
  readonly delaysMs: readonly number[];
  /** Each further wait is `factor` times the one before; 1 keeps it flat. Applies beyond the end of `delaysMs`. */
  readonly factor: number;
  readonly maxMs: number;
  /** 0 to 1: the wait is spread evenly over ±jitter of itself. */
  readonly jitter: number;
}

export const NO_DELAY: RetryPolicy = { delaysMs: [0], factor: 1, maxMs: Number.MAX_SAFE_INTEGER, jitter: 0 };

/** Milliseconds to wait after the `failures`-th failed attempt (1 for the first). `chance` is a number in [0, 1). */
export function retryDelayMs(policy: RetryPolicy, failures: number, chance: number): number {
  const last = policy.delaysMs.length - 1;
  const listed = policy.delaysMs[Math.min(failures - 1, last)] ?? 0;
  // A factor to a high power is Infinity, and 0 times that no number at all.
  const grown = listed === 0 ? 0 : listed * policy.factor ** Math.max(0, failures - 1 - last);
  return jittered(Math.min(grown, policy.maxMs, LONGEST_MS), policy.jitter, chance);
}

export function jittered(ms: number, jitter: number, chance: number): number {
  return Math.round(ms * (1 + jitter * (2 * chance - 1)));
}
