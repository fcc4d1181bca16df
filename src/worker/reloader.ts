/**
 * Watches exactly the files that the newest code was loaded from, and has the pool load them again when one changes. Never a re-import:
 * new code is a new process. Code that does not load changes nothing but what is watched.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type LoadProblem, TasksNotLoadedError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { LoadedTasks } from './ipc.ts';

export interface ReloaderOptions {
  /** Loads what is on disk; called again while it works, it gives up the first. */
  readonly load: () => Promise<LoadedTasks>;
  readonly clock: Clock;
  readonly onReloaded: (loaded: LoadedTasks, ms: number) => void;
  readonly onProblem: (problem: LoadProblem) => void;
}

/** Editors save in several steps. */
const DEBOUNCE_MS = 30;
/** The watcher may miss what changes while it begins to watch, so a while after each load the files themselves are looked at. */
const LOOK_AFTER_MS = [100, 1_000];
/** Times of files are coarser than the clock. Less than the debounce, or a save would count twice. */
const COARSE_MS = 20;

export class Reloader {
  readonly #options: ReloaderOptions;
  #watcher: import('chokidar').FSWatcher | null = null;
  readonly #watched = new Map<string, Seen>();
  /** Wall clock. */
  #loadBeganAt = 0;
  #debounce: Timer | null = null;
  #looks: Timer[] = [];
  /** Counts saves: only the newest load says what came of it. */
  #save = 0;
  #hasBegun = false;
  #isClosed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Call it as the first load begins. Resolves when a change would be seen; it is acted on from `begin` on. */
  async watch(files: readonly string[]): Promise<void> {
    for (const file of files) this.#watched.set(file, seen(file));
    this.#loadBeganAt = this.#options.clock.now();
    const { watch } = await import('chokidar');
    if (this.#isClosed) return;
    const watcher = watch([...files], { ignoreInitial: true, depth: 0, atomic: DEBOUNCE_MS });
    this.#watcher = watcher;
    // A folder is watched for what may appear in it, not for what is written there.
    watcher.on('all', (event, path) => {
      if (this.#watched.has(path) || (event !== 'change' && this.#watched.has(dirname(path)))) this.#changed();
    });
    watcher.on('error', () => undefined); // a folder that went away; what matters is still watched
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  }

  /** The first load is over, and `files` is what to watch from now on. */
  begin(files: readonly string[]): void {
    this.#hasBegun = true;
    this.#follow(files, false);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#debounce?.cancel();
    for (const look of this.#looks) look.cancel();
    await this.#watcher?.close();
  }

  #changed(): void {
    if (!this.#hasBegun) return;
    const { clock } = this.#options;
    const savedAt = clock.monotonic();
    this.#debounce?.cancel();
    this.#debounce = clock.after(DEBOUNCE_MS, () => void this.#reload(savedAt));
  }

  /** Never rejects. */
  async #reload(savedAt: number): Promise<void> {
    const { load, clock, onReloaded, onProblem } = this.#options;
    this.#save += 1;
    const save = this.#save;
    for (const [file, before] of this.#watched) this.#watched.set(file, this.#anew(file, before));
    this.#loadBeganAt = clock.now();
    try {
      const loaded = await load();
      if (save !== this.#save || this.#isClosed) return;
      this.#follow(loaded.files, true);
      onReloaded(loaded, clock.monotonic() - savedAt);
    } catch (error) {
      if (save !== this.#save || this.#isClosed) return;
      this.#follow(error instanceof TasksNotLoadedError ? error.files : [], false);
      onProblem(error instanceof TasksNotLoadedError ? error.problem : problemOf(error));
    }
  }

  /** Whether a file is not what was loaded. */
  #look(): void {
    let isNewer = false;
    for (const [file, before] of this.#watched) {
      const now = this.#anew(file, before);
      isNewer ||= before.changedAt === null ? (now.changedAt ?? 0) > this.#loadBeganAt - COARSE_MS : now.changedAt !== before.changedAt;
      this.#watched.set(file, now);
    }
    if (isNewer) this.#changed();
  }

  /**
   * How a file is now. Where another file took its place, as editors and git do it, the watcher may still hold on to the one before
   * and hear nothing any more, so it is told to let go.
   */
  #anew(file: string, before: Seen): Seen {
    const now = seen(file);
    if (now.inode !== before.inode && !now.isFolder) this.#watcher?.unwatch(file).add(file);
    return now;
  }

  /** `whole`: these files and no others. After a load that failed some of the old ones may still be part of it. */
  #follow(files: readonly string[], whole: boolean): void {
    const wanted = new Set(files);
    const added = files.filter((file) => !this.#watched.has(file));
    const removed = whole ? [...this.#watched.keys()].filter((file) => !wanted.has(file)) : [];
    this.#watcher?.add(added);
    // The watcher goes on with a folder: told to let go of one, it would hear of nothing in it any more.
    this.#watcher?.unwatch(removed.filter((file) => this.#watched.get(file)?.isFolder === false));
    for (const file of added) this.#watched.set(file, { ...seen(file), changedAt: null });
    for (const file of removed) this.#watched.delete(file);
    for (const look of this.#looks) look.cancel();
    if (this.#watcher !== null) this.#looks = LOOK_AFTER_MS.map((ms) => this.#options.clock.after(ms, () => this.#look(), true));
  }
}

/** What is known of a file that is watched. */
interface Seen {
  /** When it was changed last, as it was when the newest load began, in milliseconds since the epoch; null: not known then. */
  readonly changedAt: number | null;
  readonly inode: number;
  readonly isFolder: boolean;
}

/** All is 0 where there is no such file, or none that can be looked at. */
function seen(file: string): Seen {
  try {
    const stats = statSync(file);
    return { changedAt: stats.mtimeMs, inode: stats.ino, isFolder: stats.isDirectory() };
  } catch {
    return { changedAt: 0, inode: 0, isFolder: false };
  }
}

/** No process could be started, or the like. */
function problemOf(error: unknown): LoadProblem {
  const { message, stack } = error as Error;
  return { message, file: null, line: null, column: null, frame: null, stack: stack ?? null };
}
