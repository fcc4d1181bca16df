/**
 * The hooks of moves that were not made where the run was executed: its process was killed or died, its worker was lost, it expired, an
 * upstream run failed, or it was cancelled while it waited. One connected worker that has the task is asked to call them. Where none
 * is connected they are kept, in memory and within a bound, until one comes.
 */
import type { HookCall, Outcome } from '../core/frames.ts';
import { type HookName, hookOf } from '../core/hooks.ts';
import { type EndedRun, plainError, type Run, type RunError } from '../core/run.ts';
import type { Applied, Store } from '../store/store.ts';
import { settledOf } from './assignment.ts';
import type { Holder, Roster } from './roster.ts';

/** Hooks that are kept while no worker has their task; the oldest go first, a part at once. */
export const MOST_KEPT = 10_000;
const DROPPED_AT_ONCE = 1_000;

interface Owed extends Pick<HookCall, 'hook' | 'runId' | 'task' | 'attempt' | 'error'> {}

export class Hooks {
  readonly #store: Store;
  readonly #roster: Roster;
  /** By run id: what was called for the end that is on its way to the disk. Null: whatever it was, a caller calls its own. */
  readonly #called = new Map<string, HookName | null>();
  /** Oldest first. */
  #kept: Owed[] = [];

  constructor(store: Store, roster: Roster) {
    this.#store = store;
    this.#roster = roster;
  }

  /** These outcomes, none a success, are about to be applied. */
  reported(outcomes: readonly Outcome[], isCaller: boolean): void {
    for (const { runId, hook } of outcomes) {
      if (isCaller) this.#called.set(runId, null);
      else if (hook !== undefined) this.#called.set(runId, hook);
    }
  }

  /** They were applied, in this order, and are durable. */
  recorded(outcomes: readonly Outcome[], applied: readonly Applied[]): void {
    for (const [at, outcome] of outcomes.entries()) {
      this.#called.delete(outcome.runId);
      const { run, changed } = applied[at] as Applied;
      if (!run || !changed || outcome.hook === 'onRetrying' || hookOf(run) !== 'onRetrying') continue;
      if ('error' in outcome) this.#owe(owed('onRetrying', run, outcome.error));
    }
  }

  /** A run has ended, and not by a success. */
  ended(run: EndedRun): void {
    const hook = hookOf(run) as HookName;
    const called = this.#called.get(run.id);
    if (called !== null && called !== hook) this.#owe(owed(hook, run, run.error));
  }

  /** A worker has come, or has other tasks. */
  serve(holder: Holder): void {
    if (this.#kept.length === 0 || !isAtWork(holder)) return;
    const kept = this.#kept;
    this.#kept = kept.filter(({ task }) => !holder.tasks.has(task));
    if (this.#kept.length < kept.length) for (const one of kept) if (has(holder, one)) void this.#send(holder, one);
  }

  #owe(one: Owed): void {
    const workers = this.#roster.all().filter((holder) => isAtWork(holder) && holder.tasks.has(one.task));
    const worker = workers.find((holder) => has(holder, one));
    if (worker) void this.#send(worker, one);
    if (workers.length > 0) return; // and where none of them has the hook, there is none
    if (this.#kept.length >= MOST_KEPT) this.#kept.splice(0, DROPPED_AT_ONCE);
    this.#kept.push(one);
  }

  async #send(holder: Holder, one: Owed): Promise<void> {
    const run = await this.#store.get(one.runId);
    if (run === undefined) return;
    const upstream = await Promise.all(run.waitFor.map(({ id }) => this.#store.get(id)));
    if (isAtWork(holder)) holder.link?.send({ type: 'hooks', runs: [callOf(one, run, upstream)] });
    else this.#owe(one);
  }
}

function owed(hook: HookName, { id, task, attempt }: Run, error: RunError | null): Owed {
  return { hook, runId: id, task, attempt, error: error ?? plainError('Error', 'Unknown') };
}

function isAtWork({ link, draining, isCaller }: Holder): boolean {
  return link !== null && !draining && !isCaller;
}

function has(holder: Holder, { task, hook }: Owed): boolean {
  return holder.tasks.get(task)?.hooks?.includes(hook) ?? false;
}

/** A run that is tried again may be farther by now: a hook hears of the move it is called for. */
function callOf({ hook, runId, task, attempt, error }: Owed, run: Run, upstream: readonly (Run | undefined)[]): HookCall {
  const state = hook === 'onRetrying' ? ({ state: 'SCHEDULED', stateName: 'AwaitingRetry' } as const) : run;
  return {
    hook,
    runId,
    task,
    name: run.name,
    state: state.state,
    stateName: state.stateName,
    attempt,
    maxAttempts: run.maxAttempts ?? 1,
    args: run.args,
    tags: run.tags,
    parentId: run.parentId,
    error,
    upstream: settledOf(upstream),
  };
}
