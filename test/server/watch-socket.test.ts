/** A client's connection over a real socket: submits, questions, watched runs, the live list, direct calls. */
import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/api.ts';
import type { WatchFrame } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { Channel } from '../../src/server/channel.ts';
import type { Dispatcher } from '../../src/server/dispatcher.ts';
import * as schema from '../../src/server/schemas.ts';
import { shower } from '../../src/server/shown.ts';
import { WatchSocket } from '../../src/server/watch-socket.ts';
import { Watching } from '../../src/server/watching.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';
import { type Peer, type Started, start, type } from './started.ts';

const ofRun = (id: string) => (frame: WatchFrame) => frame.type === 'run' && frame.run.id === id;
type RunFrame = Extract<WatchFrame, { type: 'run' }>;

/** A worker that answers each run by itself. */
async function serving(server: Started, slots = 10) {
  const worker = await server.work({ slots });
  worker.socket.on('message', (data) => {
    const frame = JSON.parse(data.toString()) as { type: string; runs: { runId: string; token: string }[] };
    if (frame.type !== 'runs') return;
    const outcomes = frame.runs.map(({ runId, token }) => ({ runId, token, type: 'succeed', result: '"done"' }));
    worker.send({ type: 'finished', outcomes });
  });
  return worker;
}
const cancel = (server: Started, id: string) => server.ask(`/api/runs/${id}/cancel`, { method: 'POST' });

