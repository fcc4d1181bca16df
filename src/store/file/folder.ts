/** The folder of a file store: the names in it, and that nobody else can write there. */
import { join } from 'node:path';
import type { Disk, Look } from './disk.ts';
import { diskError, unsafe } from './failures.ts';

export const LOCK = 'server.lock';
export const CLEAN = 'clean.json';
export const RESERVE = 'reserve';
export const LOGS = 'logs';

export interface SnapshotName {
  readonly name: string;
  readonly seq: number;
}
export interface SegmentName {
  readonly name: string;
  readonly epoch: number;
  /** The sequence number of its first line. */
  readonly seq: number;
}
/** What lies in the folder. */
export interface Listing {
  /** Oldest first. */
  readonly snapshots: readonly SnapshotName[];
  /** Oldest first. */
  readonly segments: readonly SegmentName[];
  /** Left by a stop in the middle of making a file. */
  readonly unfinished: readonly string[];
  readonly isClean: boolean;
  /** Something of a store is or was here. */
  readonly isUsed: boolean;
}

export function snapshotName(seq: number): string {
  return `snapshot-${seq}.ndjson`;
}

export function segmentName(epoch: number, seq: number): string {
  return `journal-${epoch}-${seq}.ndjson`;
}

const OURS = /^(server\.lock|clean\.json|reserve|logs|token)$|^(snapshot|journal)-/;
/** What only a store that was used leaves behind. */
const LEFT = /^(clean\.json|reserve)$|^(snapshot|journal)-/;
const UNFINISHED = /^(server\.lock|clean\.json|reserve|snapshot-|journal-).*\.tmp$/;

export async function listFolder(disk: Disk, folder: string): Promise<Listing> {
  const names = await disk.list(folder).catch((error) => {
    throw diskError('read the folder', folder, error);
  });
  const numbers = (pattern: RegExp) => names.map((name) => pattern.exec(name)).filter((match) => match !== null);
  const snapshots = numbers(/^snapshot-(\d+)\.ndjson$/).map(([name, seq]) => ({ name, seq: Number(seq) }));
  const segments = numbers(/^journal-(\d+)-(\d+)\.ndjson$/).map(([name, epoch, seq]) => ({ name, epoch: Number(epoch), seq: Number(seq) }));
  const logs = names.includes(LOGS) ? await disk.list(join(folder, LOGS)).catch(() => []) : [];
  return {
    snapshots: snapshots.sort((a, b) => a.seq - b.seq),
    segments: segments.sort((a, b) => a.epoch - b.epoch || a.seq - b.seq),
    unfinished: names.filter((name) => UNFINISHED.test(name)),
    isClean: names.includes(CLEAN),
    isUsed: names.some((name) => LEFT.test(name) && !UNFINISHED.test(name)) || logs.length > 0,
  };
}

/**
 * Makes the folder, or sees to it that the one that is there is safe.
 * @throws {StoreError} `unsafe`: it, or a file of the store in it, is a symlink, belongs to somebody else, or can be written by others.
 */
export async function prepareFolder(disk: Disk, folder: string): Promise<void> {
  const look = disk.look(folder);
  if (look) refuseUnsafe(folder, look, 'folder');
  try {
    // A folder that holds other things, too, keeps the rights its owner gave it.
    const isShared = look !== undefined && (await disk.list(folder)).some((name) => !OURS.test(name));
    if (!isShared) await disk.makeFolder(folder);
  } catch (error) {
    throw diskError('make the folder', folder, error);
  }
  await checkFiles(disk, folder);
  const { kind } = await disk.space(folder);
  if (kind === 'network') throw unsafe(folder, 'lies on a network file system (NFS), where what is stored may not stay stored');
}

/** @throws {StoreError} `unsafe` */
export async function checkFiles(disk: Disk, folder: string): Promise<void> {
  for (const name of await disk.list(folder)) {
    const path = join(folder, name);
    const look = OURS.test(name) ? disk.look(path) : undefined;
    if (look) refuseUnsafe(path, look, name === LOGS ? 'folder' : 'file');
  }
}

function refuseUnsafe(path: string, look: Look, kind: Look['kind']): void {
  if (look.kind === 'link') throw unsafe(path, 'is a symlink');
  if (look.kind !== kind) throw unsafe(path, `is not a ${kind}`);
  if (!look.isOurs) throw unsafe(path, 'belongs to another user');
  if (look.isShared) throw unsafe(path, 'can be written by other users');
}
