/** One attempt as the process that makes it sees it: what `runAttempt` needs to know, and how far it is. Made for one executor. */

import type { LogLine } from '../core/api.ts';
import { BgtaskError } from '../core/errors.ts';
import type { CacheHit, CacheQuestion, Settled } from '../core/frames.ts';
import type { WorkLimits } from '../core/protocol.ts';
import type { Progress, RunError, Told } from '../core/run.ts';
import type { Clock, Random } from '../core/seams.ts';
import { decodeArgs, decodeResult, fromRunError, type Resolve } from '../core/values.ts';
import type { Attempt } from '../task/attempt.ts';
import type { Definition } from '../task/definition.ts';
import type { StopOrder, Work } from './ipc.ts';

export interface RunningOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long a function may go on after its timeout before it is given up; null: for ever, because the process can be killed. */
  readonly graceMs: number | null;
}

/** Who is told what a running attempt says. */
export interface Listener {
  /** What attempts that begin now are held to. */
  readonly limits: WorkLimits;
  log(running: Running, line: LogLine): void;
  progress(running: Running, told: Told): void;
  waiting(running: Running): void;
  /** Null: it begins without asking. */
  ask(running: Running, question: CacheQuestion | null): void;
  phase(running: Running, phase: 'function' | 'after'): void;
}

const NO_TAGS: readonly string[] = [];
const NOTHING: Told = { progress: null };

/** An attempt that is being made here. */
export class Running implements Attempt {
  readonly id: number;
  readonly runId: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly failures: number;
  readonly tags: readonly string[];
  readonly parentId: string | null;
  readonly name: string | null;
  readonly timeoutMs: number | null;
  readonly graceMs: number | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly args: readonly unknown[];
  readonly definition: Definition;
  readonly limits: WorkLimits;
  /** Still in the turn in which it was started. */
  isFresh = true;
  hasEnded = false;
  /** Its code waits for other runs; and what of that was reported. */
  isWaiting = false;
  saidWaiting = false;
  stop: StopOrder | null = null;
  stray: RunError | null = null;
  /** Of logs so far. */
  logBytes = 0;
  readonly #listener: Listener;
  #told: Told = NOTHING;
  /** Made when somebody asks for it: most runs never do. */
  #controller: AbortController | null = null;
  #answer: ((hit: CacheHit | null) => void) | null = null;

  /** @throws {BgtaskError} The arguments cannot be had. */
  constructor(listener: Listener, options: RunningOptions, definition: Definition, work: Work) {
    this.args = decodeArgs(work.args, upstreamOf(work));
    this.id = work.id;
    this.runId = work.runId;
    this.attempt = work.attempt;
    this.maxAttempts = work.maxAttempts;
    this.failures = work.failures ?? 0;
    this.tags = work.tags ?? NO_TAGS;
    this.parentId = work.parentId ?? null;
    this.name = work.name ?? null;
    this.timeoutMs = work.timeoutMs ?? null;
    this.graceMs = options.graceMs;
    this.clock = options.clock;
    this.random = options.random;
    this.definition = definition;
    this.limits = listener.limits;
    this.#listener = listener;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get hasTimeout(): boolean {
    return (this.timeoutMs ?? this.definition.info.timeoutMs) !== null;
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  onLog(line: LogLine): void {
    this.#listener.log(this, line);
  }

  onProgress(progress: Progress): void {
    this.#told = { ...this.#told, progress };
    this.#listener.progress(this, this.#told);
  }

  onMeta(meta: string): void {
    this.#told = { ...this.#told, meta };
    this.#listener.progress(this, this.#told);
  }

  onWaiting(isWaiting: boolean): void {
    this.isWaiting = isWaiting;
    this.#listener.waiting(this);
  }

  recall(question: CacheQuestion | null): Promise<CacheHit | null> {
    return new Promise((resolve, reject) => {
      const { signal } = this;
      const stop = () => reject(signal.reason);
      this.#answer = (hit) => {
        signal.removeEventListener('abort', stop);
        resolve(hit);
      };
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      else this.#listener.ask(this, question);
    });
  }

  /** The answer to `recall`. False where it asked nothing, or has heard already. */
  answer(hit: CacheHit | null): boolean {
    const answer = this.#answer;
    this.#answer = null;
    if (answer === null || this.signal.aborted) return false;
    answer(hit);
    return true;
  }

  onPhase(phase: 'function' | 'after'): void {
    if (this.hasTimeout && !this.isFresh) this.#listener.phase(this, phase);
  }
}

/** What stands for a future inside the arguments: the result of its run, or how that settled where any end was allowed. */
export function upstreamOf({ upstream = {} }: Pick<Work, 'upstream'>): Resolve {
  return ({ id, allowFailure }) => {
    const settled = Object.hasOwn(upstream, id) ? upstream[id] : undefined;
    if (settled === undefined) throw new BgtaskError(`The arguments hold the result of run ${id}, which the server did not send along.`);
    const { state, result } = settled;
    if (allowFailure) {
      return state === 'COMPLETED'
        ? { status: 'fulfilled', value: decodeResult(result) }
        : { status: 'rejected', reason: reasonOf(id, settled) };
    }
    if (state !== 'COMPLETED') throw reasonOf(id, settled);
    return decodeResult(result);
  };
}

function reasonOf(id: string, { state, error }: Settled): Error {
  return error === null ? new BgtaskError(`Run ${id} is ${state}.`) : fromRunError(error);
}
