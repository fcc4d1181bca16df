/**
 * The runs of a worker and the children that hold them. It gives each run to a child, stops code that must stop (signal, grace, kill),
 * and tells crash from failure: a child that dies is the crash of what ran in it, never of what had not begun. Runs that shared a dead
 * process come back one to a child. Lives in the process of the worker, where no code of the user runs.
 */
import type { ChildProcess } from 'node:child_process';
import { Fifo } from '../core/fifo.ts';
import type { Assignment, Held, HookCall, Outcome, TaskInfo, Waiting } from '../core/frames.ts';
import { Asks } from './asks.ts';
import { Child, describeExit } from './child-process.ts';
import { Crew } from './crew.ts';
import { HardStops } from './hard-stops.ts';
import { HookCalls } from './hook-calls.ts';
import type { Ended, Report, StopReason } from './ipc.ts';
import { type LiveRun, liveRun, outcomeOf, outcomeOfDeath, workOf } from './live-run.ts';
import type { PoolListener, PoolOptions, RunPool } from './run-pool.ts';
import { Suspects } from './suspects.ts';

const NOT_LOADED = 'The files of this worker do not load';

/** Loads execa, which only a process with children needs. */
export async function openPool(options: PoolOptions): Promise<RunPool> {
  const { execa } = await import('execa');
  const { args, env } = options.command;
  return new Pool(
    options,
    () =>
      execa(process.execPath, args, {
        env,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        ipc: true,
        serialization: 'json',
        buffer: false,
        reject: false,
        cleanup: false, // the lifeline does that, also at kill -9
        detached: process.platform !== 'win32', // a group of its own: Ctrl-C in the terminal is for the worker, a kill for all of it
        windowsHide: true,
      }) as unknown as ChildProcess,
  );
}

class Pool implements RunPool {
  listener!: PoolListener;
  readonly #options: PoolOptions;
  readonly #crew: Crew;
  /** By number. */
  readonly #runs = new Map<number, LiveRun>();
  #lastId = 0;
  readonly #waiting = new Fifo<LiveRun>();
  readonly #suspects: Suspects;
  readonly #stops: HardStops;
  readonly #asks: Asks;
  readonly answer: RunPool['answer'] = (token, hit) => this.#asks.answer(token, hit);
  readonly load: RunPool['load'] = () => this.#crew.load();
  readonly limit: RunPool['limit'] = (limits) => this.#crew.limit(limits);
  readonly #hooks: HookCalls;
  #infos = new Map<string, TaskInfo>();
  #idle: (() => void)[] = [];

