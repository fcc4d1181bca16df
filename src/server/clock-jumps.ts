/**
 * The wall clock can be set while runs wait for their next attempt. How long they wait is a length of time and no date: where the clock is
 * set back, they come due as much earlier by it. Where it is set forward they are due at once, and each starts once.
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

  /** To be called about once a second while anything waits. Rejects where the store does. */
  async look(): Promise<void> {
    const [now, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const by = now - monotonic - this.#apart;
    const since = now - (monotonic - this.#lookedAt);
    this.#apart += by;
    this.#lookedAt = monotonic;
    if (by <= -JUMP_MS) await this.#shift(by, (at) => at < since || at > now);
  }

  /** `isBefore`: that time was told by the clock as it was before. */
  async #shift(by: number, isBefore: (at: number) => boolean): Promise<void> {
    const waits = (run: ScheduledRun) => run.stateName === 'AwaitingRetry' && isBefore(run.history.at(-1)?.at ?? 0);
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Store['list']>> = await this.#store.list({
        state: ['SCHEDULED'],
        limit: PAGE,
        ...(cursor && { cursor }),
      });
      const found = (page.runs as readonly ScheduledRun[]).filter(waits);
      const changes = found.map(({ id, dueAt }) => ({ id, event: { type: 'shift', from: dueAt, by } as const }));
      if (changes.length > 0) await this.#store.apply(changes, this.#clock.now());
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
}
