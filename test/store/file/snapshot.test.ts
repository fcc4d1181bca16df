/** Snapshots: when they are made, what they replace, and that a damaged one is never taken for a good one. */
import { describe, expect, test } from 'vitest';
import { listFolder } from '../../../src/store/file/folder.ts';
import type { Store } from '../../../src/store/store.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { openOn, readTable, SNAPSHOT_OFTEN, stateOf } from '../helpers.ts';
import { FOLDER, SimDisk } from '../sim-disk.ts';

describe('snapshots', () => {
  const submitMany = async (store: Store, from: number, to: number) => {
    for (let index = from; index < to; index += 1) await store.submit([aSubmit({ id: `run-${index}` })], T0);
  };
  const settled = async (disk: SimDisk, snapshots: number) => {
    while ((await listFolder(disk, FOLDER)).snapshots.length < snapshots) await new Promise((resolve) => setImmediate(resolve));
  };

  test('are made as the journal grows; two are kept, and of the journal only what they need', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN });
    await submitMany(store, 0, 100);
    await store.close();
    const { snapshots, segments } = await listFolder(disk, FOLDER);
    expect(snapshots).toHaveLength(2);
    expect(segments[0]?.seq).toBe((snapshots[0]?.seq as number) + 1);
    expect((await readTable(disk)).size).toBe(100);
  });

  test('are read by jq: one object a line, payloads and all', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN });
    await submitMany(store, 0, 12);
    await store.close();
    const { snapshots } = await listFolder(disk, FOLDER);
    const lines = disk
      .content(`${FOLDER}/${snapshots[0]?.name}`)
      .toString()
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines[0]).toMatchObject({ k: 'snapshot', v: 1, s: snapshots[0]?.seq });
    expect(lines[1]).toMatchObject({ k: 'run', id: 'run-0', args: ['Marvin'], state: 'SCHEDULED' });
    expect(lines.at(-1)).toMatchObject({ k: 'end', runs: lines.length - 2 });
  });

  test('a bit that changed in the newest one is refused at the start', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN });
    await submitMany(store, 0, 13);
    await store.close();
    const name = (await listFolder(disk, FOLDER)).snapshots.at(-1)?.name as string;
    const bytes = disk.content(`${FOLDER}/${name}`);
    for (let at = 0; at < bytes.length; at += 13) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      const other = disk.copy();
      other.put(`${FOLDER}/${name}`, changed);
      await expect(readTable(other), `bit ${at % 8} of byte ${at}`).rejects.toMatchObject({ exitCode: 65 });
    }
    for (let length = 0; length < bytes.length; length += 37) {
      const other = disk.copy();
      other.put(`${FOLDER}/${name}`, bytes.subarray(0, length));
      await expect(readTable(other), `cut at ${length}`).rejects.toMatchObject({ exitCode: 65 });
    }
  });

  test('a missing one is no loss while the journal reaches back; both missing are refused', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN });
    await submitMany(store, 0, 60);
    await store.close();
    const [older, newer] = (await listFolder(disk, FOLDER)).snapshots.map(({ name }) => `${FOLDER}/${name}`) as [string, string];
    const one = disk.copy();
    one.erase(newer);
    expect(stateOf(await readTable(one))).toBe(stateOf(await readTable(disk)));
    one.erase(older);
    await expect(readTable(one)).rejects.toMatchObject({ exitCode: 65, message: expect.stringContaining('missing') });
  });

  test('one that cannot be written costs nothing but a notice', async () => {
    const disk = new SimDisk();
    const notices: string[] = [];
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN, notices });
    disk.before = (call, path) => {
      if (call === 'write' && path.includes('snapshot')) throw Object.assign(new Error('simulated'), { code: 'EIO' });
    };
    await submitMany(store, 0, 40);
    await store.close();
    expect(notices[0]).toMatch(/Could not write .*snapshot-\d+\.ndjson.* goes on without this snapshot/);
    expect(disk.names(FOLDER).filter((name) => name.includes('snapshot'))).toEqual([]);
    expect((await readTable(disk)).size).toBe(40);
  });

  test('one that reads back otherwise than it was written is not kept', async () => {
    const disk = new SimDisk();
    const notices: string[] = [];
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN, notices });
    disk.before = (call, path) => {
      if (call === 'read' && path.includes('snapshot')) disk.content(path).fill(0);
      if (call === 'sync' && path.includes('snapshot')) disk.put(path, Buffer.alloc(10));
    };
    await submitMany(store, 0, 30);
    await store.close();
    expect(notices[0]).toMatch(/reads back otherwise/);
    expect((await listFolder(disk, FOLDER)).snapshots).toEqual([]);
  });

  test('work goes on while one is written', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN });
    await submitMany(store, 0, 12);
    const during = submitMany(store, 12, 20);
    await settled(disk, 1);
    await during;
    await store.close();
    expect((await readTable(disk)).size).toBe(20);
  });
});