  constructor(options: PoolOptions, start: () => ChildProcess) {
    this.#options = options;
    const { files, how, processes, clock, graceMs } = options;
    this.#crew = new Crew({
      ...{ files, how, processes, clock },
      spawn: () => new Child(start(), this.#childListener, clock),
      onChange: () => this.#crewChanged(),
      onProblem: (problem) => this.listener.onEvent({ type: 'load-failed', serving: this.#crew.hasRoom, ...problem }),
    });
    this.#suspects = new Suspects({ crew: this.#crew, give: (run, child) => this.#give(run, child), clock });
    this.#hooks = new HookCalls(this.#crew);
    this.#stops = new HardStops({ clock, graceMs, retire: this.#crew.retire.bind(this.#crew), runsOf: (child) => this.#runsOf(child) });
    this.#asks = new Asks(this.#runs, this.#stops);
  }

  get tasks(): readonly TaskInfo[] {
    return this.#crew.tasks;
  }

  get files(): readonly string[] {
    return this.#options.how.watch ? this.#crew.files : [];
  }

  get generation(): number {
    return this.#crew.generation;
  }

  get hasRoom(): boolean {
    return this.#crew.hasRoom;
  }

  assign(runs: readonly Assignment[]): void {
    for (const assignment of runs) {
      const { runId, token, task } = assignment;
      const info = this.#infos.get(task);
      if (info === undefined || !this.#crew.hasRoom) {
        const reason = info === undefined ? `This worker has no task '${task}' any more` : NOT_LOADED;
        this.listener.finished([{ runId, token, type: 'release', reason }]);
        continue;
      }
      this.#lastId += 1;
      const run = liveRun(this.#lastId, assignment, info);
      this.#runs.set(run.id, run);
      if (assignment.alone) this.#suspects.push(run);
      else this.#place(run);
    }
  }

  tell(calls: readonly HookCall[]): void {
    this.#hooks.push(calls);
  }

  stop(token: string, why: StopReason, reason: string): void {
    for (const run of this.#runs.values()) if (run.assignment.token === token) this.#stop(run, why, reason);
  }

  giveUp(reason: string): void {
    const children = new Set([...this.#runs.values()].map(({ child }) => child));
    for (const run of this.#runs.values()) this.#stop(run, 'leave', reason);
    for (const child of children) child?.terminate(reason);
  }

  kill(reason: string): void {
    for (const run of this.#runs.values()) run.child?.kill(reason);
  }

  idle(): Promise<void> {
    if (this.#runs.size === 0 && this.#hooks.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#suspects.close();
    for (const run of this.#runs.values()) run.timer?.cancel();
    await this.#crew.close();
  }

  readonly #childListener = {
    reported: (child: Child, report: Report) => this.#reported(child, report),
    grown: (child: Child) => void this.#crew.renew(child),
    wrote: (child: Child, stream: 'stdout' | 'stderr', text: string) =>
      this.listener.onEvent({ type: 'output', stream, pid: child.pid, text }),
    gone: (child: Child) => this.#childGone(child),
  };

  #place(run: LiveRun): void {
    const child = this.#crew.roomiest;
    if (child === null) this.#waiting.push(run);
    else this.#give(run, child);
  }

  #give(run: LiveRun, child: Child): void {
    run.child = child;
    child.run(workOf(run));
  }

  #crewChanged(): void {
    this.#infos = new Map(this.#crew.tasks.map((info) => [info.name, info]));
    this.listener.changed();
    this.#hooks.serve();
    if (this.#crew.roomiest !== null) {
      for (let run = this.#waiting.shift(); run !== undefined; run = this.#waiting.shift()) this.#place(run);
      this.#suspects.serve();
    } else if (!this.#crew.hasRoom) {
      for (let run = this.#waiting.shift(); run !== undefined; run = this.#waiting.shift()) {
        const { runId, token } = run.assignment;
        this.#finish([run], [{ runId, token, type: 'release', reason: NOT_LOADED }]);
      }
    }
  }

  #reported(child: Child, report: Report): void {
    const { started, phases, strays, logs, progress, waits, outcomes, hooks } = report;
    this.#asks.reported(report, this.listener);
    if (started) this.#started(started);
    for (const [id, phase] of phases ?? []) this.#phase(id, phase);
    for (const [id, error] of strays ?? []) this.#stray(id, error);
    if (logs) this.listener.logs(logs.flatMap(({ id, lines }) => this.#heldOf(id, { lines })));
    if (progress) this.listener.progress(progress.flatMap(({ id, ...told }) => this.#heldOf(id, told)));
    if (waits) this.listener.waiting(waits.flatMap(([id, waiting]) => this.#wait(id, waiting)));
    if (hooks) this.#hooks.reported(child, hooks);
    if (outcomes || hooks) this.#ended(child, outcomes ?? []);
  }

  #ended(child: Child, outcomes: readonly Ended[]): void {
    const runs = outcomes.map(({ id }) => this.#runs.get(id));
    this.#finish(
      runs,
      outcomes.flatMap((ended, at) => (runs[at] === undefined ? [] : outcomeOf(runs[at].assignment, ended))),
    );
    this.#settled(child);
  }

  /** Nothing where the run has ended: nobody asks any more. */
  #heldOf<T extends object>(id: number, said: T): (Held & T)[] {
    const run = this.#runs.get(id);
    return run === undefined ? [] : [{ runId: run.assignment.runId, token: run.assignment.token, ...said }];
  }

  #started(ids: readonly number[]): void {
    const tokens: string[] = [];
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run === undefined) continue;
      tokens.push(run.assignment.token);
      run.hasStarted = true;
      if (run.stop !== null) this.#stops.grace(run);
      else this.#stops.timeout(run);
    }
    this.listener.started(tokens);
  }

  #phase(id: number, phase: 'function' | 'after'): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    // The function has settled: what is left are hooks, which have their own limit.
    if (phase === 'after') run.timer?.cancel();
    else if (run.stop === null) this.#stops.timeout(run);
  }

  #wait(id: number, waiting: boolean): Waiting[] {
    const run = this.#runs.get(id);
    if (run) this.#setWaiting(run, waiting);
    return this.#heldOf(id, { waiting });
  }

  /** A child whose only run waits for others does not keep suspects from theirs. */
  #setWaiting(run: LiveRun, isWaiting: boolean): void {
    if (run.child?.isAlone && run.isWaiting !== isWaiting) this.#suspects.waits(isWaiting);
    run.isWaiting = isWaiting;
  }

  #stray(id: number, error: LiveRun['stray']): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.stray = error;
    this.#stops.grace(run);
  }

  #finish(runs: readonly (LiveRun | undefined)[], outcomes: readonly Outcome[]): void {
    for (const run of runs) {
      if (run === undefined) continue;
      run.timer?.cancel();
      this.#setWaiting(run, false);
      if (run.child !== null) run.child.runs -= 1;
      this.#runs.delete(run.id);
    }
    this.listener.finished(outcomes);
    if (this.#runs.size > 0 || !this.#hooks.isIdle || this.#idle.length === 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Some runs of the child have ended. */
  #settled(child: Child): void {
    if (child.runs === 0) {
      if (child.isAlone) this.#suspects.isFree(child);
      else if (child.state === 'leaving' || child.state === 'stopping') child.leave();
    } else this.#stops.check(child);
  }

  #stop(run: LiveRun, why: StopReason, reason: string): void {
    if (run.stop?.why === 'fenced' || run.stop?.why === why) return;
    run.stop = { id: run.id, why, reason };
    if (run.child === null || run.child.withdraw(run.id)) {
      this.#waiting.retain((other) => other !== run);
      this.#suspects.remove(run);
      this.#finish([run], [outcomeOfDeath(run, { how: '', tail: [], killedBecause: null, started: 0 }, 0)]);
      return;
    }
    run.child.stop(run.stop);
    if (run.hasStarted) this.#stops.grace(run);
  }

  // ---- Death of a child ----------------------------------------------------------------------------------------------------

  #childGone(child: Child): void {
    this.#crew.gone(child);
    const runs = this.#runsOf(child);
    this.#hooks.gone(child, runs);
    if (child.readyAt === null) return; // it never took a run
    const { code, signal } = child.exit ?? { code: null, signal: null };
    if (child.endedBecause === null) {
      this.listener.onEvent({ type: 'child-crashed', pid: child.pid, exitCode: code, signal, runs: runs.length });
    }
    const started = runs.filter((run) => run.hasStarted).length;
    const death = { how: describeExit({ code, signal }), tail: child.tail, killedBecause: child.endedBecause, started };
    if (runs.length > 0)
      this.#finish(
        runs,
        runs.map((run) => outcomeOfDeath(run, death, this.#options.random.number())),
      );
    if (child.isAlone) this.#suspects.isGone(runs.length > 0);
  }

  #runsOf(child: Child): LiveRun[] {
    return [...this.#runs.values()].filter((run) => run.child === child);
  }
}
