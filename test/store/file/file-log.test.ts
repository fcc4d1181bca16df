/** Batches on the disk: what a full disk, a failed sync and a lost lock do to them, and what it costs to be quick. */
import { describe, expect, test, vi } from 'vitest';
import type { LeasedRun } from '../../../src/core/run.ts';
import { listFolder } from '../../../src/store/file/folder.ts';
import type { Commit, Store } from '../../../src/store/store.ts';
import { systemClock } from '../../../src/system/system.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { grant, line, newId, offer } from '../contract.ts';
import { openOn, readTable } from '../helpers.ts';
import { FOLDER, failure, inStore, SimDisk } from '../sim-disk.ts';

const MIB = 1_048_576;
const JOURNAL = inStore('journal-1-1.ndjson');
const FULL = { code: 'BGTASK_STORE_FULL', exitCode: 74 };
const submit = (store: Store, over = {}) => store.submit([aSubmit({ id: newId(), ...over })], T0);
const claim = async (store: Store, slots = 1) => (await store.claim(offer(slots), T0, grant)).map(({ run }) => run);
const succeed = ({ id, lease }: LeasedRun, result = '"ok"') => [{ id, event: { type: 'succeed' as const, token: lease.token, result } }];
const payload = (bytes: number) => `["${'x'.repeat(bytes)}"]`;
const syncs = (disk: SimDisk) => disk.calls.filter((call) => call.startsWith('sync journal')).length;

