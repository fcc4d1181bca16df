/** Checking, saving and reading a store from outside. */
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../src/store/file/disk.ts';
import { listFolder } from '../../src/store/file/folder.ts';
import { exportStore, repairStore, verifyStore } from '../../src/store/maintain.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { line, newId } from './contract.ts';
import { FOLDER, inStore, SimDisk } from './sim-disk.ts';

const OUT = '/sim/saved';
const open = (disk: Disk, folder = FOLDER) => openStore(`file:${folder}`, { disk });
const submit = async (store: Store) => {
  const id = newId();
  await store.submit([aSubmit({ id })], T0);
  return id;
};

/** A closed store with five runs, each stored by a record of its own: numbers 2 to 6. */
async function fiveRuns() {
  const disk = new SimDisk();
  const store = await open(disk);
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) ids.push(await submit(store));
  store.appendLogs(ids[4] as string, [line('kept')]);
  await store.close();
  return { disk, ids, path: inStore('journal-1-1.ndjson') };
}

/** Breaks the record that holds `text`. */
function damage(disk: SimDisk, path: string, text: string): void {
  const bytes = Buffer.from(disk.content(path));
  const at = bytes.indexOf(text);
  bytes[at + text.length - 1] = (bytes[at + text.length - 1] as number) ^ 1;
  disk.put(path, bytes);
}

describe('verify', () => {
  test('says how many runs a sound store has, and its last sequence number', async () => {
    const { disk } = await fiveRuns();
    expect(await verifyStore(FOLDER, { disk })).toEqual({ ok: true, runs: 5, lastSequence: 6, problem: null });
  });

  test('takes a store that a server has open, or was killed in', async () => {
    const disk = new SimDisk();
    const store = await open(disk);
    await submit(store);
    const path = inStore('journal-1-1.ndjson');
    disk.put(path, Buffer.concat([disk.content(path), Buffer.from('{"s":3,"d"')]));
    expect(await verifyStore(FOLDER, { disk })).toEqual({ ok: true, runs: 1, lastSequence: 2, problem: null });
  });

  test('names file, byte and number of the damage, and writes nothing', async () => {
    const { disk, ids, path } = await fiveRuns();
    damage(disk, path, ids[1] as string);
    const before = disk.names(FOLDER);
    const verdict = await verifyStore(FOLDER, { disk });
    expect(verdict).toMatchObject({ ok: false, problem: expect.stringMatching(/journal-1-1\.ndjson at byte \d+ \(sequence number 3\)/) });
    expect(disk.names(FOLDER)).toEqual(before);
  });

  test('finds no store where there is none', async () => {
    expect(await verifyStore(FOLDER, { disk: new SimDisk() })).toMatchObject({ ok: false, lastSequence: 0 });
  });
});

