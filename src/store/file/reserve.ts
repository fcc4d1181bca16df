/** A file of nothing, given up when the disk is full so that what runs can still be recorded. A small disk has small ones. */
import { join } from 'node:path';
import type { Disk, Space } from './disk.ts';
import { isFull } from './failures.ts';
import { RESERVE } from './folder.ts';

const MOST = 4 * 1_048_576;
const ENOUGH = 64 * 1_048_576;

export class Reserve {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #path: string;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#path = join(folder, RESERVE);
  }

  /** True where the reserve is there; false: the disk is too full for it. */
  async fill(): Promise<boolean> {
    const size = sizeOn(await this.#disk.space(this.#folder));
    if ((this.#disk.look(this.#path)?.size ?? -1) >= size) return true;
    await this.#disk.remove(this.#path);
    const file = await this.#disk.open(this.#path, 'create');
    try {
      await file.write(Buffer.alloc(size), 0);
      await file.sync();
      return true;
    } catch (error) {
      await this.#disk.remove(this.#path);
      if (isFull(error)) return false;
      throw error;
    } finally {
      await file.close();
    }
  }

  /** Gives its room away. */
  async give(): Promise<void> {
    await this.#disk.remove(this.#path);
  }

  /** True where there is enough room for new work, and the reserve is back. */
  async isBack(): Promise<boolean> {
    const hasRoom = ({ free, total }: Space) => free >= Math.min(ENOUGH, total / 8);
    return hasRoom(await this.#disk.space(this.#folder)) && (await this.fill());
  }
}

function sizeOn({ total }: Space): number {
  return Math.floor(Math.min(MOST, total / 32));
}
