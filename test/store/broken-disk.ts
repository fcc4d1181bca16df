/** A disk that breaks one thing that durability rests on, to show that tests find it out. */
import type { DiskFile } from '../../src/store/file/disk.ts';
import { SimDisk } from './sim-disk.ts';

export type Change = (file: DiskFile) => Partial<DiskFile>;

/** Its files do something else than they say. */
export class BrokenDisk extends SimDisk {
  readonly #change: Change;

  constructor(change: Change) {
    super();
    this.#change = change;
  }

  override async open(path: string, how: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const file = await super.open(path, how);
    const whole: DiskFile = {
      size: () => file.size(),
      read: (into, position) => file.read(into, position),
      write: (bytes, position) => file.write(bytes, position),
      writeNow: (bytes, position) => file.writeNow(bytes, position),
      sync: () => file.sync(),
      syncNow: () => file.syncNow(),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
    return Object.assign(whole, this.#change(file));
  }
}
