/** Executes runs in virtual time, as children would: code that takes a while, may fail, and may not listen when it is asked to stop. */
import type { Assignment, Outcome, TaskInfo } from '../../src/core/frames.ts';
import type { PoolListener, RunPool } from '../../src/worker/run-pool.ts';
import type { ProcessClock } from './time.ts';

const GRACE_MS = 5_000;
const OBEYS_AFTER_MS = 50;
const FAILS = 0.1;
const DEAF = 0.3;

/** Is told whenever code begins or ends, so that it can see two of one run at a time. */
export interface Watcher {
  began(run: Assignment, by: string): void;
  ended(run: Assignment, by: string): void;
}

interface Parts {
  readonly clock: ProcessClock;
  readonly random: () => number;
  readonly watcher: Watcher;
  readonly name: string;
  /** It does not stop what a worker cannot be sure of any more. */
  readonly goesOn: boolean;
}

export class SimPool implements RunPool {
  readonly files: readonly string[] = [];
  readonly generation = 1;
  readonly hasRoom = true;
  listener!: PoolListener;
  readonly limit = (): void => undefined;
  readonly tasks: readonly TaskInfo[];
  readonly #parts: Parts;
  readonly #running = new Map<string, { run: Assignment; isDeaf: boolean; orders: number }>();
  #idle: (() => void)[] = [];

  constructor(tasks: readonly TaskInfo[], parts: Parts) {
    this.tasks = tasks;
    this.#parts = parts;
  }

  async load() {
    return { tasks: this.tasks, files: this.files };
  }

  assign(runs: readonly Assignment[]): void {
    const { clock, random, watcher, name } = this.#parts;
    for (const run of runs) {
      this.#running.set(run.token, { run, isDeaf: random() < DEAF, orders: 0 });
      watcher.began(run, name);
      const [ms = 0] = JSON.parse(run.args) as number[];
      clock.after(ms, () => this.#end(run.token, this.#result(run)));
    }
    this.listener.started(runs.map(({ token }) => token));
  }

  /** No task of it has hooks. */
  tell(): void {}
  answer(): void {} // no task here has a cache

  stop(token: string, why: 'cancel' | 'fenced' | 'leave', reason: string): void {
    const live = this.#running.get(token);
    if (live === undefined) return;
    const { runId } = live.run;
    const outcome: Outcome = why === 'leave' ? { runId, token, type: 'release', reason } : { runId, token, type: 'stopped' };
    this.#parts.clock.after(live.isDeaf ? GRACE_MS : OBEYS_AFTER_MS, () => this.#end(token, outcome));
  }

  giveUp(reason: string): void {
    if (this.#parts.goesOn) return;
    for (const token of [...this.#running.keys()]) this.stop(token, 'leave', reason);
  }

  kill(reason: string): void {
    if (this.#parts.goesOn) return;
    for (const [token, { run }] of [...this.#running]) this.#end(token, { runId: run.runId, token, type: 'release', reason });
  }

  /** The process is gone, and its children with it. */
  die(): void {
    for (const { run } of this.#running.values()) this.#parts.watcher.ended(run, this.#parts.name);
    this.#running.clear();
  }

  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {}

  #result({ runId, token, args }: Assignment): Outcome {
    if (this.#parts.random() >= FAILS) return { runId, token, type: 'succeed', result: args };
    const error = { name: 'Error', message: 'it failed', stack: null, cause: null };
    return { runId, token, type: 'fail', error, retry: true, retryDelayMs: 1_000, timedOut: false };
  }

  #end(token: string, outcome: Outcome): void {
    const live = this.#running.get(token);
    if (live === undefined) return;
    this.#running.delete(token);
    this.#parts.watcher.ended(live.run, this.#parts.name);
    this.listener.finished([outcome]);
    if (this.#running.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }
}
