/**
 * The wall clock can be set while runs wait for a length of time, or for nothing but a free slot. That is no date: where the clock is set
 * back, even while no server was there, they come due as much earlier by it. A run that was submitted for a date, or with a delay, keeps
 * its date. Where it is set forward nothing is moved: no clock that we have tells that from a machine that slept, for which the time has
 * passed. What waits is due then, and each starts once.
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
    await this.#move(0, Number.NEGATIVE_INFINITY, this.#clock.now());
  }

  /** To be called about once a second while anything waits. Rejects where the store does. */
  async look(): Promise<void> {
    const [now, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const by = now - monotonic - this.#apart;
    const looked = now - (monotonic - this.#lookedAt);
    this.#apart += by;
    this.#lookedAt = monotonic;
    if (by <= -JUMP_MS) await this.#move(by, looked, now);
  }

  /** The clock went by `by` since `looked`, both by what it says now. */
  async #move(by: number, looked: number, now: number): Promise<void> {
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Store['list']>> = await this.#store.list({
        state: ['SCHEDULED'],
        limit: PAGE,
        ...(cursor && { cursor }),
      });
      const moves = (page.runs as readonly ScheduledRun[]).map((run) => ({ run, by: moveOf(run, by, looked, now) }));
      const changes = moves
        .filter((move) => move.by <= -JUMP_MS)
        .map((move) => ({ id: move.run.id, event: { type: 'shift', from: move.run.dueAt, by: move.by } as const }));
      if (changes.length > 0) await this.#store.apply(changes, this.#clock.now());
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
}

function moveOf(run: ScheduledRun, by: number, looked: number, now: number): number {
  const since = waitsSince(run);
  if (since === null) return 0;
  if (since + by > now) return now - since; // ahead even so: of a clock that nobody saw
  return since < looked || since > now ? by : 0;
}

/** Null: it waits for a date. */
function waitsSince(run: ScheduledRun): number | null {
  if (run.stateName === 'AwaitingRetry') return run.history.at(-1)?.at ?? null;
  const wasDue = run.dueAt <= run.createdAt || run.history.some(({ state }) => state === 'PENDING');
  return wasDue ? run.dueAt : null;
}
