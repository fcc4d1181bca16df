/** What one attempt of a run is, before it is made and after it has ended. Types only; execute.ts makes it. */
import type { LogLine } from '../core/api.ts';
import type { CacheHit, CacheQuestion, Outcome } from '../core/frames.ts';
import type { WorkLimits } from '../core/protocol.ts';
import type { Progress } from '../core/run.ts';
import type { Clock, Random } from '../core/seams.ts';

/** How an attempt ended: an outcome without the lease that it is reported under. */
export type AttemptOutcome = Outcome extends infer O ? (O extends Outcome ? Omit<O, 'runId' | 'token'> : never) : never;

export type AttemptLimits = Pick<WorkLimits, 'resultBytes' | 'logLineBytes'>;

/** One attempt to be made. */
export interface Attempt {
  readonly runId: string;
  /** As the caller gave them; futures are replaced by results already. */
  readonly args: readonly unknown[];
  /** 1 for the first start. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Attempts before this one that ended in an error or a timeout. */
  readonly failures: number;
  readonly tags: readonly string[];
  readonly parentId: string | null;
  readonly name: string | null;
  /**
   * Asks the run to stop. A `RunCancelledError` as the reason means cancelled: only then the hooks `onCancelled` are called. Read only
   * when somebody wants it, so it may be a getter that makes it.
   */
  readonly signal: AbortSignal;
  /** Null: as the task is defined. */
  readonly timeoutMs: number | null;
  /** How long a function may go on after its timeout until the attempt is given up. Default: for ever, since a worker can stop its code. */
  readonly graceMs?: number | null;
  readonly clock: Clock;
  readonly random: Random;
  /** What the server that gave it takes. Default: `LIMITS`. */
  readonly limits?: AttemptLimits;
  onLog(line: LogLine): void;
  onProgress(progress: Progress): void;
  onMeta?(meta: string): void;
  onWaiting?(isWaiting: boolean): void;
  /**
   * Asks for a result that is there already; null: there is none, and the attempt has started. Rejects where the attempt is to stop
   * first. Asked nothing (null), it just starts. Left out: nothing is kept.
   */
  recall?(question: CacheQuestion | null): Promise<CacheHit | null>;
  /** The time limit of the attempt covers what lies between `function` and `after`: hooks before and after it do not count. */
  onPhase?(phase: 'function' | 'after'): void;
}
