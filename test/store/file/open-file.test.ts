/** A file store from its opening to its end, on a disk that loses what was not synced, and fills up. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Store, Submitted } from '../../../src/store/store.ts';
import { Table } from '../../../src/store/table.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { type Act, acts, granting, OFFER, onStore, onTable, perform } from '../acts.ts';
import { openOn, readTable, SNAPSHOT_OFTEN, sorted, stateOf } from '../helpers.ts';
import { powerCut } from '../power-cut.ts';
import { SimDisk } from '../sim-disk.ts';

const WORKER = { pid: 7, host: 'here', machine: 'm', startTicks: '9' };

describe('a power cut', () => {
  test('loses nothing that was acknowledged, and leaves a state that was', async () => {
    await fc.assert(
      powerCut(() => new SimDisk()),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('closing and opening again', () => {
  test('gives back the very same state, with and without snapshots', async () => {
    await fc.assert(
      fc.asyncProperty(acts, fc.boolean(), fc.constantFrom('durable' as const, 'relaxed' as const), async (all, often, durability) => {
        const disk = new SimDisk();
        const options = { durability, ...(often ? { snapshotAfter: SNAPSHOT_OFTEN } : {}) };
        const table = new Table();
        const model = onTable(table);
        let store = await openOn(disk, options);
        for (let index = 0; index < all.length; index += 1) {
          perform(model, all, index);
          void perform(onStore(store), all, index);
          if (index % 25 !== 24) continue;
          await store.close();
          store = await openOn(disk, options);
        }
        await store.close();
        expect(stateOf(await readTable(disk))).toBe(stateOf(table));
      }),
      { numRuns: 80 },
    );
  });

  test('what is derived is derived again: queue, counts, keys, dependents, expiries', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk);
    const claimable = async (one: Store) => (await one.claim(OFFER, T0 + 50, granting('t'))).map(({ run }) => run.id);
    await store.submit([aSubmit({ id: 'up' }), aSubmit({ id: 'low', task: 'other' })], T0);
    await store.submit([aSubmit({ id: 'waits', waitFor: [{ id: 'up', allowFailure: false }] })], T0);
    await store.submit([aSubmit({ id: 'soon', task: 'third', expiresAt: T0 + 99, idempotencyKey: 'k' })], T0);
    await store.setPaused('task', 'other', true, T0);
    await store.noteWorker('w', WORKER, T0);
    await store.noteInputs([{ task: 'greet', schema: '{}' }], T0);
    await store.setPaused('worker', 'gpu', true, T0);
    await store.close();
    const again = await openOn(disk);
    expect(await again.counts()).toMatchObject({ SCHEDULED: 4 });
    expect(await again.tasks()).toContainEqual({ name: 'other', queued: 1, running: 0, paused: true });
    expect(again.workerProcess('w')).toEqual(WORKER);
    expect(again.inputs()).toEqual([{ task: 'greet', schema: '{}' }]);
    expect([...again.pausedWorkers()]).toEqual(['gpu']);
    expect(await again.submit([aSubmit({ id: 'x', task: 'third', idempotencyKey: 'k' })], T0)).toMatchObject([{ kind: 'deduplicated' }]);
    expect(await claimable(again)).toEqual(['up']);
    await again.apply([{ id: 'up', event: { type: 'succeed', token: 't', result: null } }], T0 + 50);
    expect(await claimable(again)).toEqual(['waits']);
    expect(again.nextWakeAt()).toBe(T0 + 99);
    await again.close();
  });
});

describe('a disk that fills up and empties', () => {
  test('leaves the store with what it says it has, and every answer true', async () => {
    const rooms = fc.array(fc.oneof(fc.nat(3_000), fc.constant(Number.POSITIVE_INFINITY)), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(acts, rooms, fc.integer({ min: 1, max: 5 }), async (all, room, together) => {
        const { disk, store, added } = await playInLittleRoom(all, room, together);
        const seen = (await store.list({ limit: 1_000 })).runs;
        await store.close();
        const table = await readTable(disk);
        expect([...table.rows()].map(({ run }) => JSON.stringify(sorted(run))).reverse()).toEqual(
          seen.map((run) => JSON.stringify(sorted(run))),
        );
        const removed = (id: string) => id <= table.newestRemoved;
        for (const id of added) expect(table.get(id) !== undefined || removed(id), `run ${id} was added`).toBe(true);
      }),
      { numRuns: 80 },
    );
  });
});

/** Plays with a room on the disk that changes before each call; then there is enough again, and all is answered. */
async function playInLittleRoom(all: readonly Act[], room: readonly number[], together: number) {
  const disk = new SimDisk();
  const clock = new ManualClock(T0);
  const store = await openOn(disk, { clock, snapshotAfter: SNAPSHOT_OFTEN });
  const added: string[] = [];
  const calls: Promise<unknown>[] = [];
  for (let index = 0; index < all.length; index += 1) {
    disk.capacity = disk.used() + (room[index % room.length] as number);
    const call = perform(onStore(store), all, index) as Promise<unknown>;
    calls.push(call.then((answer) => added.push(...newIds(answer)), refusedForRoom));
    if (index % together === 0) await store.counts();
    if (index % 7 === 0) clock.advance(1_000);
  }
  disk.capacity = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 5; turn += 1) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(calls);
  return { disk, store, added };
}

function newIds(answer: unknown): string[] {
  const answers = Array.isArray(answer) ? (answer as Submitted[]) : [];
  return answers.filter(({ kind }) => kind === 'new').map(({ run }) => run.id);
}

function refusedForRoom(error: { code?: string }): void {
  expect(error.code).toBe('BGTASK_STORE_FULL');
}
