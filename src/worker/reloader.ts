/**
 * Watches exactly the files that the newest code was loaded from, and has the pool load them again when one changes. Never a re-import:
 * new code is a new process. Code that does not load changes nothing but what is watched.
 */
import { type LoadProblem, TasksNotLoadedError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { LoadedTasks } from './child-process.ts';

export interface ReloaderOptions {
  /** Loads what is on disk; called again while it works, it gives up the first. */
  readonly load: () => Promise<LoadedTasks>;
  readonly clock: Clock;
  readonly onReloaded: (loaded: LoadedTasks, ms: number) => void;
  readonly onProblem: (problem: LoadProblem) => void;
}

/** Editors save in several steps. */
const DEBOUNCE_MS = 30;

export class Reloader {
  readonly #options: ReloaderOptions;
  #watcher: import('chokidar').FSWatcher | null = null;
  #watched = new Set<string>();
  #debounce: Timer | null = null;
  /** Counts saves: only the newest load says what came of it. */
  #save = 0;
  #hasBegun = false;
  #hasMissed = false;
  #isClosed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Begins to watch, and acts on changes from `begin` on. Resolves when a change would be seen. */
  async watch(files: readonly string[]): Promise<void> {
    const { watch } = await import('chokidar');
    if (this.#isClosed) return;
    this.#watched = new Set(files);
    const watcher = watch([...files], { ignoreInitial: true, depth: 0, atomic: DEBOUNCE_MS });
    this.#watcher = watcher;
    watcher.on('all', () => this.#changed());
    watcher.on('error', () => undefined); // a folder that went away; what matters is still watched
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  }

  /** The first load is over, and `files` is what to watch from now on. What changed meanwhile is loaded at once. */
  begin(files: readonly string[]): void {
    this.#hasBegun = true;
    this.#follow(files, false);
    if (this.#hasMissed) this.#changed();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#debounce?.cancel();
    await this.#watcher?.close();
  }

  #changed(): void {
    const { clock } = this.#options;
    this.#hasMissed = !this.#hasBegun;
    if (this.#hasMissed) return;
    const savedAt = clock.monotonic();
    this.#debounce?.cancel();
    this.#debounce = clock.after(DEBOUNCE_MS, () => void this.#reload(savedAt));
  }

  /** Never rejects. */
  async #reload(savedAt: number): Promise<void> {
    const { load, clock, onReloaded, onProblem } = this.#options;
    this.#save += 1;
    const save = this.#save;
    try {
      const loaded = await load();
      if (save !== this.#save || this.#isClosed) return;
      this.#follow(loaded.files, true);
      onReloaded(loaded, clock.monotonic() - savedAt);
    } catch (error) {
      if (save !== this.#save || this.#isClosed) return;
      if (error instanceof TasksNotLoadedError) this.#follow(error.files, false);
      onProblem(error instanceof TasksNotLoadedError ? error.problem : problemOf(error));
    }
  }

  /** `whole`: these files and no others. After a load that failed some of the old ones may still be part of it. */
  #follow(files: readonly string[], whole: boolean): void {
    const wanted = new Set(files);
    const added = files.filter((file) => !this.#watched.has(file));
    const removed = whole ? [...this.#watched].filter((file) => !wanted.has(file)) : [];
    this.#watcher?.add(added);
    if (removed.length > 0) this.#watcher?.unwatch(removed);
    for (const file of added) this.#watched.add(file);
    for (const file of removed) this.#watched.delete(file);
  }
}

/** No process could be started, or the like. */
function problemOf(error: unknown): LoadProblem {
  const { message, stack } = error as Error;
  return { message, file: null, line: null, column: null, frame: null, stack: stack ?? null };
}
