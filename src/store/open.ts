/** Opens the store that a URL names. The one door to the back-ends: nobody else imports them. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/protocol.ts';
import type { Clock, Random } from '../core/seams.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import { type Disk, realDisk } from './file/disk.ts';
import type { LogLimits } from './log-lines.ts';
import { openMemoryStore } from './memory.ts';
import type { Store } from './store.ts';

export interface OpenOptions {
  /** When a submit is answered: once it is synced, or once it is written. Default: `durable`. `memory:` knows none. */
  readonly durability?: 'durable' | 'relaxed';
  readonly clock?: Clock;
  readonly random?: Random;
  readonly disk?: Disk;
  /** Takes the store whoever holds it. */
  readonly breakLock?: boolean;
  /** Default: `LIMITS`. */
  readonly limits?: LogLimits;
  /** Told what a person should know: a lock that was taken over, an unfinished write that was cut off. One line each. */
  readonly onNotice?: (line: string) => void;
}

/**
 * @param url `memory:` or `file:<folder>`.
 * @throws {StoreError} The store is damaged (65), unsafe (73), held by another server (75), or the URL names none (78).
 */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  const { clock = systemClock, random = systemRandom, disk = realDisk, durability = 'durable', limits = LIMITS } = options;
  if (url === 'memory:') return openMemoryStore(clock, limits);
  const { breakLock = false, onNotice = () => undefined } = options;
  const folder = folderOf(url);
  const { openFileStore } = await import('./file/open-file.ts');
  return openFileStore({ url: `file:${folder}`, folder, durability, clock, random, disk, breakLock, limits, onNotice });
}

/** The folder of a `file:` URL, absolute. @throws {StoreError} It is none. */
export function folderOf(url: string): string {
  const path = url.startsWith('file://') ? pathOf(url) : url.startsWith('file:') ? url.slice('file:'.length) : '';
  if (path !== '') return resolve(path);
  const hint = url.startsWith('postgres') ? 'This version of bgtask keeps runs in files only.' : 'Expected file:<folder> or memory:.';
  throw new StoreError('url', `There is no store '${url}'. ${hint}`, ['Keep runs in a folder: --store file:<folder>']);
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return ''; // a host in it, or no path
  }
}
