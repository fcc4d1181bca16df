/** A worker's connection over a real socket: the way of a run through it, and what ends it. */
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { systemClock } from '../../src/system/system.ts';
import { helloOf, type ServerFrameLike, start } from './started.ts';

const ofType = (type: string) => (frame: ServerFrameLike) => frame.type === type;

test('a run goes out to a free slot and its outcome comes back', async () => {
  const server = await start();
  const worker = await server.work();
  expect(await worker.next(ofType('welcome'))).toMatchObject({ type: 'welcome', fenced: [], limits: { resultBytes: LIMITS.resultBytes } });
  const { id } = await server.submit({ task: 'greet', args: ['Ford'] });
  const { runs = [] } = await worker.next(ofType('runs'));
  expect(runs).toMatchObject([{ runId: id, task: 'greet', args: '["Ford"]', attempt: 1, upstream: {} }]);
  const held = { runId: id, token: runs[0]?.token as string };
  worker.send({ type: 'started', runs: [held] });
  worker.send({ type: 'progress', runs: [{ ...held, progress: { done: 1, total: 2, note: 'half' } }] });
  worker.send({ type: 'logs', runs: [{ ...held, lines: [{ at: new Date().toISOString(), level: 'info', text: 'hi', attempt: 1 }] }] });
  worker.send({ type: 'finished', outcomes: [{ ...held, type: 'succeed', result: '"hello"' }] });
  expect(await worker.next(ofType('recorded'))).toEqual({ type: 'recorded', runs: [held] });
  expect((await server.ask(`/api/runs/${id}`)).json()).toMatchObject({
    state: 'COMPLETED',
    result: 'hello',
    progress: { done: 1, note: 'half' },
  });
  expect((await server.ask(`/api/runs/${id}/logs`)).json()).toMatchObject([{ text: 'hi' }]);
});

test('what one turn grants comes in one frame', async () => {
  const server = await start();
  const worker = await server.work();
  await worker.next(ofType('welcome'));
  await server.ask('/api/runs/batch', { method: 'POST', body: { runs: Array.from({ length: 10 }, () => ({ task: 'greet' })) } });
  const { runs = [] } = await worker.next(ofType('runs'));
  expect(runs).toHaveLength(10);
  worker.send({ type: 'finished', outcomes: runs.map(({ runId, token }) => ({ runId, token, type: 'succeed', result: null })) });
  expect((await worker.next(ofType('recorded'))).runs).toHaveLength(10);
});

test('a report under a lease that is not its own is fenced', async () => {
  const server = await start();
  const worker = await server.work();
  worker.send({ type: 'finished', outcomes: [{ runId: 'x', token: 'old', type: 'succeed', result: null }] });
  expect(await worker.next(ofType('fenced'))).toEqual({ type: 'fenced', runs: [{ runId: 'x', token: 'old' }] });
});

test('a cancelled run is told to its worker', async () => {
  const server = await start();
  const worker = await server.work();
  const { id } = await server.submit({ task: 'greet' });
  const { runs = [] } = await worker.next(ofType('runs'));
  expect((await server.ask(`/api/runs/${id}/cancel`, { method: 'POST' })).json()).toMatchObject({ state: 'CANCELLING' });
  expect(await worker.next(ofType('cancel'))).toMatchObject({ runs: [{ runId: id, token: runs[0]?.token }] });
});

test('a large result with many quotes still fits into a frame', async () => {
  const server = await start();
  const worker = await server.work();
  const { id } = await server.submit({ task: 'greet' });
  const { runs = [] } = await worker.next(ofType('runs'));
  const result = JSON.stringify(['"'.repeat(520_000)]);
  worker.send({ type: 'finished', outcomes: [{ runId: id, token: runs[0]?.token, type: 'succeed', result }] });
  await worker.next(ofType('recorded'));
  expect(await server.store.get(id)).toMatchObject({ state: 'COMPLETED', result });
});

test('a ping is answered', async () => {
  const worker = await (await start()).work();
  worker.send({ type: 'ping' });
  await worker.next(ofType('pong'));
});

describe('a connection ends', () => {
  test('when something comes before hello', async () => {
    const worker = await (await start()).work(null);
    worker.send({ type: 'ping' });
    expect(await worker.closed).toMatchObject({ code: 1002, reason: 'The first frame must be hello' });
  });

  test('when hello comes twice', async () => {
    const worker = await (await start()).work();
    worker.send(helloOf());
    expect(await worker.closed).toMatchObject({ code: 1002 });
  });

  test('when it speaks another protocol', async () => {
    const worker = await (await start()).work({ protocol: 99 });
    expect(await worker.closed).toEqual({ code: 4400, reason: 'This server speaks protocol 1' });
  });

  test('when no hello comes in 5 s', async () => {
    const clock = { ...systemClock, after: (ms: number, fn: () => void, unref?: boolean) => systemClock.after(ms / 50, fn, unref) };
    const worker = await (await start({ clock })).work(null);
    expect(await worker.closed).toEqual({ code: 1002, reason: 'No hello came' });
  });
});