describe('a full disk', () => {
  /** A disk of 64 MiB, whose reserve is 2 MiB, with `free` bytes left. */
  async function filled(free: number) {
    const clock = new ManualClock();
    const disk = new SimDisk();
    disk.capacity = 64 * MIB;
    const notices: string[] = [];
    const store = await openOn(disk, { clock, notices });
    await submit(store, { id: 'before' });
    const [running] = (await claim(store)) as [LeasedRun];
    await submit(store, { id: 'queued' });
    disk.put('/sim/other', Buffer.alloc(disk.capacity - disk.used() - free));
    return { clock, disk, store, running, notices };
  }
  /** Lets the store look for room as often as it likes. */
  async function later(clock: ManualClock): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('what was taken when it filled up is still stored, from the reserve; then new work is refused', async () => {
    const { store, disk } = await filled(100);
    expect(await submit(store, { id: 'last' })).toMatchObject([{ kind: 'new' }]);
    expect(disk.has(inStore('reserve'))).toBe(false);
    await expect(submit(store)).rejects.toMatchObject(FULL);
    expect((await readTable(disk)).get('last')).toBeDefined();
    await store.close();
  });

  test('reads go on, running work is recorded, a cancel is done, and nothing is leased', async () => {
    const { store, running } = await filled(0);
    await submit(store, { id: 'last' });
    expect(await claim(store)).toEqual([]);
    expect(await store.apply(succeed(running), T0)).toMatchObject([{ changed: true, run: { state: 'COMPLETED' } }]);
    expect(await store.apply([{ id: 'queued', event: { type: 'cancel', reason: 'x' } }], T0)).toMatchObject([{ changed: true }]);
    expect(await store.counts()).toMatchObject({ COMPLETED: 1, CANCELLED: 1, SCHEDULED: 1 });
    await store.close();
  });

  test('a submit that is known already is answered all the same', async () => {
    const { store } = await filled(0);
    await submit(store, { id: 'last' });
    expect(await store.submit([aSubmit({ id: 'queued' })], T0)).toMatchObject([{ kind: 'same', run: { id: 'queued' } }]);
    await store.close();
  });

  test('a batch that does not even fit the reserve is refused, and what rode along with it is stored', async () => {
    const { store, disk, running } = await filled(0);
    const commits: Commit[] = [];
    store.onCommit((commit) => commits.push(commit));
    const big = submit(store, { id: 'big', args: payload(3 * MIB) });
    const done = store.apply(succeed(running), T0);
    const granted: string[] = [];
    const granting: typeof grant = (workerId, run) => {
      const event = grant(workerId, run);
      granted.push(`${run.id} ${event.lease.token}`);
      return event;
    };
    const leased = store.claim(offer(5), T0, granting);
    const read = store.get('big');
    await expect(big).rejects.toMatchObject(FULL);
    expect(await done).toMatchObject([{ changed: true }]);
    // The lease of the run that was there stands, as its holder knows of it; that of the refused one never was.
    expect(granted.map((one) => one.split(' ')[0])).toEqual(['queued', 'big']);
    expect((await leased).map(({ run }) => `${run.id} ${run.lease.token}`)).toEqual(granted.slice(0, 1));
    expect(await read).toBeUndefined();
    expect(commits.flatMap(({ runs }) => runs.map(({ id }) => id))).toEqual(['before', 'queued']);
    const table = await readTable(disk);
    expect([table.get('big'), table.get('before')?.state, table.get('queued')?.state]).toEqual([undefined, 'COMPLETED', 'PENDING']);
    await store.close();
  });

  test('what cannot be written at all is held, reads still show what is stored, and all is done when there is room', async () => {
    const { store, disk, running, clock } = await filled(0);
    await submit(store, { id: 'last' });
    disk.put('/sim/more', Buffer.alloc(disk.capacity - disk.used()));
    let isDone = false;
    const done = store.apply(succeed(running, payload(3_000)), T0).then(() => {
      isDone = true;
    });
    await vi.waitUntil(async () => (await store.get('before'))?.state === 'PENDING');
    await later(clock);
    expect(isDone).toBe(false);
    await expect(submit(store)).rejects.toMatchObject(FULL);
    disk.erase('/sim/more');
    disk.erase('/sim/other');
    await later(clock);
    await done;
    expect(await submit(store)).toMatchObject([{ kind: 'new' }]);
    expect((await readTable(disk)).get('before')?.state).toBe('COMPLETED');
    await store.close();
  });

  test('is over by itself once there is room for the reserve and more', async () => {
    const { store, disk, clock } = await filled(0);
    await submit(store, { id: 'last' });
    await later(clock);
    await expect(submit(store)).rejects.toMatchObject(FULL);
    disk.erase('/sim/other');
    await later(clock);
    expect(await submit(store)).toMatchObject([{ kind: 'new' }]);
    expect(disk.has(inStore('reserve'))).toBe(true);
    expect(await claim(store, 3)).toHaveLength(3);
    await store.close();
  });

  test('from the start lets a server come up, and refuses new work', async () => {
    const { store, disk } = await filled(0);
    await store.close(); // gives up the reserve to say that it stopped cleanly
    expect(disk.has(inStore('clean.json'))).toBe(true);
    disk.put('/sim/more', Buffer.alloc(disk.capacity - disk.used() - 2_000));
    const notices: string[] = [];
    const again = await openOn(disk, { notices });
    expect(notices.join()).toMatch(/is full/);
    await expect(submit(again)).rejects.toMatchObject(FULL);
    expect(await again.get('queued')).toMatchObject({ state: 'SCHEDULED' });
    await again.close();
  });

  test('of which a part was written is cut back to the last whole record', async () => {
    const { store, disk } = await filled(50);
    await submit(store, { id: 'last' });
    expect(disk.calls.filter((call) => call.startsWith('truncate'))).toHaveLength(1);
    expect(disk.content(JOURNAL).at(-1)).toBe(10);
    await store.close();
    expect((await readTable(disk)).size).toBe(3);
  });

  test('a file that may not grow any longer is followed by another', async () => {
    const { store, disk } = await filled(10 * MIB);
    disk.before = (call, path) => {
      if (call === 'write' && path === JOURNAL) throw failure('EFBIG', path);
    };
    expect(await submit(store, { id: 'last' })).toMatchObject([{ kind: 'new' }]);
    disk.before = () => undefined;
    await store.close();
    expect((await readTable(disk)).get('last')).toBeDefined();
  });

  test('loses lines of logs, never a task', async () => {
    const { store, disk } = await filled(0);
    store.appendLogs('queued', [line('lost')]);
    expect(await store.logs('queued')).toEqual([]);
    disk.erase('/sim/other');
    store.appendLogs('queued', [line('back')]);
    expect((await store.logs('queued')).map(({ text }) => text)).toEqual([
      '[bgtask] 1 lines were lost here: they could not be written.',
      'back',
    ]);
    await store.close();
  });
});

describe('a failed sync', () => {
  for (const isSlow of [false, true]) {
    test(`is the end: nothing is acknowledged any more (${isSlow ? 'thread pool' : 'event loop'})`, async () => {
      const disk = new SimDisk();
      const store = await openOn(disk);
      await submit(store, { id: 'before' });
      disk.isSlow = isSlow;
      disk.before = (call, path) => {
        if (call === 'sync' && path === JOURNAL) throw failure('EIO', path);
      };
      const calls = isSlow ? [submit(store), submit(store), submit(store), submit(store), submit(store)] : [submit(store)];
      const read = store.get('before').catch((error: Error) => error);
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'BGTASK_STORE_FAILED', exitCode: 74 });
      expect(await store.failed).toMatchObject({ exitCode: 74, message: expect.stringContaining('could not sync') });
      expect(await read).toMatchObject({ exitCode: 74 });
      disk.before = () => undefined;
      await expect(submit(store)).rejects.toMatchObject({ exitCode: 74 });
      await store.close();
      expect(disk.has(inStore('clean.json'))).toBe(false);
      expect(disk.has(inStore('server.lock'))).toBe(false);
      const again = await openOn(disk);
      expect(await again.get('before')).toBeDefined();
      await again.close();
    });
  }

  test('of a relaxed store ends it, too', async () => {
    const disk = new SimDisk();
    const clock = new ManualClock();
    const store = await openOn(disk, { durability: 'relaxed', clock });
    disk.before = (call) => {
      if (call === 'sync') throw failure('EIO', 'journal');
    };
    expect(await submit(store)).toMatchObject([{ kind: 'new' }]);
    clock.advance(100);
    expect((await store.failed).exitCode).toBe(74);
    await store.close();
  });

  test('an error of a write that is not about room is the end as well', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk);
    disk.before = (call, path) => {
      if (call === 'write' && path === JOURNAL) throw failure('EIO', path);
    };
    await expect(submit(store)).rejects.toMatchObject({ exitCode: 74 });
    expect((await store.failed).exitCode).toBe(74);
    await store.close();
  });
});

