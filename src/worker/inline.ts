/**
 * Runs tasks in the process of the script itself (`isolation: 'none'`): nothing to start, and nothing to fall back on. Code that does
 * not heed its signal cannot be stopped, and an error that nobody catches ends the script. Made for tests and for tiny scripts.
 */
import type { Assignment, Outcome, TaskInfo } from '../core/protocol.ts';
import type { Clock, Random, Timer } from '../core/seams.ts';
import type { Definition } from '../task/definition.ts';
import { Executor } from './executor.ts';
import type { LoadedTasks } from './ipc.ts';
import { GRACE_MS, type Report, type StopReason } from './ipc.ts';
import type { PoolListener, RunPool } from './run-pool.ts';

export class InlinePool implements RunPool {
  readonly tasks: readonly TaskInfo[];
  readonly files: readonly string[] = [];
  readonly generation = 1;
  readonly hasRoom = true;
  listener!: PoolListener;
  readonly #executor: Executor;
  readonly #clock: Clock;
  /** Run ids by token. */
  readonly #runs = new Map<string, string>();
  readonly #graces = new Map<string, Timer>();
  #idle: (() => void)[] = [];

  constructor(definitions: readonly Definition[], clock: Clock, random: Random) {
    this.tasks = definitions.map(({ info }) => info);
    this.#clock = clock;
    this.#executor = new Executor({ definitions, post: (report) => this.#reported(report), clock, random, graceMs: GRACE_MS });
  }

  async load(): Promise<LoadedTasks> {
    return { tasks: this.tasks, files: this.files };
  }

  assign(runs: readonly Assignment[]): void {
    for (const { token, runId } of runs) this.#runs.set(token, runId);
    this.#executor.take(runs);
  }

  stop(token: string, why: StopReason, reason: string): void {
    const runId = this.#runs.get(token);
    if (runId === undefined) return;
    this.#executor.stop([{ token, why, reason }]);
    const given: Outcome = why === 'leave' ? { runId, token, type: 'release', reason } : { runId, token, type: 'stopped' };
    this.#graces.get(token)?.cancel();
    this.#graces.set(
      token,
      this.#clock.after(GRACE_MS, () => this.#finish([given]), true),
    );
  }

  giveUp(reason: string): void {
    for (const token of [...this.#runs.keys()]) this.stop(token, 'leave', reason);
  }

  kill(reason: string): void {
    this.#finish([...this.#runs].map(([token, runId]) => ({ runId, token, type: 'release', reason })));
  }

  idle(): Promise<void> {
    if (this.#runs.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    for (const timer of this.#graces.values()) timer.cancel();
  }

  #reported({ started, logs, progress, outcomes }: Report): void {
    if (started) this.listener.started(started);
    if (logs) this.listener.logs(logs);
    if (progress) this.listener.progress(progress);
    if (outcomes) this.#finish(outcomes);
  }

  /** What was given up comes to its end later, and then nobody asks any more. */
  #finish(outcomes: readonly Outcome[]): void {
    const asked = outcomes.filter(({ token }) => this.#runs.delete(token));
    for (const { token } of asked) {
      this.#graces.get(token)?.cancel();
      this.#graces.delete(token);
    }
    if (asked.length > 0) this.listener.finished(asked);
    if (this.#runs.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }
}
