/**
 * The timeout of one attempt. It fires the signal; it cannot stop code. Where nobody else can stop it either (a direct call), the
 * attempt is given up after a grace.
 */
import { TaskTimeoutError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/seams.ts';

export interface DeadlineOptions {
  readonly task: string;
  readonly timeoutMs: number;
  /** Null: never give up. */
  readonly graceMs: number | null;
  readonly clock: Clock;
  /** Holds the run's own signal: when that aborts, so does the deadline's. Looked at only where it is needed. */
  readonly of: { readonly signal: AbortSignal };
}

export class Deadline {
  readonly #options: DeadlineOptions;
  readonly #startedAt: number;
  /** Made when somebody asks for the signal: most tasks never do, and it is what costs. */
  #controller: AbortController | null = null;
  #error: TaskTimeoutError | null = null;
  #timer: Timer;
  #giveUp: ((error: TaskTimeoutError) => void) | null = null;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#timer = this.#arm(options.timeoutMs);
  }

  /** Aborts at the timeout, and when the run's own signal does. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    const { signal } = this.#options.of;
    this.#controller = new AbortController();
    if (this.#error) this.#controller.abort(this.#error);
    else if (signal.aborted) this.#follow();
    else signal.addEventListener('abort', this.#follow, { once: true });
    return this.#controller.signal;
  }

  /** Settles as `work` does, or rejects when the grace after the timeout is over. */
  race<T>(work: T | PromiseLike<T>): Promise<T> | T | PromiseLike<T> {
    if (this.#options.graceMs === null || !isThenable(work)) return work;
    const gone = new Promise<never>((_resolve, reject) => {
      this.#giveUp = reject;
    });
    return Promise.race([work, gone]);
  }

  /** The function has settled, or was given up. Gives the error where that was too late, with what was thrown as its cause. */
  end(thrown?: unknown): TaskTimeoutError | null {
    this.#timer.cancel();
    if (this.#controller) this.#options.of.signal.removeEventListener('abort', this.#follow);
    if (this.#error === null && this.#leftMs() > 0) return null;
    const error = this.#timeout();
    if (thrown !== undefined && thrown !== error) error.cause = thrown;
    return error;
  }

  readonly #follow = (): void => this.#controller?.abort(this.#options.of.signal.reason);

  #leftMs(): number {
    return this.#options.timeoutMs - (this.#options.clock.monotonic() - this.#startedAt);
  }

  #timeout(): TaskTimeoutError {
    this.#error ??= new TaskTimeoutError(this.#options.task, this.#options.timeoutMs);
    return this.#error;
  }

  #arm(ms: number): Timer {
    return this.#options.clock.after(ms, () => {
      // One timer lasts a day at most, and may be early by a fraction.
      const left = this.#leftMs();
      if (left > 0) this.#timer = this.#arm(Math.ceil(left));
      else this.#expire();
    });
  }

  #expire(): void {
    const error = this.#timeout();
    this.#controller?.abort(error);
    const { graceMs, clock } = this.#options;
    if (graceMs !== null) this.#timer = clock.after(graceMs, () => this.#giveUp?.(error));
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
