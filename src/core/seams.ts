/**
 * What the outside world looks like to server, store and worker. They take these as arguments and touch nothing else,
 * so that a test can own time, chance, disk and network. The real ones stand in `src/system/system.ts`.
 */

/** Time. Leases, timeouts and backoff use `monotonic`; what a person reads and what is due uses `now`. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  /** Calls `fn` once after `ms` (at most a day; callers look again). Does not keep the process alive where `unref` is true. */
  after(ms: number, fn: () => void, unref?: boolean): Timer;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /** A number in [0, 1). */
  number(): number;
  /** 128 random bits as 32 hex digits: attempt tokens, worker ids. */
  token(): string;
}
