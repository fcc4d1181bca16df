/** What was acknowledged is there after a power cut, however much of the rest the disk lost, and in whatever order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NewRun, RunEvent } from '../../../src/core/run.ts';
import { listFolder } from '../../../src/store/file/folder.ts';
import type { Store } from '../../../src/store/store.ts';
import { DEFAULT_KEEP } from '../../../src/store/store.ts';
import { Table } from '../../../src/store/table.ts';
import { systemClock } from '../../../src/system/system.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { openOn, readTable, stateOf } from '../helpers.ts';
import { FOLDER, SimDisk } from '../sim-disk.ts';

const SNAPSHOT_OFTEN = { records: 12, recordsPerRun: 0, bytes: 1e9, timesItsBytes: 0 };

/** One call that changes one record of the store at most, said in numbers so that it shrinks well. */
type Act = {
  readonly kind:
    | 'submit'
    | 'key'
    | 'wait'
    | 'claim'
    | 'succeed'
    | 'fail'
    | 'cancel'
    | 'release'
    | 'start'
    | 'pause'
    | 'expire'
    | 'remove'
    | 'sweep';
  readonly pick: number;
};
const anAct: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom(
    'submit',
    'submit',
    'key',
    'wait',
    'claim',
    'claim',
    'start',
    'succeed',
    'succeed',
    'fail',
    'cancel',
    'release',
    'pause',
    'expire',
    'remove',
    'sweep',
  ),
  pick: fc.nat(20),
});
const BOOM = { name: 'Error', message: 'boom', stack: null, cause: null };

/** The same calls on a store, or on a table alone. */
interface Target {
  submit(run: NewRun, at: number): unknown;
  claim(at: number, token: string): unknown;
  apply(id: string, event: RunEvent, at: number): unknown;
  expire(at: number): unknown;
  pause(paused: boolean, at: number): unknown;
  remove(id: string, at: number): unknown;
  sweep(at: number): unknown;
}
const OFFER = [{ workerId: 'w', tasks: new Set(['greet']), slots: 1 }];
const KEEP = { ...DEFAULT_KEEP, completedCount: 3, failedCount: 2 };
const granting = (token: string) => (workerId: string) => ({
  type: 'assign' as const,
  lease: { token, workerId, workerName: 'W' },
  maxAttempts: 2,
});

function onStore(store: Store): Target {
  return {
    submit: (run, at) => store.submit([run], at),
    claim: (at, token) => store.claim(OFFER, at, granting(token)),
    apply: (id, event, at) => store.apply([{ id, event }], at),
    expire: (at) => store.expire(at),
    pause: (paused, at) => store.setPaused('greet', paused, at),
    remove: (id) => store.remove([id]),
    sweep: (at) => store.sweep(at, KEEP),
  };
}

function onTable(table: Table): Target {
  return {
    submit: (run, at) => table.submit(run, at),
    claim: (at, token) => table.claim(OFFER, at, granting(token)),
    apply: (id, event, at) => table.apply(id, event, at),
    expire: (at) => table.expire(at),
    pause: (paused, at) => table.setPaused('greet', paused, at),
    remove: (id, at) => table.remove([id], at),
    sweep: (at) => table.sweep(at, KEEP),
  };
}

const idOf = (index: number) => {
  const time = (T0 + index).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
};
const tokenOf = (index: number) => `token-${index}`;

/** Does act number `index`. What it picks depends on the acts before it alone, so that store and table do the same. */
function perform(target: Target, acts: readonly Act[], index: number): unknown {
  const { kind, pick } = acts[index] as Act;
  const at = T0 + index * 10;
  const [id, token] = [idOf(pick % Math.max(1, index)), tokenOf(pick % Math.max(1, index))];
  const said = { id: idOf(index), createdAt: at, dueAt: at + (pick % 3) * 5 };
  switch (kind) {
    case 'submit':
      return target.submit(
        aSubmit({ ...said, expiresAt: pick % 4 === 0 ? at + 60 : null, priority: pick, args: `["ü\\u2028",${pick}]` }),
        at,
      );
    case 'key':
      return target.submit(aSubmit({ ...said, idempotencyKey: `k${pick % 3}`, idempotencyTtlMs: pick % 2 === 0 ? null : 100 }), at);
    case 'wait':
      return target.submit(aSubmit({ ...said, waitFor: [{ id, allowFailure: pick % 2 === 0 }] }), at);
    case 'claim':
      return target.claim(at, tokenOf(index));
    case 'pause':
      return target.pause(pick % 3 === 0, at);
    case 'expire':
      return target.expire(at);
    case 'remove':
      return target.remove(id, at);
    case 'sweep':
      return target.sweep(at);
    case 'fail':
      return target.apply(id, { type: 'fail', token, error: BOOM, retry: true, retryDelayMs: 5, timedOut: false }, at);
    case 'release':
      return target.apply(id, { type: 'release', token, reason: 'drain' }, at);
    case 'cancel':
      return target.apply(id, { type: 'cancel', reason: 'asked' }, at);
    case 'succeed':
      return target.apply(id, { type: 'succeed', token, result: '{"result":null,"args":[]}' }, at);
    case 'start':
      return target.apply(id, { type: 'start', token }, at);
  }
}
/** An event names its run and its token by one number: make them meet. */
const acts = fc.array(anAct, { minLength: 1, maxLength: 60, size: 'max' });

