/** Hooks that the server asked for, given to children: they wait until one is there, and a child stays until they have ended. */
import type { HookCall } from '../core/frames.ts';
import type { Child } from './child-process.ts';
import type { Crew } from './crew.ts';

export class HookCalls {
  readonly #crew: Pick<Crew, 'roomiest'>;
  #waiting: HookCall[] = [];
  /** Those that have not ended, oldest first. */
  readonly #given = new Map<Child, readonly HookCall[]>();

  constructor(crew: Pick<Crew, 'roomiest'>) {
    this.#crew = crew;
  }

  /** None waits and none is being called. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#given.size === 0;
  }

  push(calls: readonly HookCall[]): void {
    this.#waiting.push(...calls);
    this.serve();
  }

  /** A child may be there now. */
  serve(): void {
    const child = this.#waiting.length === 0 ? null : this.#crew.roomiest;
    if (child === null) return;
    const calls = this.#waiting;
    this.#waiting = [];
    child.runs += calls.length;
    this.#given.set(child, [...(this.#given.get(child) ?? []), ...calls]);
    child.send({ type: 'hooks', calls });
  }

  /** So many have ended. */
  ended(child: Child, count: number): void {
    child.runs -= count;
    const left = (this.#given.get(child) ?? []).slice(count);
    if (left.length > 0) this.#given.set(child, left);
    else this.#given.delete(child);
  }

  /** What a child that crashed was calling is not called again: it may have been the reason. Of one that had to be killed, a run was. */
  gone(child: Child, runs: readonly { readonly isOverdue: boolean }[] = []): void {
    const left = this.#given.get(child) ?? [];
    this.#given.delete(child);
    if (left.length > 0 && runs.some(({ isOverdue }) => isOverdue)) this.push(left);
  }
}
