/** The live list over a memory store and a clock that stands still: what a follower is sent, and how often. */
import { describe, expect, test } from 'vitest';
import type { RunFilter, RunView } from '../../src/core/api.ts';
import { emptyView, type FollowEvent, fold, type View } from '../../src/core/view.ts';
import { Channel } from '../../src/server/channel.ts';
import { Follower } from '../../src/server/follower.ts';
import { shower } from '../../src/server/shown.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit, BOOM, LEASE } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

type Frame = Extract<FollowEvent, { type: 'snapshot' | 'change' }>;

async function following(filter: RunFilter = {}, limit = 10, before: readonly string[] = []) {
  const clock = new ManualClock();
  const store = await openStore('memory:', { clock });
  const submit = (...ids: string[]) =>
    store.submit(
      ids.map((id) => aSubmit({ id, createdAt: clock.now() })),
      clock.now(),
    );
  const apply = (id: string, ...events: Parameters<typeof store.apply>[0][number]['event'][]) =>
    store.apply(
      events.map((event) => ({ id, event })),
      clock.now(),
    );
  if (before.length > 0) await submit(...before);
  const frames: Frame[] = [];
  let view: View = emptyView(limit, clock.now());
  const socket = {
    ...{ bufferedAmount: 0, close: () => undefined, terminate: () => undefined, pause: () => undefined, resume: () => undefined },
    done: [] as (() => void)[],
    send(text: string, done: () => void) {
      socket.done.push(done);
      if (text.includes('pong')) return;
      const frame = JSON.parse(text) as Frame;
      frames.push(frame);
      view = fold(view, frame, clock.now());
    },
  };
  const channel = new Channel(socket, { cork: () => undefined, uncork: () => undefined }, 1_000);
  const onError = (error: unknown) => {
    throw error;
  };
  const follower = new Follower({ filter, limit, channel, store, clock, show: shower(store, clock), onError });
  store.onCommit(({ runs, removed }) => {
    for (const run of runs) follower.changed(run);
    for (const id of removed) follower.removed(id);
  });
  /** Lets `ms` pass, and what is due then be sent. */
  const pass = async (ms: number) => {
    for (let left = ms; left >= 0; left -= 50) {
      clock.advance(Math.min(50, left));
      for (let i = 0; i < 4; i += 1) await new Promise(setImmediate);
    }
  };
  return {
    clock,
    store,
    submit,
    apply,
    frames,
    follower,
    channel,
    socket,
    pass,
    ids: () => view.runs.map((run) => run.id),
    view: () => view,
  };
}

const assign = { type: 'assign', lease: LEASE, maxAttempts: 1 } as const;
const begin = { type: 'start', token: LEASE.token } as const;
const succeed = { type: 'succeed', token: LEASE.token, result: '1' } as const;
const fail = { type: 'fail', token: LEASE.token, error: BOOM, retry: false, retryDelayMs: 0, timedOut: false } as const;

test('begins with a snapshot of the newest runs, the counts and the durability', async () => {
  const it = await following({}, 2, ['a', 'b', 'c']);
  await it.pass(0);
  expect(it.frames).toHaveLength(1);
  expect(it.frames[0]).toMatchObject({ type: 'snapshot', seq: 0, durability: 'memory', counts: { SCHEDULED: 3 } });
  expect(it.ids()).toEqual(['c', 'b']);
  expect(it.frames[0]?.runs[0]).not.toHaveProperty('history');
});

test('what changes within 100 ms is one frame with the newest form of each run', async () => {
  const it = await following({}, 10, ['a', 'b']);
  await it.pass(200);
  await it.apply('a', assign);
  await it.pass(0); // the first change after a pause goes out at once
  expect(it.frames.at(-1)).toMatchObject({
    type: 'change',
    seq: 1,
    runs: [{ id: 'a', state: 'PENDING' }],
    counts: { PENDING: 1, SCHEDULED: 1 },
  });
  await it.apply('a', begin);
  await it.apply('b', assign);
  await it.apply('a', succeed);
  await it.pass(50);
  expect(it.frames).toHaveLength(2);
  await it.pass(60);
  expect(it.frames).toHaveLength(3);
  const last = it.frames[2] as Extract<Frame, { type: 'change' }>;
  expect(last.seq).toBe(2);
  expect(last.runs.map((run) => [run.id, run.state]).sort()).toEqual([
    ['a', 'COMPLETED'],
    ['b', 'PENDING'],
  ]);
});

test('nothing is sent while nothing changes', async () => {
  const it = await following({}, 10, ['a']);
  await it.pass(60_000);
  expect(it.frames).toHaveLength(1);
});

