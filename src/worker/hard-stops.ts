/**
 * Code that was asked to stop and did not: after a grace its process has to end. The child takes no more runs from then on; its other
 * runs may finish as long as its loop turns, and where it does not, they are killed with it and are not charged.
 */
import type { Clock } from '../core/seams.ts';
import type { Child } from './child-process.ts';
import { type LiveRun, timeoutOf } from './live-run.ts';

export interface HardStopsOptions {
  readonly clock: Clock;
  /** How long code may go on after it was asked to stop. */
  readonly graceMs: number;
  /** The child takes no more runs, and another takes its place. */
  readonly retire: (child: Child) => void;
  readonly runsOf: (child: Child) => readonly LiveRun[];
}

/** How often the loop of a child that will be killed is looked at. */
const LOOK_MS = 1_000;
/** The longest single timer. */
const DAY_MS = 86_400_000;

export class HardStops {
  readonly #options: HardStopsOptions;

  constructor(options: HardStopsOptions) {
    this.#options = options;
  }

  /** The run begins: its own timeout and the grace are what it has. */
  timeout(run: LiveRun): void {
    const timeoutMs = timeoutOf(run);
    if (timeoutMs !== null) this.#arm(run, timeoutMs + this.#options.graceMs);
  }

  /** The run was asked to stop. */
  grace(run: LiveRun): void {
    this.#arm(run, this.#options.graceMs);
  }

  /** Some runs of the child have ended. */
  check(child: Child): void {
    if (child.state === 'stopping') this.#killIfFree(child);
  }

  #arm(run: LiveRun, ms: number): void {
    run.timer?.cancel();
    run.timer = this.#options.clock.after(Math.min(ms, DAY_MS), () => (ms > DAY_MS ? this.#arm(run, ms - DAY_MS) : this.#overdue(run)));
  }

  #overdue(run: LiveRun): void {
    run.isOverdue = true;
    const { child } = run;
    if (child === null || child.state === 'gone') return;
    const isWatched = child.state === 'stopping';
    if (!isWatched) this.#options.retire(child);
    child.state = 'stopping';
    if (!this.#killIfFree(child) && !isWatched) void this.#watchOver(child);
  }

  /** Kills a child in which nothing is left but what refuses to stop. */
  #killIfFree(child: Child): boolean {
    const runs = this.#options.runsOf(child);
    if (!runs.some((run) => run.isOverdue)) child.state = 'leaving'; // it did stop after all
    if (!runs.every((run) => run.isOverdue)) return false;
    child.kill('It did not stop');
    return true;
  }

  /** Never rejects. */
  async #watchOver(child: Child): Promise<void> {
    while (child.state === 'stopping') {
      if (!(await child.ping())) child.kill('Another run in its process did not stop, and had to be killed with it');
      await new Promise<void>((resolve) => this.#options.clock.after(LOOK_MS, resolve, true));
    }
  }
}