describe('submit', () => {
  test('is answered under its reference, in order, when it is stored', async () => {
    const server = await start();
    const client = await server.watch();
    client.send({ type: 'submit', ref: 7, runs: [{ id: 'a', task: 'greet', args: [{ __proto__: null, x: 1 }] }, { task: 'greet' }] });
    const { ref, runs, durability } = await client.next(type('submitted'));
    expect([ref, runs[0], durability]).toEqual([7, { id: 'a', deduplicated: false }, 'memory']);
    expect(await server.store.get('a')).toMatchObject({ args: '[{"x":1}]', state: 'SCHEDULED' });
    expect(runs[1]).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test('many in one turn are all answered', async () => {
    const server = await start();
    const client = await server.watch();
    for (let ref = 0; ref < 500; ref += 1) client.send({ type: 'submit', ref, runs: [{ id: `run-${ref}`, task: 'greet' }] });
    for (let ref = 0; ref < 500; ref += 1)
      expect(await client.next((frame) => frame.type === 'submitted' && frame.ref === ref)).toBeTruthy();
    expect((await server.store.counts()).SCHEDULED).toBe(500);
  });

  test('a bad run is refused by itself, whatever is wrong with it', async () => {
    const server = await start();
    await server.submit({ id: 'taken', task: 'greet' });
    const client = await server.watch();
    const key = { idempotencyKey: 'k' };
    client.send({
      ...{ type: 'submit', ref: 1 },
      runs: [
        { id: 'good', task: 'greet', options: key },
        { task: 'no name' },
        { task: 't', options: { retry: 1 } },
        { id: 'taken', task: 'x' },
        { task: 'greet', options: key },
      ],
    });
    expect((await client.next(type('submitted'))).runs).toMatchObject([
      { id: 'good' },
      { error: { code: 'invalid_request' } },
      { error: { code: 'invalid_request', message: 'options.retry: no such field.' } },
      { error: { code: 'id_conflict' } },
      { id: 'good', deduplicated: true },
    ]);
    const many = `{${Array.from({ length: LIMITS.keys + 1 }, (_, i) => `"k${i}":0`).join(',')}}`;
    client.send(
      `{"type":"submit","ref":2,"runs":[{"id":"r1","task":"t","args":[1e999]},{"id":"r2","task":"t"},{"task":"t","args":[${many}]},{"task":"t","args":${'['.repeat(80)}${']'.repeat(80)}}]}`,
    );
    expect((await client.next(type('submitted'))).runs).toMatchObject([
      { error: { code: 'inexact_number' } },
      { id: 'r2' },
      { error: { code: 'too_many_keys' } },
      { error: { code: 'too_deep' } },
    ]);
  });
});

describe('get and cancel', () => {
  test('answer with the run and its history, or with null', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    const client = await server.watch();
    client.send({ type: 'get', ref: 1, id });
    const got = await client.next(type('got'));
    expect(schema.runView.parse(got.run)).toEqual(got.run);
    expect(got).toMatchObject({ ref: 1, run: { id, state: 'SCHEDULED', history: [{ state: 'SCHEDULED' }] } });
    client.send({ type: 'cancel', ref: 2, id });
    expect(await client.next(type('cancelled'))).toMatchObject({ ref: 2, run: { id, state: 'CANCELLED' } });
    for (const [ref, nobody] of ['nobody', '', '../../etc/passwd', 'x'.repeat(1_000)].entries()) {
      client.send({ type: 'get', ref: 10 + ref, id: nobody });
      client.send({ type: 'cancel', ref: 20 + ref, id: nobody });
      expect(await client.next((frame) => frame.type === 'got' && frame.ref === 10 + ref)).toMatchObject({ run: null });
      expect(await client.next((frame) => frame.type === 'cancelled' && frame.ref === 20 + ref)).toMatchObject({ run: null });
    }
  });
});

describe('watch', () => {
  test('tells when a run is final, and nothing before', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    const client = await server.watch();
    client.send({ type: 'watch', ids: [id], detail: false });
    await serving(server);
    const { run } = (await client.next(ofRun(id))) as RunFrame;
    expect(run).toMatchObject({ state: 'COMPLETED', result: 'done' });
    expect(run).not.toHaveProperty('history');
    expect(client.frames).toHaveLength(1);
  });

  test('tells at once where a run is final already', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    await cancel(server, id);
    const client = await server.watch();
    client.send({ type: 'watch', ids: [id], detail: false });
    expect(((await client.next(ofRun(id))) as RunFrame).run.state).toBe('CANCELLED');
    client.send({ type: 'watch', ids: [id], detail: true });
    expect(((await client.next(ofRun(id))) as RunFrame).run.history?.map((entry) => entry.state)).toEqual(['SCHEDULED', 'CANCELLED']);
  });

  test('says which ids are unknown', async () => {
    const client = await (await start()).watch();
    client.send({ type: 'watch', ids: ['nobody', '../x'], detail: true });
    expect(await client.next(type('unknown'))).toEqual({ type: 'unknown', id: 'nobody' });
    expect(await client.next(type('unknown'))).toEqual({ type: 'unknown', id: '../x' });
  });

  test('with detail tells every state, lines and progress, in order', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    const client = await server.watch();
    client.send({ type: 'watch', ids: [id], detail: true });
    expect(((await client.next(ofRun(id))) as RunFrame).run.state).toBe('SCHEDULED');
    const worker = await server.work();
    const { runs = [] } = await worker.next((frame) => frame.type === 'runs');
    const held = { runId: id, token: runs[0]?.token };
    const line = { at: new Date().toISOString(), level: 'info', text: 'working', attempt: 1 };
    worker.send({ type: 'started', runs: [held] });
    worker.send({ type: 'logs', runs: [{ ...held, lines: [line] }] });
    expect(await client.next(type('log'))).toEqual({ type: 'log', id, lines: [line] });
    worker.send({ type: 'progress', runs: [{ ...held, progress: { done: 1, total: 3, note: null } }] });
    await client.next((frame) => frame.type === 'run' && frame.run.progress?.done === 1);
    worker.send({ type: 'logs', runs: [{ runId: id, token: 'of a zombie', lines: [line] }] });
    worker.send({ type: 'finished', outcomes: [{ ...held, type: 'succeed', result: '1' }] });
    await client.next((frame) => frame.type === 'run' && frame.run.state === 'COMPLETED');
    const states = client.frames.flatMap((frame) => (frame.type === 'run' ? [frame.run.state] : []));
    expect([...new Set(states)]).toEqual(['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED']);
    expect(client.frames.filter((frame) => frame.type === 'log')).toHaveLength(1);
  });

  test('two clients hear of the same run; one that stopped hears nothing', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    const [one, two, three] = [await server.watch(), await server.watch(), await server.watch()];
    for (const client of [one, two, three]) client.send({ type: 'watch', ids: [id], detail: false });
    three.send({ type: 'unwatch', ids: [id, 'nobody'] });
    for (const client of [one, two, three]) {
      client.send({ type: 'ping' });
      await client.next(type('pong'));
    }
    await cancel(server, id);
    expect(((await one.next(ofRun(id))) as RunFrame).run).toEqual(((await two.next(ofRun(id))) as RunFrame).run);
    three.send({ type: 'ping' });
    await three.next(type('pong'));
    expect(three.frames.map((frame) => frame.type)).toEqual(['pong', 'pong']);
  });

  test('thousands of runs are each told once', async () => {
    const server = await start();
    const client = await server.watch();
    const ids = Array.from({ length: 2_000 }, (_, i) => `run-${i}`);
    client.send({ type: 'submit', ref: 1, runs: ids.map((id) => ({ id, task: 'greet' })) });
    await client.next(type('submitted'));
    client.send({ type: 'watch', ids, detail: false });
    await serving(server, 100);
    for (const id of ids) await client.next(ofRun(id));
    expect(client.frames.filter((frame) => frame.type === 'run')).toHaveLength(2_000);
  });
});