describe('batches', () => {
  test('what is called in one turn is one write and one sync', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk);
    const before = syncs(disk);
    await Promise.all([submit(store), submit(store), claim(store, 2), submit(store)]);
    expect(syncs(disk) - before).toBe(1);
    await store.close();
  });

  test('what is called while one is written goes together into the next', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk);
    disk.isSlow = true;
    const before = syncs(disk);
    const first = Promise.all(Array.from({ length: 10 }, () => submit(store)));
    await new Promise((resolve) => setImmediate(resolve));
    const second = Promise.all(Array.from({ length: 50 }, () => submit(store)));
    await Promise.all([first, second]);
    expect(syncs(disk) - before).toBe(2);
    await store.close();
  });

  test('a start waits for company, and goes alone after 50 ms', async () => {
    const disk = new SimDisk();
    const clock = new ManualClock();
    const store = await openOn(disk, { clock });
    await submit(store);
    const [leased] = (await claim(store)) as [LeasedRun];
    const before = syncs(disk);
    const started = store.apply([{ id: leased.id, event: { type: 'start', token: leased.lease.token } }], T0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(syncs(disk)).toBe(before);
    for (let turn = 0; turn < 3; turn += 1) clock.advance(50);
    expect(await started).toMatchObject([{ changed: true }]);
    expect(syncs(disk)).toBeGreaterThan(before);
    await store.close();
  });

  test('after a pause a mark says what is durable, once', async () => {
    const disk = new SimDisk();
    const clock = new ManualClock();
    const store = await openOn(disk, { clock });
    await submit(store);
    for (let turn = 0; turn < 10; turn += 1) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const lines = disk
      .content(JOURNAL)
      .toString()
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.map(({ s, d, k }) => [s, d, k])).toEqual([
      [1, 0, 'segment'],
      [2, 1, 'run.submitted'],
      [3, 2, 'mark'],
    ]);
    await store.close();
  });

  test('relaxed answers before the sync, and syncs within 100 ms', async () => {
    const disk = new SimDisk();
    const clock = new ManualClock();
    const store = await openOn(disk, { durability: 'relaxed', clock });
    const before = syncs(disk);
    await submit(store);
    await submit(store);
    expect(syncs(disk)).toBe(before);
    clock.advance(100);
    await vi.waitUntil(() => syncs(disk) === before + 1);
    await store.close();
    expect(store.durability).toBe('relaxed');
  });

  test('a disk that is slow to sync is not waited for in the event loop', async () => {
    let now = 0;
    const clock = { ...systemClock, monotonic: () => (now += 5) };
    const disk = new SimDisk();
    const store = await openOn(disk, { clock });
    await submit(store);
    disk.isSlow = true;
    const before = syncs(disk);
    const second = submit(store);
    await new Promise((resolve) => setImmediate(resolve));
    expect(syncs(disk)).toBe(before); // on its way in the pool
    await second;
    expect(syncs(disk)).toBe(before + 1);
    await store.close();
  });
});

test('a server whose lock was taken writes nothing more, and says why it stops', async () => {
  const disk = new SimDisk();
  const store = await openOn(disk);
  await submit(store, { id: 'mine' });
  const bytes = disk.content(JOURNAL);
  disk.put(inStore('server.lock'), Buffer.from('{"pid":1}'));
  await expect(submit(store)).rejects.toMatchObject({ code: 'BGTASK_STORE_LOCKED', exitCode: 75 });
  expect((await store.failed).message).toMatch(/taken over by another server/);
  await store.close();
  expect(disk.content(JOURNAL)).toEqual(bytes);
  expect(disk.has(inStore('server.lock'))).toBe(true);
  expect((await listFolder(disk, FOLDER)).isClean).toBe(false);
});
