/** Hands off pings at a steady pace, whatever happens meanwhile, and collects what becomes of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FinalRun, Future } from 'bgtask';
import { ping } from './tasks.ts';

/** A run that is not final this long after its submit counts as lost. */
const PATIENCE = '5m';
/** From a failed submit to the next. */
const AGAIN_MS = 1_000;

/** The final run, or why there is none. */
export type Outcome<R> = FinalRun<R> | Error;

/** A ping that was submitted. */
export interface Answer {
  readonly n: number;
  readonly outcome: Outcome<number>;
}

export interface Pinged {
  readonly answers: readonly Answer[];
  /** From the first submit to the last, and to the last answer. */
  readonly submitMs: number;
  readonly totalMs: number;
}

export class Pings {
  readonly #count: number;
  /** In a second. */
  readonly #rate: number;
  submitted = 0;
  final = 0;
  /** Submits that failed, each in the words of its error. */
  readonly failures: string[] = [];

  constructor(count: number, rate: number) {
    this.#count = count;
    this.#rate = rate;
  }

  /** Resolves when all are final, or lost. */
  async send(): Promise<Pinged> {
    const began = performance.now();
    const answers: Promise<Answer>[] = [];
    for (let n = 1; n <= this.#count; n += 1) {
      const early = began + ((n - 1) * 1_000) / this.#rate - performance.now();
      if (early > 0) await sleep(early);
      const future = await this.#submit(n);
      answers.push(this.#answer(n, future));
    }
    const submitMs = performance.now() - began;
    return { answers: await Promise.all(answers), submitMs, totalMs: performance.now() - began };
  }

  /**
   * A server that is restarted meanwhile delays a submit and does not fail it. Should it be away for longer, the ping is submitted again; the
   * key makes it one run, also where the first submit was stored and only its answer got lost.
   */
  async #submit(n: number): Promise<Future<number>> {
    for (;;) {
      try {
        const future = await ping.applyAsync([n], { idempotencyKey: `ping ${n}` });
        this.submitted += 1;
        return future;
      } catch (error) {
        this.failures.push(`ping ${n}: ${error}`);
        await sleep(AGAIN_MS);
      }
    }
  }

  async #answer(n: number, future: Future<number>): Promise<Answer> {
    const outcome = await outcomeOf(future);
    this.final += 1;
    return { n, outcome };
  }
}

/** Rejects never. A wait goes on while the server is restarted. */
export async function outcomeOf<R>(future: Future<R>): Promise<Outcome<R>> {
  return future.wait({ timeout: PATIENCE }).catch((error: Error) => error);
}