describe('follow', () => {
  test('a snapshot, then changes whose numbers rise by one', async () => {
    const server = await start();
    await server.submit({ id: 'a', task: 'greet' });
    const client = await server.watch();
    client.send({ type: 'follow', filter: {}, limit: 50 });
    const snapshot = await client.next(type('snapshot'));
    expect(snapshot).toMatchObject({ seq: 0, durability: 'memory', counts: { SCHEDULED: 1 }, runs: [{ id: 'a' }] });
    await cancel(server, 'a');
    const first = await client.next(type('change'));
    expect(first).toMatchObject({ seq: 1, runs: [{ id: 'a', state: 'CANCELLED' }], removed: [], counts: { CANCELLED: 1, SCHEDULED: 0 } });
    await server.ask('/api/runs/a', { method: 'DELETE' });
    expect(await client.next(type('change'))).toMatchObject({ seq: 2, removed: ['a'] });
  });

  test('a burst of changes is a few frames with the last word on each run', async () => {
    const server = await start();
    const client = await server.watch();
    client.send({ type: 'follow', filter: { task: 'greet' }, limit: 1_000 });
    await client.next(type('snapshot'));
    await serving(server, 50);
    await server.ask('/api/runs/batch', { method: 'POST', body: { runs: Array.from({ length: 500 }, () => ({ task: 'greet' })) } });
    await client.next((frame) => frame.type === 'change' && frame.counts.COMPLETED === 500);
    const last = new Map<string, RunView>();
    for (const frame of client.frames) if (frame.type === 'change') for (const run of frame.runs) last.set(run.id, run);
    expect([...last.values()].filter((run) => run.state === 'COMPLETED')).toHaveLength(500);
    expect(client.frames.length).toBeLessThan(100);
    const seqs = client.frames.flatMap((frame) => (frame.type === 'change' || frame.type === 'snapshot' ? [frame.seq] : []));
    expect(seqs).toEqual(seqs.map((_, index) => index));
  });

  test('the next follow takes the place of the one before; a paused task shows', async () => {
    const server = await start();
    await server.submit({ id: 'a', task: 'greet' });
    const client = await server.watch();
    client.send({ type: 'follow', filter: { task: 'other' }, limit: 5 });
    expect((await client.next(type('snapshot'))).runs).toEqual([]);
    client.send({ type: 'follow', filter: { task: 'greet' }, limit: 5 });
    expect((await client.next(type('snapshot'))).runs).toMatchObject([{ stateName: 'Scheduled' }]);
    await server.ask('/api/tasks/greet/pause', { method: 'POST' });
    expect((await client.next(type('snapshot'))).runs).toMatchObject([{ stateName: 'Paused' }]);
  });
});

