/**
 * The runs of a worker and the children that hold them. It gives each run to a child, stops code that must stop (signal, grace, kill),
 * and tells crash from failure: a child that dies is the crash of what ran in it, never of what had not begun. Runs that shared a dead
 * process come back one to a child. Lives in the process of the worker, where no code of the user runs.
 */
import type { ChildProcess } from 'node:child_process';
import { Fifo } from '../core/fifo.ts';
import type { Assignment, Outcome, TaskInfo } from '../core/protocol.ts';
import type { Clock, Random } from '../core/seams.ts';
import { Child, describeExit } from './child-process.ts';
import { Crew } from './crew.ts';
import type { LoadedTasks } from './ipc.ts';
import { GRACE_MS, type Preparation, type Report, type StopReason } from './ipc.ts';
import { type LiveRun, outcomeOfDeath, timeoutOf } from './live-run.ts';
import type { PoolListener, RunPool } from './run-pool.ts';
import { Suspects } from './suspects.ts';

/** How a child is started: arguments for Node, and what is added to the environment. */
export interface ChildCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface PoolOptions {
  readonly command: ChildCommand;
  readonly files: readonly string[];
  readonly how: Preparation;
  readonly processes: number;
  readonly clock: Clock;
  readonly random: Random;
}

const NOT_LOADED = 'The files of this worker do not load';
/** How often the loop of a child that will be killed is looked at, so that its other runs can finish. */
const LOOK_MS = 1_000;
const DAY_MS = 86_400_000; // the longest single timer

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
  readonly #runs = new Map<string, LiveRun>();
  readonly #waiting = new Fifo<LiveRun>();
  readonly #suspects: Suspects;
  #infos = new Map<string, TaskInfo>();
  #idle: (() => void)[] = [];

  constructor(options: PoolOptions, start: () => ChildProcess) {
    this.#options = options;
    const { files, how, processes, clock } = options;
    this.#crew = new Crew({
      ...{ files, how, processes, clock },
      spawn: () => new Child(start(), this.#childListener, clock),
      onChange: () => this.#crewChanged(),
      onProblem: (problem) => this.listener.onEvent({ type: 'load-failed', serving: this.#crew.hasRoom, ...problem }),
    });
    this.#suspects = new Suspects({ crew: this.#crew, give: (run, child) => this.#give(run, child), clock });
  }

  get tasks(): readonly TaskInfo[] {
    return this.#crew.tasks;
  }

  get files(): readonly string[] {
    return this.#crew.files;
  }

  get generation(): number {
    return this.#crew.generation;
  }

  get hasRoom(): boolean {
    return this.#crew.hasRoom;
  }

  load(): Promise<LoadedTasks> {
    return this.#crew.load();
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
      const run: LiveRun = { assignment, info, child: null, hasStarted: false, stop: null, stray: null, isOverdue: false, timer: null };
      this.#runs.set(token, run);
      if (assignment.alone) this.#suspects.push(run);
      else this.#place(run);
    }
  }

  stop(token: string, why: StopReason, reason: string): void {
    const run = this.#runs.get(token);
    if (run === undefined || run.stop?.why === 'fenced' || run.stop?.why === why) return;
    run.stop = { token, why, reason };
    if (run.child === null) {
      this.#waiting.retain((other) => other !== run);
      this.#suspects.remove(run);
      this.#finish([outcomeOfDeath(run, { how: '', tail: [], killedBecause: null, started: 0 }, 0)]);
      return;
    }
    run.child.stop(run.stop);
    if (run.hasStarted) this.#arm(run, GRACE_MS);
  }

  giveUp(reason: string): void {
    const children = new Set([...this.#runs.values()].map(({ child }) => child));
    for (const token of [...this.#runs.keys()]) this.stop(token, 'leave', reason);
    for (const child of children) child?.terminate(reason);
  }

  kill(reason: string): void {
    for (const run of this.#runs.values()) run.child?.kill(reason);
  }

  idle(): Promise<void> {
    if (this.#runs.size === 0) return Promise.resolve();
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
    child.run(run.assignment);
  }

  #crewChanged(): void {
    this.#infos = new Map(this.#crew.tasks.map((info) => [info.name, info]));
    this.listener.changed();
    if (this.#crew.roomiest !== null) {
      for (let run = this.#waiting.shift(); run !== undefined; run = this.#waiting.shift()) this.#place(run);
      this.#suspects.serve();
    } else if (!this.#crew.hasRoom) {
      for (let run = this.#waiting.shift(); run !== undefined; run = this.#waiting.shift()) {
        this.#finish([{ runId: run.assignment.runId, token: run.assignment.token, type: 'release', reason: NOT_LOADED }]);
      }
    }
  }

  // ---- What children report ------------------------------------------------------------------------------------------------

  #reported(child: Child, { started, phases, strays, logs, progress, outcomes }: Report): void {
    if (started) this.#started(started);
    for (const [token, phase] of phases ?? []) this.#phase(token, phase);
    for (const [token, error] of strays ?? []) this.#stray(token, error);
    if (logs) this.listener.logs(logs);
    if (progress) this.listener.progress(progress);
    if (outcomes) {
      this.#finish(outcomes);
      this.#settled(child);
    }
  }

  #started(tokens: readonly string[]): void {
    for (const token of tokens) {
      const run = this.#runs.get(token);
      if (run === undefined) continue;
      run.hasStarted = true;
      if (run.stop !== null) this.#arm(run, GRACE_MS);
      else this.#armTimeout(run);
    }
    this.listener.started(tokens);
  }

  #phase(token: string, phase: 'function' | 'after'): void {
    const run = this.#runs.get(token);
    if (run === undefined) return;
    // The function has settled: what is left are hooks, which have their own limit.
    if (phase === 'after') run.timer?.cancel();
    else if (run.stop === null) this.#armTimeout(run);
  }

  #stray(token: string, error: LiveRun['stray']): void {
    const run = this.#runs.get(token);
    if (run === undefined) return;
    run.stray = error;
    this.#arm(run, GRACE_MS);
  }

  #finish(outcomes: readonly Outcome[]): void {
    for (const { token } of outcomes) {
      const run = this.#runs.get(token);
      run?.timer?.cancel();
      run?.child?.runs.delete(token);
      this.#runs.delete(token);
    }
    this.listener.finished(outcomes);
    if (this.#runs.size > 0 || this.#idle.length === 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Some runs of the child have ended. */
  #settled(child: Child): void {
    if (child.runs.size === 0) {
      if (child.isAlone) this.#suspects.isFree(child);
      else if (child.state === 'leaving' || child.state === 'stopping') child.leave();
    } else if (child.state === 'stopping') this.#killIfFree(child);
  }

  // ---- Code that must stop -------------------------------------------------------------------------------------------------

  #armTimeout(run: LiveRun): void {
    const timeoutMs = timeoutOf(run);
    if (timeoutMs !== null) this.#arm(run, timeoutMs + GRACE_MS);
  }

  #arm(run: LiveRun, ms: number): void {
    run.timer?.cancel();
    run.timer = this.#options.clock.after(Math.min(ms, DAY_MS), () => (ms > DAY_MS ? this.#arm(run, ms - DAY_MS) : this.#overdue(run)));
  }

  /** The signal was not heeded: the process has to end, and takes no more runs from now on. */
  #overdue(run: LiveRun): void {
    run.isOverdue = true;
    const { child } = run;
    if (child === null || child.state === 'gone') return;
    const watched = child.state === 'stopping';
    if (!watched) this.#crew.retire(child);
    child.state = 'stopping';
    if (!this.#killIfFree(child) && !watched) void this.#watchOver(child);
  }

  /** Kills a child in which nothing is left but what refuses to stop. */
  #killIfFree(child: Child): boolean {
    const runs = [...child.runs].map((token) => this.#runs.get(token));
    if (!runs.some((run) => run?.isOverdue)) child.state = 'leaving'; // it did stop after all
    if (!runs.every((run) => run?.isOverdue)) return false;
    child.kill('It did not stop');
    return true;
  }

  /** The other runs of the child may finish as long as its loop turns. Never rejects. */
  async #watchOver(child: Child): Promise<void> {
    while (child.state === 'stopping') {
      if (!(await child.ping())) child.kill('Another run in its process did not stop, and had to be killed with it');
      await new Promise<void>((resolve) => this.#options.clock.after(LOOK_MS, resolve));
    }
  }

  // ---- Death of a child ----------------------------------------------------------------------------------------------------

  #childGone(child: Child): void {
    this.#crew.gone(child);
    if (child.readyAt === null) return; // it never took a run
    const runs = [...child.runs].map((token) => this.#runs.get(token)).filter((run) => run !== undefined);
    const { code, signal } = child.exit ?? { code: null, signal: null };
    if (child.endedBecause === null) {
      this.listener.onEvent({ type: 'child-crashed', pid: child.pid, exitCode: code, signal, runs: runs.length });
    }
    const started = runs.filter((run) => run.hasStarted).length;
    const death = { how: describeExit({ code, signal }), tail: child.tail, killedBecause: child.endedBecause, started };
    if (runs.length > 0) this.#finish(runs.map((run) => outcomeOfDeath(run, death, this.#options.random.number())));
    if (child.isAlone) this.#suspects.isGone(runs.length > 0);
  }
}
