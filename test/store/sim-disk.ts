/**
 * A disk in memory that behaves as badly as a real one may: what was not synced can be lost, in pieces of a sector and in any order;
 * it can be full, refuse to sync, and fail at any call.
 */
import { dirname, join } from 'node:path';
import type { Disk, DiskFile, Look, Space } from '../../src/store/file/disk.ts';

const SECTOR = 512;
type Call = 'open' | 'write' | 'sync' | 'syncFolder' | 'rename' | 'remove' | 'truncate' | 'append' | 'read';

interface Node {
  readonly id: number;
  /** Its newest name. */
  path: string;
  bytes: Buffer;
  /** As it is on the plate. */
  synced: Buffer;
  modifiedAt: number;
}

export class SimDisk implements Disk {
  #nodes = new Map<string, Node>();
  /** Names on the plate. */
  #named = new Map<string, Node>();
  /** Changes of names that are not on the plate yet, in order. */
  #renames: { folder: string; apply: () => void }[] = [];
  #folders = new Set<string>();
  #ids = 0;
  /** Bytes it can hold. */
  capacity = Number.POSITIVE_INFINITY;
  /** Throws to let a call fail; called before it has any effect. */
  before: (call: Call, path: string) => void = () => undefined;
  kind: Space['kind'] = 'disk';
  /** What goes to the thread pool takes a turn of the event loop. */
  isSlow = false;
  /** Calls so far, as `call name`. */
  readonly calls: string[] = [];

  // ---- For tests

  has(path: string): boolean {
    return this.#nodes.has(path);
  }

