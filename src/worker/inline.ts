/**
 * Runs tasks in the process of the script itself (`isolation: 'none'`): nothing to start, and nothing to fall back on. Code that does
 * not heed its signal cannot be stopped, and an error that nobody catches ends the script. Made for tests and for tiny scripts.
 */
import type { Assignment, CacheHit, Held, HookCall, Outcome, TaskInfo } from '../core/frames.ts';
import type { WorkLimits } from '../core/protocol.ts';
import type { Clock, Random, Timer } from '../core/seams.ts';
import { type Definition, infoOf } from '../task/definition.ts';
import { Executor } from './executor.ts';
import { type Ended, GRACE_MS, type LoadedTasks, type Report, type StopReason } from './ipc.ts';
import { outcomeOf, workOf } from './live-run.ts';
import type { PoolListener, RunPool } from './run-pool.ts';

export class InlinePool implements RunPool {
  readonly #definitions: readonly Definition[];
  readonly files: readonly string[] = [];
  readonly generation = 1;
  readonly hasRoom = true;
  listener!: PoolListener;
  readonly #executor: Executor;
  readonly #clock: Clock;
  /** By number. */
  readonly #runs = new Map<number, { readonly held: Held; grace: Timer | null }>();
  #lastId = 0;
  /** Calls of hooks that have not ended. */
  #hooks = 0;
  #idle: (() => void)[] = [];

  constructor(definitions: readonly Definition[], clock: Clock, random: Random) {
    this.#definitions = definitions;
    this.#clock = clock;
    this.#executor = new Executor({ definitions, post: (report) => this.#reported(report), clock, random, graceMs: GRACE_MS });
  }

  /** Hooks may be added to a task at any time. */
  get tasks(): readonly TaskInfo[] {
    return this.#definitions.map(infoOf);
  }

  limit(limits: WorkLimits): void {
    this.#executor.limits = limits;
  }

  async load(): Promise<LoadedTasks> {
    return { tasks: this.tasks, files: this.files };
  }

  assign(runs: readonly Assignment[]): void {
    const work = runs.map((assignment) => {
      this.#lastId += 1;
      this.#runs.set(this.#lastId, { held: assignment, grace: null });
      return workOf({ id: this.#lastId, assignment });
    });
    this.#executor.take(work);
  }

  tell(calls: readonly HookCall[]): void {
    this.#hooks += calls.length;
    this.#executor.tell(calls.map((call) => ({ ...call, id: 0 }))); // nobody dies alone here: only their number counts
  }

  stop(token: string, why: StopReason, reason: string): void {
    for (const [id, run] of this.#runs) if (run.held.token === token) this.#stop(id, run, why, reason);
  }

  answer(token: string, hit: CacheHit | null): void {
    for (const [id, { held }] of this.#runs) if (held.token === token) this.#executor.answer([{ id, hit }]);
  }

  giveUp(reason: string): void {
    for (const [id, run] of this.#runs) this.#stop(id, run, 'leave', reason);
  }

  kill(reason: string): void {
    this.#finish([...this.#runs.keys()].map((id) => ({ id, type: 'release', reason })));
  }

  idle(): Promise<void> {
    if (this.#runs.size + this.#hooks === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    for (const { grace } of this.#runs.values()) grace?.cancel();
  }

  #stop(id: number, run: { grace: Timer | null }, why: StopReason, reason: string): void {
    this.#executor.stop([{ id, why, reason }]);
    const given: Ended = why === 'leave' ? { id, type: 'release', reason } : { id, type: 'stopped' };
    run.grace?.cancel();
    run.grace = this.#clock.after(GRACE_MS, () => this.#finish([given]), true);
  }

  #reported({ started = [], logs = [], progress = [], waits = [], asks, outcomes, hooks = [] }: Report): void {
    this.listener.started(started.flatMap((id) => this.#runs.get(id)?.held.token ?? []));
    this.listener.logs(logs.flatMap(({ id, lines }) => this.#heldOf(id, { lines })));
    this.listener.progress(progress.flatMap(({ id, ...told }) => this.#heldOf(id, told)));
    this.listener.waiting(waits.flatMap(([id, waiting]) => this.#heldOf(id, { waiting })));
    if (asks) this.listener.asked(asks.flatMap(({ id, ...question }) => this.#heldOf(id, question)));
    const ended = hooks.filter(([, phase]) => phase === 'ended').length;
    this.#hooks -= ended;
    if (outcomes || ended > 0) this.#finish(outcomes ?? []);
  }

  #heldOf<T extends object>(id: number, said: T): (Held & T)[] {
    const run = this.#runs.get(id);
    return run === undefined ? [] : [{ runId: run.held.runId, token: run.held.token, ...said }];
  }

  /** What was given up comes to its end later, and then nobody asks any more. */
  #finish(ended: readonly Ended[]): void {
    const outcomes: Outcome[] = [];
    for (const end of ended) {
      const run = this.#runs.get(end.id);
      if (run === undefined) continue;
      run.grace?.cancel();
      this.#runs.delete(end.id);
      outcomes.push(outcomeOf(run.held, end));
    }
    if (outcomes.length > 0) this.listener.finished(outcomes);
    if (this.#runs.size + this.#hooks > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }
}