describe('repair', () => {
  test('writes nothing unless the loss is named exactly, and says what is lost', async () => {
    const { disk, ids, path } = await fiveRuns();
    damage(disk, path, '"task":"greet"');
    const report = await repairStore(FOLDER, OUT, 0, { disk });
    // The record after a broken one still verifies: the checksum of the broken one stands as it was.
    expect(report).toEqual({ written: false, lost: 1, sequences: [{ from: 2, to: 2 }], lostRuns: [ids[0]], runs: 4, lastSequence: 6 });
    expect(disk.names(OUT)).toEqual([]);
  });

  test('saves everything else into a new store that opens without a word', async () => {
    const { disk, ids, path } = await fiveRuns();
    damage(disk, path, '"task":"greet"');
    expect(await repairStore(FOLDER, OUT, 1, { disk })).toMatchObject({ written: true, runs: 4 });
    expect(await verifyStore(OUT, { disk })).toEqual({ ok: true, runs: 4, lastSequence: 7, problem: null });
    const notices: string[] = [];
    const store = await openStore(`file:${OUT}`, { disk, onNotice: (text) => notices.push(text) });
    expect(notices).toEqual([]);
    expect((await store.list({ limit: 10 })).runs.map(({ id }) => id)).toEqual(ids.slice(1).reverse());
    expect(await store.logs(ids[4] as string)).toEqual([line('kept')]);
    await submit(store);
    await store.close();
  });

  test('a missing segment is lost by its numbers', async () => {
    const { disk } = await fiveRuns();
    for (let starts = 0; starts < 2; starts += 1) {
      const store = await open(disk);
      await submit(store);
      await store.close();
    }
    disk.erase(inStore('journal-2-7.ndjson'));
    expect(await repairStore(FOLDER, OUT, 2, { disk })).toMatchObject({ written: true, sequences: [{ from: 7, to: 8 }], runs: 6 });
  });

  test('an end that a clean stop shows to be missing is lost', async () => {
    const { disk, path } = await fiveRuns();
    const bytes = disk.content(path);
    disk.put(path, bytes.subarray(0, bytes.lastIndexOf(10, bytes.length - 2) + 1));
    expect(await repairStore(FOLDER, OUT, 0, { disk })).toMatchObject({ written: false, lost: 1, sequences: [{ from: 6, to: 6 }] });
  });

  test('a sound store is copied with nothing lost', async () => {
    const { disk } = await fiveRuns();
    expect(await repairStore(FOLDER, OUT, 0, { disk })).toMatchObject({ written: true, lost: 0, runs: 5 });
  });

  test('the sound lines of a damaged snapshot are saved where it is the only one', async () => {
    const { disk } = await fiveRuns();
    expect(await repairStore(FOLDER, OUT, 0, { disk })).toMatchObject({ written: true });
    const { snapshots } = await listFolder(disk, OUT);
    const path = `${OUT}/${snapshots[0]?.name}`;
    damage(disk, path, '"task":"greet"');
    expect(await verifyStore(OUT, { disk })).toMatchObject({ ok: false });
    expect(await repairStore(OUT, '/sim/again', 1, { disk })).toMatchObject({ written: true, lost: 1, sequences: [], runs: 4 });
  });

  test('never writes into a folder that holds anything, nor reads one that a server holds', async () => {
    const { disk } = await fiveRuns();
    await disk.makeFolder(OUT);
    disk.put(`${OUT}/mine.txt`, Buffer.from('x'));
    await expect(repairStore(FOLDER, OUT, 0, { disk })).rejects.toMatchObject({ exitCode: 73 });
    const store = await open(disk);
    await expect(repairStore(FOLDER, '/sim/new', 0, { disk })).rejects.toMatchObject({ exitCode: 75 });
    await store.close();
  });
});

describe('export', () => {
  const all = async (disk: Disk, folder = FOLDER) => {
    const lines: Record<string, unknown>[] = [];
    for await (const text of exportStore(folder, { disk })) lines.push(JSON.parse(text));
    return lines;
  };

  test('gives every event, oldest first, and nothing about the journal itself', async () => {
    const { disk, ids } = await fiveRuns();
    const store = await open(disk);
    await store.apply([{ id: ids[0] as string, event: { type: 'cancel', reason: 'x' } }], T0);
    await store.close();
    const events = await all(disk);
    expect(events.map(({ k, id }) => [k, id])).toEqual([...ids.map((id) => ['run.submitted', id]), ['run.cancelled', ids[0]]]);
    expect(events[0]).toMatchObject({ s: 2, task: 'greet', args: ['Marvin'] });
  });

  test('begins with the runs of the snapshot where the journal before it is gone', async () => {
    const { disk, ids } = await fiveRuns();
    await repairStore(FOLDER, OUT, 0, { disk });
    const store = await open(disk, OUT);
    const id = await submit(store);
    await store.close();
    expect((await all(disk, OUT)).map((event) => [event.k, event.id])).toEqual([...ids.map((one) => ['run', one]), ['run.submitted', id]]);
  });

  test('refuses a damaged store', async () => {
    const { disk, ids, path } = await fiveRuns();
    damage(disk, path, ids[1] as string);
    await expect(all(disk)).rejects.toMatchObject({ exitCode: 65 });
  });
});
