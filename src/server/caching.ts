/**
 * Answers workers that ask for a result before they make it. It is there: they get it. Nobody makes it: it is theirs to make, as soon as
 * that is durable. Another run makes it: the lease ends, and the run waits in the queue for the end of that one.
 */
import type { CacheQuestion, Held } from '../core/frames.ts';
import type { LeasedRun } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { Change, Store } from '../store/store.ts';
import { heldOf } from './assignment.ts';
import type { Holder, Roster } from './roster.ts';

export interface CachingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly roster: Roster;
  /** Tokens of runs that were asked to stop: they get no answer. */
  readonly stopping: ReadonlySet<string>;
  readonly free: (held: Held) => void;
  /** Called in the same turn in which slots became free. */
  readonly onFree: () => void;
}

type Question = Held & CacheQuestion;

/** Keys whose run has ended are cleared when they outnumber the others by so many. */
const SPARE = 256;

export class Caching {
  readonly #options: CachingOptions;
  /** Who makes the result of a key. Counts as long as the lease does. */
  readonly #makers = new Map<string, Held>();
  #clearAt = SPARE;

  constructor(options: CachingOptions) {
    this.#options = options;
  }

  /** Keys it remembers, for tests. */
  get size(): number {
    return this.#makers.size;
  }

  /** A run that had its lease before this server started. */
  resume({ id, lease, cache }: LeasedRun): void {
    if (cache !== null) this.#make(cache.key, { runId: id, token: lease.token });
  }

  /** `questions` come from `holder`, whose leases they are. */
  asked(holder: Holder, questions: readonly Question[]): void {
    const { store, clock, stopping, onFree } = this.#options;
    const at = clock.now();
    const changes: Change[] = [];
    const mine: Held[] = [];
    const deferred: Held[] = [];
    for (const question of questions) {
      if (stopping.has(question.token)) continue;
      const from = question.refresh ? undefined : store.cachedBy(question.key, at);
      if (from !== undefined) {
        void this.#tell(holder, question, from);
        continue;
      }
      const change = this.#changeOf(question);
      changes.push(change);
      (change.event.type === 'defer' ? deferred : mine).push(heldOf(question));
    }
    if (changes.length === 0) return;
    for (const held of deferred) this.#options.free(held);
    void this.#told(store.apply(changes, at), holder, mine, deferred);
    if (deferred.length > 0) onFree();
  }

  /** Nothing is there: it waits for the run that makes it, or makes it itself. */
  #changeOf(question: Question): Change {
    const { runId: id, token, key, ttlMs, refresh } = question;
    const maker = refresh ? undefined : this.#makerOf(key);
    if (maker !== undefined && maker.token !== token) return { id, event: { type: 'defer', token, until: maker.runId } };
    this.#make(key, heldOf(question));
    return { id, event: { type: 'key', token, cache: { key, ttlMs } } };
  }

  async #told(stored: Promise<unknown>, holder: Holder, mine: readonly Held[], deferred: readonly Held[]): Promise<void> {
    try {
      await stored;
    } catch {
      return; // the store has failed, and the server stops
    }
    if (deferred.length > 0) holder.link?.send({ type: 'fenced', runs: deferred });
    if (mine.length > 0) holder.link?.send({ type: 'cache', runs: mine.map((held) => ({ ...held, hit: null })) });
  }

  /** Once the result is durable. Where it is gone by then, it is as if it had just been asked for. */
  async #tell(holder: Holder, question: Question, from: string): Promise<void> {
    const { store, roster } = this.#options;
    const run = await store.get(from).catch(() => null);
    if (run === null || roster.holderOf(question) !== holder) return;
    if (run?.state !== 'COMPLETED') this.asked(holder, [question]);
    else holder.link?.send({ type: 'cache', runs: [{ ...heldOf(question), hit: { from, result: run.result } }] });
  }

  #makerOf(key: string): Held | undefined {
    const maker = this.#makers.get(key);
    return maker && this.#options.roster.holderOf(maker) ? maker : undefined;
  }

  #make(key: string, held: Held): void {
    if (this.#makerOf(key) === undefined) this.#makers.set(key, held);
    if (this.#makers.size < this.#clearAt) return;
    for (const [other, maker] of this.#makers) if (!this.#options.roster.holderOf(maker)) this.#makers.delete(other);
    this.#clearAt = 2 * this.#makers.size + SPARE;
  }
}
