/** The run whose details are open: watches it, asks for its history and its stored logs, and lets go of all of it with `close`. */
import type { Client, WatchEvent } from '../client/client.ts';
import type { LogLine, RunView } from '../core/api.ts';
import { append, combine, type Logs, NO_LOGS } from './logs.ts';

export type RunSource = Pick<Client, 'watch' | 'get' | 'request'>;
export interface OpenedListener {
  changed(): void;
  /** Why the run or its logs cannot be read. */
  failed(error: Error): void;
}

export class Opened {
  readonly id: string;
  readonly #source: RunSource;
  readonly #on: OpenedListener;
  readonly #unwatch: () => void;
  #run: RunView | null;
  #unknown = false;
  #logs = NO_LOGS;
  #closed = false;

  /** `seed` is what the list knows of it. */
  constructor(source: RunSource, id: string, seed: RunView | null, on: OpenedListener) {
    this.id = id;
    this.#source = source;
    this.#run = seed;
    this.#on = on;
    this.#unwatch = source.watch(id, (event) => this.#take(event), { detail: true });
    this.#refresh();
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

  /** Reads again what is only pushed otherwise: at the begin, and after the connection was lost. */
  #refresh(): void {
    void this.#fetchRun();
    void this.#fetchLogs();
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
  }

  #take(event: WatchEvent): void {
    if (this.#closed) return;
    if (event.type === 'log') this.#logs = append(this.#logs, event.lines);
    else if (event.type === 'unknown') this.#unknown = true;
    else if (event.type === 'resync') this.#refresh();
    else this.#takeRun(event.run);
    this.#on.changed();
  }

  #takeRun(run: RunView): void {
    const before = this.#run;
    this.#run = withHistory(run, before);
    // Lists leave the history out; where a frame does too, it is asked for.
    if (run.history === undefined && run.stateName !== before?.stateName) void this.#fetchRun();
    // Nothing is pushed after the end; the stored lines are complete then.
    if (run.endedAt !== null && before?.endedAt === null) void this.#fetchLogs();
  }

  /** A frame that came while it was asked for is newer, and takes only the history from the answer. */
  async #fetchRun(): Promise<void> {
    const asked = this.#run;
    try {
      const run = await this.#source.get(this.id);
      if (this.#closed) return;
      if (run === null) this.#unknown = true;
      else this.#run = this.#run === asked || this.#run === null ? run : withHistory(this.#run, run);
      this.#on.changed();
    } catch (error) {
      if (!this.#closed) this.#on.failed(error as Error);
    }
  }

  async #fetchLogs(): Promise<void> {
    try {
      const stored = await this.#source.request<readonly LogLine[]>('GET', `/runs/${encodeURIComponent(this.id)}/logs`);
      if (this.#closed) return;
      this.#logs = combine(stored, this.#logs);
      this.#on.changed();
    } catch (error) {
      if (!this.#closed && !this.#unknown) this.#on.failed(error as Error);
    }
  }
}

function withHistory(run: RunView, other: RunView | null): RunView {
  return run.history !== undefined || other?.history === undefined ? run : { ...run, history: other.history };
}
