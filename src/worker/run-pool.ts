/** The seam between a worker, which speaks with the server, and whoever executes its runs: children, or the process itself. Types only. */

import type { LogLine } from '../core/api.ts';
import type { Assignment, CacheHit, CacheQuestion, Held, HookCall, Outcome, TaskInfo, Waiting } from '../core/frames.ts';
import type { WorkLimits } from '../core/protocol.ts';
import type { Told } from '../core/run.ts';
import type { Clock, Random } from '../core/seams.ts';
import type { OnEvent } from './events.ts';
import type { LoadedTasks, Preparation, StopReason } from './ipc.ts';

/** Who is told. All of it may come many times in one turn. */
export interface PoolListener {
  started(tokens: readonly string[]): void;
  finished(outcomes: readonly Outcome[]): void;
  logs(logs: readonly (Held & { readonly lines: readonly LogLine[] })[]): void;
  progress(progress: readonly (Held & Told)[]): void;
  waiting(waits: readonly Waiting[]): void;
  /** Runs ask for a result that is there already; each gets its `answer`, or is stopped. */
  asked(questions: readonly (Held & CacheQuestion)[]): void;
  /** Other tasks, another generation, or room for runs came or went. */
  changed(): void;
  readonly onEvent: OnEvent;
}

/** What the worker needs of whoever executes its runs. */
export interface RunPool {
  readonly tasks: readonly TaskInfo[];
  readonly files: readonly string[];
  readonly generation: number;
  /** False: runs cannot be executed now. */
  readonly hasRoom: boolean;
  /** Set once, before anything else. */
  listener: PoolListener;
  /** What its runs are held to, from now on. */
  limit(limits: WorkLimits): void;
  load(): Promise<LoadedTasks>;
  assign(runs: readonly Assignment[]): void;
  /** Calls hooks of moves that the server knows of. */
  tell(calls: readonly HookCall[]): void;
  /** Asks the code of a run to stop, and stops its process after the grace. An unknown token is none of ours any more. */
  stop(token: string, why: StopReason, reason: string): void;
  /** The answer to what a run asked. One that asks nothing takes none. */
  answer(token: string, hit: CacheHit | null): void;
  /** Asks all of it to stop, the processes too, and gives the runs back. */
  giveUp(reason: string): void;
  /** What still runs is killed. */
  kill(reason: string): void;
  /** Resolves when nothing runs, hooks included. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

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
  /** How long code may go on after it was asked to stop. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly random: Random;
}
