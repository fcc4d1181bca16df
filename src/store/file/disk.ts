/**
 * The disk as the file store sees it, and the one real one. Nothing else under store/ touches `node:fs`, so that a test can put a disk
 * in its place that is full, fails a sync, or forgets and reorders what was never synced.
 *
 * A write is durable after `sync` of its file; a new name, a rename and a removal after `syncFolder` of the folder.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';

export interface Disk {
  /** Never follows a symlink at the end of `path`. `create` fails where the name is taken. Files are made 0600. */
  open(path: string, how: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Adds to the end; makes the file where there is none. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  list(folder: string): Promise<string[]>;
  /** What stands at `path`, a symlink itself; undefined: nothing. Synchronous: asked before each commit. */
  look(path: string): Look | undefined;
  /** With all folders above it, 0700; one that is there becomes 0700. */
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing happens where there is nothing. */
  remove(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  space(folder: string): Promise<Space>;
}

export interface DiskFile {
  size(): Promise<number>;
  /** Fills `into` from `position`; fewer bytes only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** All of `bytes`, or it throws: then any part of them may be there. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  writeNow(bytes: Uint8Array, position: number): void;
  sync(): Promise<void>;
  syncNow(): void;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface Look {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
  /** It belongs to the user of this process. */
  readonly isOurs: boolean;
  /** Others than its owner may write to it. */
  readonly isShared: boolean;
  readonly modifiedAt: number;
  /** The same as long as it is the same file with the same name and rights; null where the disk cannot tell. */
  readonly identity: string | null;
}

export interface Space {
  readonly free: number;
  readonly total: number;
  readonly kind: 'memory' | 'network' | 'disk';
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_WRONLY, O_NOFOLLOW = 0 } = fs.constants;
const FLAGS = { read: O_RDONLY | O_NOFOLLOW, write: O_RDWR | O_NOFOLLOW };
const APPEND = O_WRONLY | O_APPEND | O_NOFOLLOW;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const TMPFS = 0x01021994;
const NFS = 0x6969;

const open = promisify(fs.open);
const close = promisify(fs.close);
const fchmod = promisify(fs.fchmod);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const readChunk = promisify(fs.read) as (
  fd: number,
  into: Uint8Array,
  options: fs.ReadAsyncOptions<Uint8Array>,
) => Promise<{ bytesRead: number }>;
const writeChunk = promisify(fs.write) as unknown as (
  fd: number,
  from: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
) => Promise<{ bytesWritten: number }>;

export const realDisk: Disk = {
  async open(path, how) {
    return new RealFile(how === 'create' ? await create(path, O_RDWR) : await open(path, FLAGS[how]));
  },
  async append(path, bytes) {
    const fd = await open(path, APPEND).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return create(path, APPEND);
    });
    try {
      for (let done = 0; done < bytes.length; ) done += (await writeChunk(fd, bytes, done, bytes.length - done, null)).bytesWritten;
    } finally {
      await close(fd);
    }
  },
  list: (folder) => fs.promises.readdir(folder),
  look(path) {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
    return stat && lookOf(stat);
  },
  async makeFolder(path) {
    await fs.promises.mkdir(path, { recursive: true, mode: FOLDER_MODE });
    await fs.promises.chmod(path, FOLDER_MODE);
  },
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.rm(path, { force: true }),
  async syncFolder(path) {
    if (process.platform === 'win32') return; // a folder cannot be opened there; NTFS journals its names itself
    const fd = await open(path, O_RDONLY);
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  },
  async space(folder) {
    const { bavail, blocks, bsize, type } = await fs.promises.statfs(folder);
    const kind = process.platform !== 'linux' ? 'disk' : type === TMPFS ? 'memory' : type === NFS ? 'network' : 'disk';
    return { free: bavail * bsize, total: blocks * bsize, kind };
  },
};

async function create(path: string, flags: number): Promise<number> {
  const fd = await open(path, flags | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  await fchmod(fd, FILE_MODE); // whatever the umask left of it
  return fd;
}

function lookOf(stat: fs.BigIntStats): Look {
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
  const uid = process.getuid?.();
  return {
    kind,
    size: Number(stat.size),
    isOurs: uid === undefined || Number(stat.uid) === uid,
    isShared: uid !== undefined && (stat.mode & 0o022n) !== 0n,
    modifiedAt: Number(stat.mtimeMs),
    identity: `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`,
  };
}

/** A new file with all of `bytes`, synced; where that fails, none. Its name is durable after `syncFolder`. */
export async function writeFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'create');
  try {
    await file.write(bytes, 0);
    await file.sync();
  } catch (error) {
    await disk.remove(path);
    throw error;
  } finally {
    await file.close();
  }
}

class RealFile implements DiskFile {
  readonly #fd: number;
  #isOpen = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async size(): Promise<number> {
    return (await promisify(fs.fstat)(this.#fd)).size;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await readChunk(this.#fd, into, { offset: done, length: into.length - done, position: position + done });
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await writeChunk(this.#fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  }

  writeNow(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
  }

  sync(): Promise<void> {
    return fdatasync(this.#fd);
  }

  syncNow(): void {
    fs.fdatasyncSync(this.#fd);
  }

  truncate(length: number): Promise<void> {
    return promisify(fs.ftruncate)(this.#fd, length);
  }

  async close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      await close(this.#fd);
    }
  }
}
