/** What goes to the log together, and who waits for it. */
import { StoreError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { Changes, type Step } from './rows.ts';
import type { Commit } from './store.ts';

/** One call on the store. */
export interface Call<T> {
  execute(): T;
  /** It needs no batch of its own. */
  readonly rides?: boolean;
  /** What is done instead, or the refusal that is thrown, while the disk is full. */
  readonly whenFull?: () => T;
  /** How it is done again after it was taken back; else as the first time. */
  readonly again?: (answer: T) => T;
}
export interface Waiting {
  readonly call: Call<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  answer: unknown;
}
export class Batch extends Changes {
  readonly waiting: Waiting[] = [];
  /** Somebody waits for its end. */
  urgent = false;
  /** What it holds was taken back before, and done again. */
  again = false;
}

/** Waits for what is not durable, and changes nothing. */
export const LOOK: Call<unknown> = { execute: () => true };

/** The newest form of each run, in the order in which they were first changed. */
export function commitOf(steps: readonly Step[]): Commit {
  const runs = new Map<string, Run>();
  const removed = new Set<string>();
  for (const step of steps) {
    if (!('row' in step)) continue;
    const { before, after } = step;
    if (after) {
      runs.set(after.id, after);
      removed.delete(after.id); // its name was free again
    } else if (before) {
      runs.delete(before.id);
      removed.add(before.id);
    }
  }
  return { runs: [...runs.values()], removed: [...removed] };
}

export function full(): StoreError {
  return new StoreError('full', 'The disk of the store is full. Nothing was added.', ['Free some space; the store goes on by itself']);
}

export function closed(): StoreError {
  return new StoreError('failed', 'The store is closed.');
}