  content(path: string): Buffer {
    return Buffer.from(this.#node(path).bytes);
  }

  /** Puts a file there, synced. */
  put(path: string, bytes: Buffer): void {
    const node = this.#make(path, bytes); // never changed in place: each write makes a new buffer
    node.synced = node.bytes;
    this.#folders.add(dirname(path));
    this.#nodes.set(path, node);
    this.#named.set(path, node);
  }

  erase(path: string): void {
    this.#nodes.delete(path);
    this.#named.delete(path);
  }

  names(folder: string): string[] {
    return [...this.#nodes.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1));
  }

  used(): number {
    return [...this.#nodes.values()].reduce((sum, node) => sum + node.bytes.length, 0);
  }

  /** A disk of its own with the same content. */
  copy(): SimDisk {
    const disk = new SimDisk();
    for (const folder of this.#folders) disk.#folders.add(folder);
    for (const [path, node] of this.#nodes) disk.put(path, node.bytes);
    return disk;
  }

  /** What a power cut leaves: `keeps` decides for each sector and each name that was not synced. */
  crash(keeps: () => boolean): SimDisk {
    const disk = new SimDisk();
    for (const folder of this.#folders) disk.#folders.add(folder);
    for (const { apply } of this.#renames) if (keeps()) apply();
    for (const [path, node] of this.#named) disk.put(path, torn(node, keeps));
    return disk;
  }

  // ---- Disk

  async open(path: string, how: 'read' | 'write' | 'create'): Promise<DiskFile> {
    this.#call('open', path);
    if (how === 'create') {
      if (this.#nodes.has(path)) throw failure('EEXIST', path);
      const node = this.#make(path, Buffer.alloc(0));
      this.#nodes.set(path, node);
      this.#later(path, () => this.#named.set(path, node));
    }
    return new SimFile(this, this.#node(path));
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    this.#call('append', path);
    const file = await this.open(path, this.#nodes.has(path) ? 'write' : 'create');
    await file.write(bytes, await file.size());
  }

  async list(folder: string): Promise<string[]> {
    if (!this.#folders.has(folder)) throw failure('ENOENT', folder);
    const below = [...this.#folders].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1));
    return [...this.names(folder), ...below];
  }

  look(path: string): Look | undefined {
    const node = this.#nodes.get(path);
    const rights = { isOurs: true, isShared: false };
    // No identity of a folder: there is no socket to hold for it.
    if (this.#folders.has(path)) return { kind: 'folder', size: 0, modifiedAt: 0, identity: null, ...rights };
    return node && { kind: 'file', size: node.bytes.length, modifiedAt: node.modifiedAt, identity: `sim ${node.id}`, ...rights };
  }

  async makeFolder(path: string): Promise<void> {
    this.#folders.add(path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call('rename', from);
    const node = this.#node(from);
    this.#nodes.delete(from);
    this.#nodes.set(to, node);
    node.path = to;
    this.#later(to, () => {
      this.#named.delete(from);
      this.#named.set(to, node);
    });
  }

  async remove(path: string): Promise<void> {
    this.#call('remove', path);
    this.#nodes.delete(path);
    this.#later(path, () => this.#named.delete(path));
  }

  async syncFolder(path: string): Promise<void> {
    this.#call('syncFolder', path);
    for (const { folder, apply } of this.#renames) if (folder === path) apply();
    this.#renames = this.#renames.filter(({ folder }) => folder !== path);
  }

  async space(): Promise<Space> {
    return { free: this.capacity - this.used(), total: this.capacity, kind: this.kind };
  }

  // ---- For its files

  async turn(): Promise<void> {
    if (this.isSlow) await new Promise((resolve) => setImmediate(resolve));
  }

  call(call: Call, path: string): void {
    this.#call(call, path);
  }

  /** How many of `wanted` bytes more fit. */
  room(wanted: number): number {
    return Math.max(0, Math.min(wanted, this.capacity - this.used()));
  }

  #call(call: Call, path: string): void {
    this.calls.push(`${call} ${path.slice(path.lastIndexOf('/') + 1)}`);
    this.before(call, path);
  }

  #node(path: string): Node {
    const node = this.#nodes.get(path);
    if (!node) throw failure('ENOENT', path);
    return node;
  }

  #make(path: string, bytes: Buffer): Node {
    this.#ids += 1;
    return { id: this.#ids, path, bytes, synced: Buffer.alloc(0), modifiedAt: this.#ids };
  }

  #later(path: string, apply: () => void): void {
    this.#renames.push({ folder: dirname(path), apply });
  }
}

class SimFile implements DiskFile {
  readonly #disk: SimDisk;
  readonly #node: Node;

  constructor(disk: SimDisk, node: Node) {
    this.#disk = disk;
    this.#node = node;
  }

  async size(): Promise<number> {
    return this.#node.bytes.length;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#disk.call('read', this.#node.path);
    const part = this.#node.bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.#disk.turn();
    this.writeNow(bytes, position);
  }

  writeNow(bytes: Uint8Array, position: number): void {
    this.#disk.call('write', this.#node.path);
    const grows = Math.max(0, position + bytes.length - this.#node.bytes.length);
    const fits = bytes.length - grows + this.#disk.room(grows);
    const whole = Buffer.alloc(Math.max(this.#node.bytes.length, position + fits));
    this.#node.bytes.copy(whole);
    whole.set(bytes.subarray(0, fits), position);
    this.#node.bytes = whole;
    this.#node.modifiedAt += 1;
    if (fits < bytes.length) throw failure('ENOSPC', this.#node.path);
  }

  async sync(): Promise<void> {
    await this.#disk.turn();
    this.syncNow();
  }

  syncNow(): void {
    this.#disk.call('sync', this.#node.path);
    this.#node.synced = this.#node.bytes;
  }

  async truncate(length: number): Promise<void> {
    this.#disk.call('truncate', this.#node.path);
    this.#node.bytes = Buffer.from(this.#node.bytes.subarray(0, length));
  }

  async close(): Promise<void> {}
}

/** Sector by sector as it was synced or as it was written last; what was never written in between is zeros. */
function torn({ bytes, synced }: Node, keeps: () => boolean): Buffer {
  if (bytes === synced) return bytes;
  const whole = Buffer.alloc(Math.max(bytes.length, synced.length));
  let length = 0;
  for (let at = 0; at < whole.length; at += SECTOR) {
    const [before, after] = [synced.subarray(at, at + SECTOR), bytes.subarray(at, at + SECTOR)];
    const kept = before.equals(after) || !keeps() ? before : after;
    kept.copy(whole, at);
    if (kept.length > 0) length = at + kept.length;
  }
  return whole.subarray(0, length);
}

export function failure(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code });
}

export const FOLDER = '/sim/store';
export const inStore = (name: string) => join(FOLDER, name);
