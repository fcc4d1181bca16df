/**
 * One server to a store. The file `server.lock` says which process holds it; on Linux the kernel says it, too, by an abstract socket
 * that goes with the process however it ends. A lock whose process is proven gone is taken over.
 */
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../../core/errors.ts';
import type { ProcessIdentity } from '../../core/frames.ts';
import type { Clock } from '../../core/seams.ts';
import { isDead, processIdentity } from '../../system/processes.ts';
import type { Disk } from './disk.ts';
import { diskError } from './failures.ts';
import { LOCK } from './folder.ts';

interface Owner extends ProcessIdentity {
  readonly nonce: string;
}
export interface LockOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly clock: Clock;
  /** Random, to tell this lock from any other. */
  readonly nonce: string;
  /** Takes the lock whoever holds it. A server that lives on there stops at its next write. */
  readonly breakLock: boolean;
  readonly onNotice: (line: string) => void;
}

const MOST_TRIES = 5;
/** A lock file that is empty is being written, or its writer died in that moment. */
const READ_TRIES = 10;
const READ_AGAIN_MS = 100;

export class Lock {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #folder: string;
  readonly #identity: string | null;
  readonly #socket: Server | null;

  /** @throws {StoreError} `locked`: a server holds the store, or may hold it. */
  static async take(options: LockOptions): Promise<Lock> {
    const { disk, folder } = options;
    const path = join(folder, LOCK);
    const socket = await holdSocket(disk.look(folder)?.identity ?? null);
    if (socket === 'held' && !options.breakLock) throw locked(folder, await readOwner(options, path));
    const server = socket === 'held' ? null : socket;
    try {
      await takeFile(options, path);
      return new Lock(disk, folder, path, server);
    } catch (error) {
      server?.close();
      throw diskError('lock', path, error);
    }
  }

  /** @throws {StoreError} `locked`: a server that lives holds the store. For who only reads, and wants nothing to move. */
  static async refuseHeld(disk: Disk, folder: string): Promise<void> {
    const owner = await parseOwner(disk, join(folder, LOCK));
    if (owner && !isGone(owner)) throw locked(folder, owner);
  }

  private constructor(disk: Disk, folder: string, path: string, socket: Server | null) {
    this.#disk = disk;
    this.#folder = folder;
    this.#path = path;
    this.#socket = socket;
    this.#identity = disk.look(path)?.identity ?? null;
  }

  /** To be asked before each write. @throws {StoreError} `locked`: somebody else took the store. */
  check(): void {
    if (this.#isOurs()) return;
    throw new StoreError('locked', `The store ${this.#folder} was taken over by another server. This one writes no more.`, [
      'See which one holds it: bgtask server status',
    ]);
  }

  async release(): Promise<void> {
    if (this.#isOurs()) await this.#disk.remove(this.#path);
    await new Promise<void>((resolve) => (this.#socket ? this.#socket.close(() => resolve()) : resolve()));
  }

  #isOurs(): boolean {
    const look = this.#disk.look(this.#path);
    return look !== undefined && look.identity === this.#identity;
  }
}

async function takeFile(options: LockOptions, path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    if (await createFile(options, path)) return;
    const owner = await readOwner(options, path);
    if (tries === MOST_TRIES || (owner && !options.breakLock && !isGone(owner))) throw locked(options.folder, owner);
    await putAway(options, path, owner);
    options.onNotice(noticeOf(options, owner));
  }
}

/** False where a lock is there already. */
async function createFile({ disk, nonce }: LockOptions, path: string): Promise<boolean> {
  const file = await disk.open(path, 'create').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return null;
    throw error;
  });
  if (file === null) return false;
  try {
    await file.write(Buffer.from(`${JSON.stringify({ ...processIdentity(), nonce } satisfies Owner)}\n`), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  return true;
}

/** Takes the lock of `owner` out of the way, unless somebody else did so first: then that one has the store. */
async function putAway({ disk, folder, nonce }: LockOptions, path: string, owner: Owner | null): Promise<void> {
  const aside = `${path}.${nonce}.tmp`;
  const moved = await disk.rename(path, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (!moved) return;
  const found = await parseOwner(disk, aside);
  if (found?.nonce !== owner?.nonce) {
    await disk.rename(aside, path);
    throw locked(folder, found);
  }
  await disk.remove(aside);
}

/** Null: there is none, or it says nothing. */
async function readOwner({ disk, clock }: LockOptions, path: string): Promise<Owner | null> {
  for (let tries = 1; tries < READ_TRIES; tries += 1) {
    const owner = await parseOwner(disk, path);
    if (owner) return owner;
    await new Promise<void>((resolve) => clock.after(READ_AGAIN_MS, resolve));
  }
  return null;
}

async function parseOwner(disk: Disk, path: string): Promise<Owner | null> {
  if (disk.look(path) === undefined) return null;
  const file = await disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.min(await file.size(), 4_096));
    await file.read(bytes, 0);
    const owner = JSON.parse(bytes.toString()) as Owner;
    return typeof owner.pid === 'number' ? owner : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  } finally {
    await file.close();
  }
}

/** True where the process that took the lock cannot be there any more. */
function isGone(owner: Owner): boolean {
  const here = processIdentity();
  if (owner.host !== here.host) return false;
  if (owner.machine === null || here.machine === null) return !isRunning(owner.pid);
  // Another boot, or the container of this name started anew: what ran there before has ended.
  return owner.machine !== here.machine || isDead(owner);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function noticeOf({ folder, breakLock }: LockOptions, owner: Owner | null): string {
  const who = owner === null ? 'a server that died while it took it' : `pid ${owner.pid} on ${owner.host}`;
  const why = owner && breakLock && !isGone(owner) ? 'as asked' : 'which is gone';
  return `Took over the store ${folder} from ${who}, ${why}.`;
}

function locked(folder: string, owner: Owner | null): StoreError {
  const who = owner === null ? 'another server' : `another server (pid ${owner.pid} on ${owner.host})`;
  const elsewhere = owner !== null && owner.host !== hostname();
  const hints = elsewhere ? ['If that server is gone for sure: bgtask server start --break-lock'] : ['Stop it: bgtask server stop'];
  return new StoreError('locked', `The store ${folder} is held by ${who}.`, [...hints, 'Or use another store: --store file:<folder>']);
}

/** Null where there is no such thing as an abstract socket. */
async function holdSocket(identity: string | null): Promise<Server | 'held' | null> {
  if (process.platform !== 'linux' || identity === null) return null;
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE' ? 'held' : null));
    server.listen(`\0bgtask-store-${identity}`, () => resolve(server.unref()));
  });
}
