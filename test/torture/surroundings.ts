/** What harm needs beyond processes: a small disk of its own, and a wall clock that can be set. Each may be missing on a machine. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A disk in memory, so small that it can be filled. */
export class SmallDisk {
  readonly folder: string;
  #isMounted = true;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Null where nothing may be mounted. */
  static mount(folder: string): SmallDisk | null {
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0700', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      return null;
    }
    const disk = new SmallDisk(folder);
    process.once('exit', () => disk.unmount());
    return disk;
  }

  /** Safe to call twice. */
  unmount(): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    execFileSync('umount', ['-l', this.folder], { stdio: 'ignore' });
  }

  fill(): void {
    const file = openSync(join(this.folder, 'filler'), 'w');
    try {
      for (const bytes = Buffer.alloc(65_536); ; ) writeSync(file, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.folder, 'filler'));
  }
}

const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`);

/** The wall clock of a process, by way of libfaketime; its monotonic clock stays the real one. */
export class WallClock {
  /** In front of a command. */
  readonly prefix: string;
  readonly #file: string;

  private constructor(file: string, library: string) {
    this.#file = file;
    const settings = { FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: 1, FAKETIME_DONT_FAKE_MONOTONIC: 1, LD_PRELOAD: library };
    this.prefix = `env ${Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`;
    this.shift(0);
  }

  /** Null where the library is missing (Debian: `apt-get install faketime`). */
  static find(file: string): WallClock | null {
    const library = LIBRARIES.find((path) => existsSync(path));
    return library === undefined ? null : new WallClock(file, library);
  }

  /** Seconds away from the real time. */
  shift(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  }
}
