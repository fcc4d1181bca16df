/** Hooks that the server asked for, given to children: they wait until one is there, and a child stays until they have ended. */
import type { HookCall } from '../core/frames.ts';
import type { Child } from './child-process.ts';
import type { Crew } from './crew.ts';
import type { HookOrder, Report } from './ipc.ts';

interface Given {
  readonly order: HookOrder;
  readonly child: Child;
  hasBegun: boolean;
}

export class HookCalls {
  readonly #crew: Pick<Crew, 'roomiest'>;
  #waiting: HookOrder[] = [];
  /** Those that have not ended, by number. */
  readonly #given = new Map<number, Given>();
  #lastId = 0;

  constructor(crew: Pick<Crew, 'roomiest'>) {
    this.#crew = crew;
  }

  /** None waits and none is being called. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#given.size === 0;
  }

  push(calls: readonly HookCall[]): void {
    for (const call of calls) this.#waiting.push({ ...call, id: ++this.#lastId });
    this.serve();
  }

  /** A child may be there now. */
  serve(): void {
    const child = this.#waiting.length === 0 ? null : this.#crew.roomiest;
    if (child === null) return;
    const calls = this.#waiting;
    this.#waiting = [];
    child.runs += calls.length;
    for (const order of calls) this.#given.set(order.id, { order, child, hasBegun: false });
    child.send({ type: 'hooks', calls });
  }

  reported(child: Child, phases: NonNullable<Report['hooks']>): void {
    for (const [id, phase] of phases) {
      const given = this.#given.get(id);
      if (given === undefined) continue;
      given.hasBegun = true;
      if (phase === 'begins') continue;
      child.runs -= 1;
      this.#given.delete(id);
    }
  }

  /**
   * What a child that crashed had begun to call is not called again: it may have been the reason. Of one that had to be killed a run was,
   * and what had not begun can be no reason.
   */
  gone(child: Child, runs: readonly { readonly isOverdue: boolean }[] = []): void {
    const left = [...this.#given.values()].filter((given) => given.child === child);
    for (const { order } of left) this.#given.delete(order.id);
    const wasKilled = runs.some(({ isOverdue }) => isOverdue);
    this.push(left.filter(({ hasBegun }) => wasKilled || !hasBegun).map(({ order }) => order));
  }
}
