/** What a worker tells whoever started it. Types only: how it is shown is decided elsewhere. */

import type { LoadProblem } from '../core/errors.ts';
import type { Outcome } from '../core/frames.ts';

export type WorkerEvent =
  /** Loaded, registered at the server and, where asked, watching. Once. */
  | {
      readonly type: 'ready';
      readonly name: string;
      readonly tasks: readonly string[];
      /** What is watched; empty where nothing is. */
      readonly files: readonly string[];
      readonly generation: number;
      readonly slots: number;
    }
  | {
      readonly type: 'reloaded';
      readonly tasks: readonly string[];
      readonly files: readonly string[];
      readonly generation: number;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      /** From the save to new code that takes runs. */
      readonly ms: number;
    }
  /** The code on disk does not load. `serving`: an earlier generation goes on. */
  | ({ readonly type: 'load-failed'; readonly serving: boolean } & LoadProblem)
  /** Tasks with queued runs that no connected worker has: renamed, or removed too early. */
  | { readonly type: 'orphans'; readonly tasks: readonly { readonly name: string; readonly queued: number }[] }
  | { readonly type: 'connected' }
  /** Runs go on and their outcomes are kept; the worker tries again for ever. Told once for each time the connection is lost. */
  | { readonly type: 'disconnected'; readonly why: 'gone' | 'silent' | 'refused-protocol'; readonly error: unknown }
  | { readonly type: 'unauthorized'; readonly error: unknown }
  | { readonly type: 'run-started'; readonly runId: string; readonly task: string; readonly name: string | null; readonly attempt: number }
  | {
      readonly type: 'run-finished';
      readonly runId: string;
      readonly task: string;
      readonly name: string | null;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly ms: number;
    }
  /** One line that a child wrote, as it is: whoever prints it must make it safe for a terminal. */
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly pid: number; readonly text: string }
  | {
      readonly type: 'child-crashed';
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Runs that were in it. */
      readonly runs: number;
    }
  /** No more runs are taken; `running` are left to finish. */
  | { readonly type: 'draining'; readonly running: number }
  | { readonly type: 'stopped' };

export type OnEvent = (event: WorkerEvent) => void;
