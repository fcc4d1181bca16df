/** Runs of a pool that ask for a kept result before their code is called. */
import type { CacheHit } from '../core/frames.ts';
import type { HardStops } from './hard-stops.ts';
import type { Report } from './ipc.ts';
import type { LiveRun } from './live-run.ts';
import type { PoolListener } from './run-pool.ts';

export class Asks {
  readonly #runs: ReadonlyMap<number, LiveRun>;
  readonly #stops: Pick<HardStops, 'grace'>;

  constructor(runs: ReadonlyMap<number, LiveRun>, stops: Pick<HardStops, 'grace'>) {
    this.#runs = runs;
    this.#stops = stops;
  }

  /** Those that look are to blame for the death of their process, like those that have started. */
  reported({ looking = [], asks }: Report, listener: PoolListener): void {
    for (const run of looking.flatMap((id) => this.#runs.get(id) ?? [])) {
      run.hasStarted = true;
      if (run.stop !== null) this.#stops.grace(run);
    }
    if (asks === undefined) return;
    listener.asked(
      asks.flatMap(({ id, ...question }) => {
        const run = this.#runs.get(id);
        return run === undefined ? [] : { runId: run.assignment.runId, token: run.assignment.token, ...question };
      }),
    );
  }

  answer(token: string, hit: CacheHit | null): void {
    for (const { id, assignment, child } of this.#runs.values()) {
      if (assignment.token === token) child?.send({ type: 'answers', runs: [{ id, hit }] });
    }
  }
}
