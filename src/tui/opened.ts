/** The run whose details are open: watches it, asks for its history, gathers its logs. Lets go of all of it with `close`. */
import type { LogLine, RunView } from '../core/protocol.ts';
import type { Logs } from './details.ts';

export type WatchEvent =
  | { readonly type: 'run'; readonly run: RunView }
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'unknown' };
export interface RunSource {
  watch(id: string, listener: (event: WatchEvent) => void, options: { detail: boolean }): () => void;
  get(id: string): Promise<RunView | null>;
}

/** Lines of logs that are kept; `run logs ID` has them all. */
const MOST_LOGS = 5_000;

export class Opened {
  readonly id: string;
  readonly #source: RunSource;
  readonly #changed: () => void;
  readonly #failed: (error: Error) => void;
  readonly #unwatch: () => void;
  #run: RunView | null;
  #unknown = false;
  #logs: Logs = { lines: [], dropped: 0 };
  #closed = false;

  /** `seed` is what the list knows of it. `failed` is told why nothing could be read where nothing is known. */
  constructor(source: RunSource, id: string, seed: RunView | null, on: { changed: () => void; failed: (error: Error) => void }) {
    this.id = id;
    this.#source = source;
    this.#run = seed;
    this.#changed = on.changed;
    this.#failed = on.failed;
    this.#unwatch = source.watch(id, (event) => this.#take(event), { detail: true });
    void this.#fetch();
  }

  get run(): RunView | null {
    return this.#run;
  }
  /** The server has no such run, and never told anything of it. */
  get unknown(): boolean {
    return this.#unknown && this.#run === null;
  }
  get logs(): Logs {
    return this.#logs;
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
  }

  #take(event: WatchEvent): void {
    if (this.#closed) return;
    const before = this.#run;
    if (event.type === 'log') {
      this.#logs = append(this.#logs, event.lines);
    } else if (event.type === 'unknown') {
      this.#unknown = true;
    } else {
      this.#run = withHistory(event.run, before);
      // Lists leave the history out; where a frame does too, it is asked for.
      if (event.run.history === undefined && event.run.stateName !== before?.stateName) void this.#fetch();
    }
    this.#changed();
  }

  /** The run with its history. A frame that came while it was asked for is newer, and takes only the history from it. */
  async #fetch(): Promise<void> {
    const asked = this.#run;
    try {
      const run = await this.#source.get(this.id);
      if (this.#closed) return;
      if (run === null) this.#unknown = true;
      else this.#run = this.#run === asked || this.#run === null ? run : withHistory(this.#run, run);
      this.#changed();
    } catch (error) {
      if (!this.#closed && this.#run === null) this.#failed(error as Error);
    }
  }
}

function withHistory(run: RunView, other: RunView | null): RunView {
  return run.history !== undefined || other?.history === undefined ? run : { ...run, history: other.history };
}

function append(logs: Logs, lines: readonly LogLine[]): Logs {
  const all = [...logs.lines, ...lines];
  const over = Math.max(0, all.length - MOST_LOGS);
  return { lines: over > 0 ? all.slice(over) : all, dropped: logs.dropped + over };
}