test('a list that was given up tells nothing more', async () => {
  const server = await start();
  await server.submit({ id: 'a', task: 'greet' });
  const client = await server.watch();
  client.send({ type: 'follow', filter: {}, limit: 5 });
  await client.next(type('snapshot'));
  client.send({ type: 'unfollow' });
  client.send({ type: 'unfollow' });
  await cancel(server, 'a');
  client.send({ type: 'watch', ids: ['a'], detail: false });
  await client.next(ofRun('a'));
  client.send({ type: 'follow', filter: {}, limit: 5 });
  expect((await client.next(type('snapshot'))).runs).toMatchObject([{ state: 'CANCELLED' }]);
  expect(client.frames.map((frame) => frame.type)).toEqual(['snapshot', 'run', 'snapshot']);
});

describe('direct calls', () => {
  const call = (over: object = {}) => ({
    ...{ runId: 'direct-1', token: 't1', task: 'greet', args: ['Ford'], name: null, tags: [], maxAttempts: 1, parentId: null },
    ...{ startedAt: new Date().toISOString(), caller: 'me' },
    ...over,
  });
  const began = async (client: Peer<WatchFrame>, runs: object[]) => {
    client.send({ type: 'began', runs });
    client.send({ type: 'ping' });
    await client.next(type('pong'));
  };

  test('are recorded while they run and when they end', async () => {
    const server = await start();
    const client = await server.watch();
    await began(client, [call()]);
    expect(await server.store.get('direct-1')).toMatchObject({ state: 'RUNNING', worker: 'me', attempt: 1, args: '["Ford"]' });
    const line = { at: new Date().toISOString(), level: 'info', text: 'hi', attempt: 1 };
    client.send({ type: 'logs', runs: [{ runId: 'direct-1', token: 't1', lines: [line] }] });
    client.send({ type: 'finished', outcomes: [{ runId: 'direct-1', token: 't1', type: 'succeed', result: '"hello"' }] });
    expect((await client.next(type('recorded'))).runs).toEqual([{ runId: 'direct-1', token: 't1' }]);
    expect(await server.store.get('direct-1')).toMatchObject({ state: 'COMPLETED', result: '"hello"' });
    expect(await server.store.logs('direct-1')).toEqual([line]);
  });

  test('of another connection cannot be ended', async () => {
    const server = await start();
    const [one, two] = [await server.watch(), await server.watch()];
    await began(one, [call()]);
    two.send({ type: 'finished', outcomes: [{ runId: 'direct-1', token: 'guessed', type: 'succeed', result: null }] });
    expect((await two.next(type('fenced'))).runs).toEqual([{ runId: 'direct-1', token: 'guessed' }]);
    expect(await server.store.get('direct-1')).toMatchObject({ state: 'RUNNING' });
  });
});

