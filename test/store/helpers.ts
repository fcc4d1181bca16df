/** File stores on a simulated disk, for tests that need a hand on it. */

import { LIMITS } from '../../src/core/protocol.ts';
import type { Clock } from '../../src/core/seams.ts';
import type { Disk } from '../../src/store/file/disk.ts';
import type { SnapshotAfter } from '../../src/store/file/file-log.ts';
import { openFileStore } from '../../src/store/file/open-file.ts';
import { recover } from '../../src/store/file/recovery.ts';
import { noCheckpoint, SnapshotAdapter } from '../../src/store/file/snapshot.ts';
import type { Store } from '../../src/store/store.ts';
import type { Table } from '../../src/store/table.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import { FOLDER } from './sim-disk.ts';

/** A snapshot every dozen records. */
export const SNAPSHOT_OFTEN: SnapshotAfter = { records: 12, recordsPerRun: 0, bytes: 1e9, timesItsBytes: 0 };

export interface OpenOnSim {
  readonly durability?: 'durable' | 'relaxed';
  readonly clock?: Clock;
  readonly breakLock?: boolean;
  readonly notices?: string[];
  readonly snapshotAfter?: SnapshotAfter;
}

export function openOn(disk: Disk, { notices = [], ...options }: OpenOnSim = {}): Promise<Store> {
  return openFileStore({
    ...{ url: `file:${FOLDER}`, folder: FOLDER, durability: 'durable', clock: systemClock, random: systemRandom, disk },
    ...{ breakLock: false, limits: LIMITS },
    onNotice: (line) => notices.push(line),
    ...options,
  });
}

/** Everything a reader can see of the runs, as text. */
export function stateOf(table: Table): string {
  const rows = [...table.rows()].map(({ run, seq, keyUntil, uncached }) => ({ seq, keyUntil, uncached, run: sorted(run) }));
  return JSON.stringify({
    rows,
    paused: [table.queue.pausedTasks().sort(), [...table.pauses.workers].sort()],
    inputs: table.inputs.all(),
    newestRemoved: table.newestRemoved,
  });
}

/** The order of keys is no part of a run. */
export function sorted(run: object): object {
  return Object.fromEntries(Object.entries(run).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The table that the files on `disk` hold. @throws {StoreError} `damaged` */
export async function readTable(disk: Disk): Promise<Table> {
  const snapshots = new SnapshotAdapter({ disk, folder: FOLDER, clock: systemClock, nonce: () => systemRandom.token() });
  const checkpoint = (await snapshots.read()) ?? noCheckpoint();
  await recover(disk, FOLDER, checkpoint);
  return checkpoint.table;
}
