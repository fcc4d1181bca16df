/** What can be saved of a damaged journal, and that the loss is counted to the last record. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { salvage } from '../../../src/store/file/salvage.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { openOn, readTable, SNAPSHOT_OFTEN, stateOf } from '../helpers.ts';
import { FOLDER, inStore, SimDisk } from '../sim-disk.ts';

const RUNS = 20;
async function stored() {
  const disk = new SimDisk();
  const store = await openOn(disk);
  for (let index = 0; index < RUNS; index += 1) await store.submit([aSubmit({ id: `run-${index}` })], T0);
  await store.close();
  return disk;
}
const PATH = inStore('journal-1-1.ndjson');

describe('saving', () => {
  test('of a sound store gives the same runs, and nothing is lost', async () => {
    const disk = await stored();
    const saved = await salvage(disk, FOLDER);
    expect(saved).toMatchObject({ lost: [], lostLines: 0, runs: [], lastSequence: RUNS + 1, epoch: 1 });
    expect(stateOf(saved.table)).toBe(stateOf(await readTable(disk)));
  });

  test('counts every record as saved or lost, whatever was damaged', async () => {
    const disk = await stored();
    const bytes = disk.content(PATH);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(bytes.length - 1), length: fc.integer({ min: 1, max: 700 }) }), { minLength: 1, maxLength: 4 }),
        async (holes) => {
          const changed = Buffer.from(bytes);
          for (const { at, length } of holes) changed.fill(0, at, Math.min(at + length, bytes.length));
          const other = disk.copy();
          other.put(PATH, changed);
          const saved = await salvage(other, FOLDER);
          const lost = saved.lost.reduce((sum, { from, to }) => sum + to - from + 1, 0);
          const isHeaderLost = saved.lost.some(({ from }) => from === 1);
          expect(saved.lastSequence).toBe(RUNS + 1); // the clean stop knows it
          expect(saved.table.size + lost).toBe(RUNS + (isHeaderLost ? 1 : 0));
        },
      ),
    );
  });

  test('takes the snapshot before where the newest is damaged, and loses nothing', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN });
    for (let index = 0; index < 60; index += 1) await store.submit([aSubmit({ id: `run-${index}` })], T0);
    await store.close();
    const table = await readTable(disk);
    const newest = disk
      .names(FOLDER)
      .filter((name) => name.startsWith('snapshot-'))
      .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      .at(-1) as string;
    disk.put(inStore(newest), Buffer.from(disk.content(inStore(newest))).fill(0, 200, 220));
    await expect(readTable(disk)).rejects.toMatchObject({ exitCode: 65 });
    const saved = await salvage(disk, FOLDER);
    expect(saved).toMatchObject({ lost: [], lostLines: 0 });
    expect(stateOf(saved.table)).toBe(stateOf(table));
  });

  test('leaves out what rests on a lost record, and names its run', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk);
    await store.submit([aSubmit({ id: 'lost' })], T0);
    await store.submit([aSubmit({ id: 'kept' })], T0);
    for (const id of ['lost', 'kept']) await store.apply([{ id, event: { type: 'cancel', reason: 'x' } }], T0);
    await store.close();
    const changed = Buffer.from(disk.content(PATH));
    const at = changed.indexOf('"task"');
    changed.fill(0, at, at + 5);
    disk.put(PATH, changed);
    const saved = await salvage(disk, FOLDER);
    expect(saved).toMatchObject({ lost: [{ from: 2, to: 2 }], runs: ['lost'] });
    expect([...saved.table.rows()].map(({ run }) => `${run.id} ${run.state}`)).toEqual(['kept CANCELLED']);
  });
});
