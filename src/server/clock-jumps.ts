/**
 * The wall clock can be set while runs wait for a length of time, or for nothing but a free slot. That is no date: where the clock is set
 * back, even while no server was there, they come due as much earlier by it. Where it is set forward they are due at once, and each
 * starts once. A run that was submitted for a date, or with a delay, keeps its date.
 */
import type { ScheduledRun } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { Store } from '../store/store.ts';

/** Less than this is a time server that nudges the clock. */
const JUMP_MS = 1_000;
const PAGE = 1_000;

export class ClockJumps {
  readonly #store: Store;
  readonly #clock: Clock;
  /** At the last look: wall clock minus monotonic, and the latter. */
  #apart: number;
  #lookedAt: number;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#apart = clock.now() - clock.monotonic();
    this.#lookedAt = clock.monotonic();
  }

  /** Once, when the store was opened: what waits since a later time than now was told that by a clock that has been set back. */
  async start(): Promise<void> {
    const now = this.#clock.now();
    await this.#shift((since, { dueAt }) => (since > now && dueAt >= since ? now - since : 0)); // due before that: moved already
  }

  /** To be called about once a second while anything waits. Rejects where the store does. */
  async look(): Promise<void> {
    const [now, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const by = now - monotonic - this.#apart;
    const looked = now - (monotonic - this.#lookedAt);
    this.#apart += by;
    this.#lookedAt = monotonic;
    if (by <= -JUMP_MS) await this.#shift((since) => (since < looked || since > now ? by : 0));
  }

  /** `byOf`: how far a run that waits since that time is moved, in milliseconds. */
  async #shift(byOf: (since: number, run: ScheduledRun) => number): Promise<void> {
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Store['list']>> = await this.#store.list({
        state: ['SCHEDULED'],
        limit: PAGE,
        ...(cursor && { cursor }),
      });
      const changes = (page.runs as readonly ScheduledRun[]).flatMap((run) => {
        const since = waitsSince(run);
        const by = since === null ? 0 : byOf(since, run);
        return by > -JUMP_MS ? [] : [{ id: run.id, event: { type: 'shift', from: run.dueAt, by } as const }];
      });
      if (changes.length > 0) await this.#store.apply(changes, this.#clock.now());
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
}

/** Null: it waits for a date. */
function waitsSince(run: ScheduledRun): number | null {
  if (run.stateName === 'AwaitingRetry') return run.history.at(-1)?.at ?? null;
  const wasDue = run.dueAt <= run.createdAt || run.history.some(({ state }) => state === 'PENDING');
  return wasDue ? run.dueAt : null;
}