describe('a filter', () => {
  test('of a text keeps others out', async () => {
    const it = await following({ text: 'x GREET' });
    await it.pass(200);
    await it.store.submit([aSubmit({ id: 'a', tags: ['x'] }), aSubmit({ id: 'b' }), aSubmit({ id: 'c', task: 'other', tags: ['x'] })], 0);
    await it.pass(200);
    expect(it.ids()).toEqual(['a']);
  });

  test('of task and tag keeps others out', async () => {
    const it = await following({ task: 'greet', tag: 'x' });
    await it.pass(200);
    await it.store.submit([aSubmit({ id: 'a', tags: ['x'] }), aSubmit({ id: 'b' }), aSubmit({ id: 'c', task: 'other', tags: ['x'] })], 0);
    await it.pass(200);
    expect(it.ids()).toEqual(['a']);
  });

  test('of states lets runs come and go', async () => {
    const it = await following({ state: ['PENDING', 'RUNNING'] }, 10, ['a', 'b']);
    await it.pass(200);
    expect(it.ids()).toEqual([]);
    await it.apply('a', assign);
    await it.pass(200);
    expect(it.ids()).toEqual(['a']);
    await it.apply('a', begin, succeed);
    await it.pass(200);
    expect(it.ids()).toEqual([]);
    expect(it.frames.at(-1)).toMatchObject({ removed: ['a'], counts: { COMPLETED: 1, SCHEDULED: 1 } });
  });

  test('of a final state tells of no run that never was in it', async () => {
    const it = await following({ state: ['FAILED'] }, 10, ['a', 'b']);
    await it.pass(200);
    await it.apply('a', assign, begin, succeed);
    await it.apply('b', assign, begin, fail);
    await it.pass(200);
    expect(it.frames.slice(1).flatMap((frame) => (frame.type === 'change' ? frame.removed : []))).toEqual([]);
    expect(it.ids()).toEqual(['b']);
  });

  test('that runs leave is filled up from the older ones', async () => {
    const it = await following({ state: ['SCHEDULED'] }, 2, ['a', 'b', 'c']);
    await it.pass(200);
    expect(it.ids()).toEqual(['c', 'b']);
    await it.apply('c', assign);
    await it.pass(200);
    expect(it.ids()).toEqual(['b']);
    await it.pass(1_000);
    expect(it.ids()).toEqual(['b', 'a']);
    expect(it.frames.at(-1)?.type).toBe('snapshot');
  });
});

test('a removed run leaves the list', async () => {
  const it = await following({}, 10, ['a', 'b']);
  await it.pass(200);
  await it.apply('a', { type: 'cancel', reason: 'x' });
  await it.store.remove(['a']);
  await it.pass(200);
  expect(it.ids()).toEqual(['b']);
});

test('of many changes only those that can be in the list are sent', async () => {
  const it = await following({}, 5);
  await it.pass(200);
  for (let i = 0; i < 30; i += 1) {
    it.clock.advance(1);
    await it.submit(...Array.from({ length: 100 }, (_, n) => `run-${String(i).padStart(3, '0')}-${n}`));
  }
  await it.pass(300);
  expect(it.frames.every((frame) => frame.runs.length <= 5)).toBe(true);
  expect(it.ids()).toEqual(
    (await it.store.list({ limit: 5 })).runs
      .map((run) => run.id)
      .sort()
      .reverse(),
  );
  expect(it.view().counts?.SCHEDULED).toBe(3_000);
});

test('thousands of removals are told by a new snapshot', async () => {
  const it = await following({}, 5, ['a']);
  await it.pass(200);
  for (let i = 0; i <= 10_001; i += 1) it.follower.removed(`gone-${i}`);
  await it.pass(200);
  expect(it.frames.map((frame) => frame.type)).toEqual(['snapshot', 'snapshot']);
  expect(it.frames.map((frame) => frame.seq)).toEqual([0, 1]);
});

test('a peer that is behind is sent nothing, and the newest state when it has caught up', async () => {
  const it = await following({}, 10, ['a']);
  await it.pass(200);
  it.socket.bufferedAmount = 5_000;
  it.channel.onDrained = () => it.follower.wake();
  it.channel.send('{"type":"pong"}');
  await it.pass(0);
  expect(it.channel.isBehind).toBe(true);
  const sent = it.frames.length;
  await it.apply('a', assign, begin);
  await it.submit('b');
  await it.apply('a', succeed);
  await it.pass(1_000);
  expect(it.frames).toHaveLength(sent);
  it.socket.bufferedAmount = 0;
  for (const done of it.socket.done) done();
  await it.pass(200);
  expect(it.frames).toHaveLength(sent + 1);
  expect(it.view().runs.map((run) => [run.id, run.state])).toEqual([
    ['b', 'SCHEDULED'],
    ['a', 'COMPLETED'],
  ]);
});

test('runs too large for one frame come in several, newest first, and none in a form that is old', async () => {
  const it = await following({}, 10);
  const args = JSON.stringify(['x'.repeat(400_000)]);
  for (const id of 'abcdefg') await it.store.submit([aSubmit({ id, args, createdAt: it.clock.now() })], it.clock.now());
  await it.pass(0);
  expect(it.ids()).toEqual(['g', 'f']);
  await it.apply('c', { type: 'cancel', reason: 'x' });
  await it.apply('g', { type: 'cancel', reason: 'x' });
  await it.store.remove(['g']);
  await it.pass(500);
  expect(it.frames.map((frame) => [frame.type, frame.seq, frame.runs.length])).toEqual([
    ['snapshot', 0, 2],
    ['change', 1, 2],
    ['change', 2, 2],
    ['change', 3, 1],
  ]);
  expect(it.ids()).toEqual(['f', 'e', 'd', 'c', 'b', 'a']);
  expect(it.view().runs[3]).toMatchObject({ id: 'c', state: 'CANCELLED' });
});

test('a renewed list is read again', async () => {
  const it = await following({}, 10, ['a']);
  await it.pass(200);
  await it.store.setPaused('task', 'greet', true, it.clock.now());
  it.follower.renew();
  await it.pass(200);
  expect(it.frames.at(-1)).toMatchObject({ type: 'snapshot', runs: [{ stateName: 'Paused' } satisfies Partial<RunView>] });
});

test('a stopped follower sends nothing more', async () => {
  const it = await following({}, 10, ['a']);
  await it.pass(200);
  it.follower.stop();
  await it.apply('a', assign);
  await it.pass(2_000);
  expect(it.frames).toHaveLength(1);
});
