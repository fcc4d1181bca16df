/**
 * Results of direct calls of tasks with a `cache`, for as long as this process lives. The same key is computed once at a time: who asks
 * meanwhile waits for that result, and where it fails the next one computes.
 */
import type { CacheHit, CacheQuestion } from '../core/frames.ts';
import type { Payload } from '../core/run.ts';

/** Most results that are kept; the oldest go first. */
const MOST = 1_000;

interface Entry {
  /** Null: it failed, or its result cannot be kept. */
  readonly hit: Promise<CacheHit | null>;
  readonly settle: (hit: CacheHit | null) => void;
  readonly question: CacheQuestion;
  /** Monotonic milliseconds; null: it is being computed, or answers for good. */
  until: number | null;
}

export class DirectCache {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  /** What is being computed, by the run that does. */
  readonly #owned = new Map<string, Entry>();

  /** `now` gives monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The result that is there; null: run `id` computes it now, and says so with `ended`. A run may ask again in its next attempt. */
  async recall(question: CacheQuestion, id: string): Promise<CacheHit | null> {
    if (this.#owned.has(id)) return null;
    for (let entry = this.#live(question); entry !== undefined; entry = this.#live(question)) {
      const hit = await entry.hit;
      if (hit !== null) return hit;
    }
    this.#own(question, id);
    return null;
  }

  /** Run `id` is over. `result` is undefined where it has none to keep. */
  ended(id: string, result: Payload | null | undefined): void {
    const entry = this.#owned.get(id);
    if (entry === undefined) return;
    this.#owned.delete(id);
    const { key, ttlMs } = entry.question;
    if (result === undefined && this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.until = ttlMs === null ? null : this.#now() + ttlMs;
    entry.settle(result === undefined ? null : { from: id, result });
  }

  #live({ key, refresh }: CacheQuestion): Entry | undefined {
    const entry = refresh ? undefined : this.#entries.get(key);
    return entry === undefined || (entry.until !== null && entry.until <= this.#now()) ? undefined : entry;
  }

  #own(question: CacheQuestion, owner: string): void {
    let settle: Entry['settle'] = () => undefined;
    const hit = new Promise<CacheHit | null>((resolve) => {
      settle = resolve;
    });
    const entry: Entry = { hit, settle, question, until: null };
    this.#owned.set(owner, entry);
    this.#entries.delete(question.key);
    this.#entries.set(question.key, entry);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest);
  }
}
