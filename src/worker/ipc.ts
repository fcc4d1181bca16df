/**
 * What travels between a worker and its children, over the IPC channel that Node opens for a child process, as JSON. Types only.
 * Both sides gather what one turn of their event loop brings into one message; order is kept.
 */

import type { LogLine } from '../core/api.ts';
import type { LoadProblem } from '../core/errors.ts';
import type { CacheHit, CacheQuestion, HookCall, Settled, TaskInfo } from '../core/frames.ts';
import type { WorkLimits } from '../core/protocol.ts';
import type { Payload, RunError, Told } from '../core/run.ts';
import type { AttemptOutcome } from '../task/attempt.ts';

/** What a child has loaded. */
export interface LoadedTasks {
  readonly tasks: readonly TaskInfo[];
  /** What to watch. */
  readonly files: readonly string[];
}

/** In the environment of a child; its value is the number of the `serve()` call it stands for, 0 for a child that loads files. */
export const CHILD_ENV = 'BGTASK_CHILD';
/** Where a child's memory of that value lies on `globalThis`, once `lifeline.ts` took it out of the environment. */
export const CHILD_MARK: unique symbol = Symbol.for('bgtask.child') as never;
/** The pipe that the worker never writes to and holds open as long as it lives. */
export const LIFELINE_FD = 3;

/** How long code may go on after it was asked to stop (timeout, cancel, end of a drain) before its process is killed. */
export const GRACE_MS = 5_000;

/**
 * Why code is asked to stop. `cancel`: the run was cancelled. `fenced`: the lease is no longer ours, so whatever comes out of it is
 * dropped. `leave`: the worker has to give the run back. `stray`: an error escaped the run outside of its promise.
 */
export type StopReason = 'cancel' | 'fenced' | 'leave' | 'stray';

/** One run as a child gets it, under a number of the pool's own: shorter than a token. What is usual is left out. */
export interface Work {
  readonly id: number;
  readonly runId: string;
  readonly task: string;
  readonly args: Payload;
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Default: 0. */
  readonly failures?: number | undefined;
  /** Default: as the task is defined. */
  readonly timeoutMs?: number | undefined;
  readonly name?: string | undefined;
  readonly parentId?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly upstream?: Readonly<Record<string, Settled>> | undefined;
}

export interface StopOrder {
  readonly id: number;
  readonly why: StopReason;
  readonly reason: string;
}

/** What was found for a run that asked. */
export interface CacheAnswer {
  readonly id: number;
  readonly hit: CacheHit | null;
}

/** A call of hooks, with a number of its own. */
export type HookOrder = HookCall & { readonly id: number };

export type ToChild =
  /** Makes ready to load, so that the load itself is quick. */
  | { readonly type: 'prepare'; readonly how: Preparation }
  | { readonly type: 'limits'; readonly limits: WorkLimits }
  | { readonly type: 'load'; readonly files: readonly string[] }
  | { readonly type: 'runs'; readonly runs: readonly Work[] }
  | { readonly type: 'stop'; readonly runs: readonly StopOrder[] }
  | { readonly type: 'hooks'; readonly calls: readonly HookOrder[] }
  | { readonly type: 'answers'; readonly runs: readonly CacheAnswer[] }
  | { readonly type: 'ping' }
  /** Nothing runs and nothing will: end. */
  | { readonly type: 'leave' };

export interface Preparation {
  /** Some file is TypeScript or JSX: have tsx at hand. */
  readonly typescript: boolean;
  readonly tsconfig: string | null;
  /** Remember which files were loaded. */
  readonly watch: boolean;
}

export type FromChild =
  /** It listens: only now may anything be sent, for a script may have listeners of its own. */
  | { readonly type: 'here' }
  | { readonly type: 'loaded'; readonly tasks: readonly TaskInfo[]; readonly files: readonly string[] }
  | { readonly type: 'not-loaded'; readonly problem: LoadProblem; readonly files: readonly string[] }
  | Report
  | { readonly type: 'pong' }
  /** It takes far more memory than it did when it had loaded: another should take its place. Once. */
  | { readonly type: 'grown' };

/** What one turn in the child brought, in the order in which it counts. Runs are named by their number. */
export interface Report {
  readonly type: 'report';
  /** Their code is about to be called; sent before it is, because it may never let go of the thread. */
  readonly started?: readonly number[];
  /** So too, but first to make the key of a result; whether they start is not known yet. */
  readonly looking?: readonly number[];
  /** The function of a run with a timeout begins now, or has settled and only hooks are left. */
  readonly phases?: readonly (readonly [id: number, phase: 'function' | 'after'])[];
  /** Errors that escaped a run: its code was asked to stop, and the run fails with this. */
  readonly strays?: readonly (readonly [id: number, error: RunError])[];
  readonly logs?: readonly { readonly id: number; readonly lines: readonly LogLine[] }[];
  readonly progress?: readonly ({ readonly id: number } & Told)[];
  /** Their code waits for other runs, or does not any more. */
  readonly waits?: readonly (readonly [id: number, isWaiting: boolean])[];
  readonly asks?: readonly (CacheQuestion & { readonly id: number })[];
  readonly outcomes?: readonly Ended[];
  /** Calls of hooks that begin now, or have ended. Each is said at once: what it does may block the process, or end it. */
  readonly hooks?: readonly (readonly [id: number, phase: 'begins' | 'ended'])[];
}

/** How a run ended. */
export type Ended = AttemptOutcome & { readonly id: number };