/** Every sync seems to take long, so that none is done in the event loop. */
let ticks = 0;
const slowDisk = { ...systemClock, monotonic: () => (ticks += 10) };

/** The state after each act, the empty one first. */
function statesOf(all: readonly Act[]): string[] {
  const table = new Table();
  const target = onTable(table);
  return [
    stateOf(table),
    ...all.map((_act, index) => {
      perform(target, all, index);
      return stateOf(table);
    }),
  ];
}

describe('a power cut', () => {
  test('loses nothing that was acknowledged, and leaves a state that was', async () => {
    const keeps = fc.infiniteStream(fc.boolean());
    await fc.assert(
      fc.asyncProperty(acts, fc.nat(), keeps, fc.boolean(), async (all, cut, stream, isSlow) => {
        const disk = new SimDisk();
        const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN, clock: isSlow ? slowDisk : systemClock });
        disk.isSlow = isSlow;
        const target = onStore(store);
        const states = statesOf(all);
        let crashed: SimDisk | null = null;
        let acknowledged = 0;
        let calls = 0;
        const stopAt = cut % (all.length * 4 + 10);
        disk.before = () => {
          calls += 1;
          if (calls >= stopAt && crashed === null) crashed = disk.crash(() => stream.next().value as boolean);
        };
        for (let index = 0; index < all.length && crashed === null; index += 1) {
          await perform(target, all, index);
          if (crashed === null) acknowledged = index + 1;
        }
        disk.before = () => undefined;
        const left: SimDisk = crashed ?? disk.crash(() => stream.next().value as boolean);
        await store.close();
        const state = stateOf(await readTable(left));
        expect(states.slice(acknowledged)).toContain(state);
        // And it goes on from there.
        left.erase(`${FOLDER}/server.lock`);
        const again = await openOn(left);
        await again.submit([aSubmit({ id: 'after' })], T0);
        await again.close();
        expect((await readTable(left)).get('after')).toBeDefined();
      }),
      { numRuns: 150 },
    );
  });
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
      { numRuns: 150 },
    );
  });

  test('what is derived is derived again: queue, counts, keys, dependents, expiries', async () => {
    const disk = new SimDisk();
    const store = await openOn(disk);
    const claimable = async (one: Store) => (await one.claim(OFFER, T0 + 50, granting('t'))).map(({ run }) => run.id);
    await store.submit([aSubmit({ id: 'up' }), aSubmit({ id: 'low', task: 'other' })], T0);
    await store.submit([aSubmit({ id: 'waits', waitFor: [{ id: 'up', allowFailure: false }] })], T0);
    await store.submit([aSubmit({ id: 'soon', task: 'third', expiresAt: T0 + 99, idempotencyKey: 'k' })], T0);
    await store.setPaused('other', true, T0);
    await store.close();
    const again = await openOn(disk);
    expect(await again.counts()).toMatchObject({ SCHEDULED: 4 });
    expect(await again.tasks()).toContainEqual({ name: 'other', queued: 1, running: 0, paused: true });
    expect(await again.submit([aSubmit({ id: 'x', task: 'third', idempotencyKey: 'k' })], T0)).toMatchObject([{ kind: 'deduplicated' }]);
    expect(await claimable(again)).toEqual(['up']);
    await again.apply([{ id: 'up', event: { type: 'succeed', token: 't', result: null } }], T0 + 50);
    expect(await claimable(again)).toEqual(['waits']);
    expect(again.nextWakeAt()).toBe(T0 + 99);
    await again.close();
  });
});

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
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      const other = disk.copy();
      other.put(`${FOLDER}/${name}`, changed);
      await expect(readTable(other), `bit ${at % 8} of byte ${at}`).rejects.toMatchObject({ exitCode: 65 });
    }
    for (let length = 0; length < bytes.length; length += 11) {
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
