/**
 * Runs whose process died while they shared it. Each is tried again in a child where nothing else runs, so that the next death says
 * who did it. Children for them are started when they are needed, and take the next suspect while one waits.
 */
import { Fifo } from '../core/fifo.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { Child } from './child-process.ts';
import type { Crew } from './crew.ts';
import type { LiveRun } from './live-run.ts';

export interface SuspectsOptions {
  readonly crew: Pick<Crew, 'hireAlone' | 'retire' | 'generation'>;
  readonly give: (run: LiveRun, child: Child) => void;
  readonly clock: Clock;
}

/** Children at once. Each costs the memory of a whole process. */
const MOST_CHILDREN = 8;
/** After a load that failed. New code that loads is tried at once. */
const RETRY_MS = 5_000;

export class Suspects {
  readonly #options: SuspectsOptions;
  readonly #waiting = new Fifo<LiveRun>();
  /** On their way. */
  #hiring = 0;
  /** With a run that does not wait for others. */
  #busy = 0;
  #retry: Timer | null = null;
  #isClosed = false;

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  push(run: LiveRun): void {
    this.#waiting.push(run);
    this.serve();
  }

  remove(run: LiveRun): void {
    this.#waiting.retain((other) => other !== run);
  }

  /** Starts the children that are missing. */
  serve(): void {
    while (this.#waiting.size > this.#hiring && this.#hiring + this.#busy < MOST_CHILDREN) {
      this.#hiring += 1;
      void this.#hire();
    }
  }

  /** The run of such a child waits for others, which may be suspects; or does not any more. */
  waits(isWaiting: boolean): void {
    this.#busy += isWaiting ? -1 : 1;
    this.serve();
  }

  /** The child's run has ended. */
  isFree(child: Child): void {
    this.#busy -= 1;
    this.#next(child);
  }

  /** A child died with its run, or while it had none. */
  isGone(hadRun: boolean): void {
    if (hadRun) this.#busy -= 1;
    this.serve();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }

  #next(child: Child): void {
    const isGood = child.state === 'ready' && child.generation === this.#options.crew.generation;
    const run = isGood ? this.#waiting.shift() : undefined;
    if (run === undefined) {
      this.#options.crew.retire(child);
      this.serve();
      return;
    }
    this.#busy += 1;
    this.#options.give(run, child);
  }

  /** Never rejects: what is wrong with the code, the crew tells. */
  async #hire(): Promise<void> {
    try {
      const child = await this.#options.crew.hireAlone();
      this.#hiring -= 1;
      this.#next(child);
    } catch {
      this.#hiring -= 1;
      if (this.#isClosed) return;
      this.#retry?.cancel();
      this.#retry = this.#options.clock.after(RETRY_MS, () => this.serve());
    }
  }
}