describe('over a socket that a test drains by hand', () => {
  async function byHand() {
    const clock = new ManualClock();
    const store = await openStore('memory:', { clock });
    const sent: string[] = [];
    const done: (() => void)[] = [];
    const closes: number[] = [];
    let isEnded = false;
    const raw = {
      ...{ bufferedAmount: 0, pause: () => undefined, resume: () => undefined },
      terminate: () => {
        isEnded = true;
      },
      close: (code: number) => void closes.push(code),
      send: (text: string, cb: () => void) => {
        const { type: name, run } = JSON.parse(text) as { type: string; run?: { id: string; state: string } };
        sent.push(run ? `${run.id} ${run.state}` : name);
        done.push(cb);
      },
    };
    const channel = new Channel(raw, { cork: () => undefined, uncork: () => undefined }, 100);
    const dispatcher = { onLogs: () => () => undefined } as unknown as Dispatcher;
    const show = shower(store, clock);
    /** Reads of single runs wait for this. */
    let reads = Promise.resolve();
    const slowly = new Proxy(store, {
      get: (target, key) => {
        const value = Reflect.get(target, key);
        if (key === 'get') return async (id: string) => target.get(id).then((run) => reads.then(() => run));
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const onError = (error: unknown) => {
      throw error;
    };
    const socket = new WatchSocket(channel, {
      dispatcher,
      store: slowly,
      clock,
      show,
      watching: new Watching(store, dispatcher, show),
      limits: LIMITS,
      onError,
    });
    await store.submit([aSubmit({ id: 'a' }), aSubmit({ id: 'b' })], clock.now());
    const turns = async () => {
      for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
    };
    const cancelRun = async (id: string) => {
      await store.apply([{ id, event: { type: 'cancel', reason: 'x' } }], clock.now());
      await turns();
    };
    const drain = async (left = 0) => {
      raw.bufferedAmount = left;
      for (const cb of done.splice(0)) cb();
      await turns();
    };
    const holdReads = () => {
      let release: () => void = () => undefined;
      reads = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    };
    return { clock, socket, raw, sent, closes, ended: () => isEnded, turns, cancelRun, drain, holdReads };
  }
  const watch = (...ids: string[]) => JSON.stringify({ type: 'watch', ids, detail: true });

  test('while it is full nothing is added, and afterwards the newest state is told', async () => {
    const it = await byHand();
    it.socket.receive(watch('a', 'b'));
    await it.turns();
    it.socket.receive('{"type":"ping"}');
    it.raw.bufferedAmount = 1_000;
    await it.turns();
    await it.cancelRun('a');
    expect(it.sent).toEqual(['a SCHEDULED', 'b SCHEDULED']);
    await it.drain();
    expect(it.sent).toEqual(['a SCHEDULED', 'b SCHEDULED', 'pong', 'a CANCELLED']);
    it.clock.advance(60_000);
    expect(it.closes).toEqual([]);
  });

  const fullFor = async (ms: number) => {
    const it = await byHand();
    it.socket.receive(watch('a', 'b'));
    await it.turns();
    it.raw.bufferedAmount = 1_000;
    it.socket.receive('{"type":"ping"}');
    await it.turns();
    it.clock.advance(ms);
    return it;
  };

  test('that stays full for 5 s is told to ask anew, and closed when it has heard that; nothing comes in between', async () => {
    const it = await fullFor(4_999);
    expect(it.sent).toEqual(['a SCHEDULED', 'b SCHEDULED']);
    it.clock.advance(1);
    await it.cancelRun('a');
    expect([it.sent, it.closes]).toEqual([['a SCHEDULED', 'b SCHEDULED', 'resync'], []]);
    await it.drain();
    await it.cancelRun('b');
    expect([it.sent.length, it.closes, it.ended()]).toEqual([3, [1013], false]);
  });

  test('that takes nothing for 5 s more is ended without a word', async () => {
    const it = await fullFor(5_000);
    it.clock.advance(4_999);
    expect(it.ended()).toBe(false);
    it.clock.advance(1);
    expect([it.closes, it.ended()]).toEqual([[], true]);
  });

  test('a state that was read before a change is not told after it', async () => {
    const it = await byHand();
    const release = it.holdReads();
    it.socket.receive(watch('a'));
    await it.turns();
    await it.cancelRun('a');
    release();
    await it.turns();
    expect(it.sent).toEqual(['a CANCELLED']);
  });

  test('a run that was given up while it was read is not told', async () => {
    const it = await byHand();
    const release = it.holdReads();
    it.socket.receive(watch('a'));
    it.socket.receive('{"type":"unwatch","ids":["a"]}');
    release();
    await it.turns();
    expect(it.sent).toEqual([]);
  });
});
