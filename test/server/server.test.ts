/** The server as a whole: where it listens, its one timer, how it stops. */
import { describe, expect, test, vi } from 'vitest';
import { InvalidOptionError, StoreError } from '../../src/core/errors.ts';
import { startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { systemClock } from '../../src/system/system.ts';
import { open, type ServerFrameLike, start, TOKEN, type } from './started.ts';

const options = async () => ({ store: await openStore('memory:'), token: TOKEN, version: '1.2.3', port: 0 });

describe('where it listens', () => {
  test('on loopback unless told otherwise, and says where', async () => {
    const { server } = await start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await fetch(`${server.url}/api/health`)).status).toBe(200);
  });

  test('a port that is taken is an error with its code', async () => {
    const { server } = await start();
    await expect(startServer({ ...(await options()), port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('beyond loopback it needs a token and a name', async () => {
    const all = { ...(await options()), host: '0.0.0.0' };
    await expect(startServer({ ...all, token: null, allowHosts: ['runs.example'] })).rejects.toBeInstanceOf(InvalidOptionError);
    await expect(startServer(all)).rejects.toBeInstanceOf(InvalidOptionError);
    const server = await startServer({ ...all, allowHosts: ['Runs.Example'] });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    await server.close();
  });

  test('it can be called by the names it was given, and by its own number', async () => {
    const { server, ...it } = await start({ host: '127.0.0.2', allowHosts: ['Runs.Example'] });
    expect(server.url).toBe(`http://127.0.0.2:${server.port}`);
    const status = async (host: string) => (await it.ask('/api/version', { headers: { host } })).status;
    expect(await status(`127.0.0.2:${server.port}`)).toBe(200);
    expect(await status('runs.example')).toBe(200);
    expect(await status('other.example')).toBe(403);
    expect(await status('127.0.0.2:1')).toBe(403);
  });
});

test('a run that waits for its time is handed out by the timer alone', async () => {
  const server = await start();
  const worker = await server.work();
  const since = performance.now();
  await server.submit({ task: 'greet', options: { delay: 150 } });
  await worker.next((frame) => frame.type === 'runs');
  expect(performance.now() - since).toBeGreaterThanOrEqual(140);
});

test('a run that nobody starts in time expires by the timer alone', async () => {
  const server = await start();
  const { id } = await server.submit({ task: 'nobody', options: { ttl: 50 } });
  const client = await server.watch();
  client.send({ type: 'watch', ids: [id], detail: false });
  expect(await client.next(type('run'))).toMatchObject({ run: { state: 'EXPIRED' } });
});

test('nothing runs while nothing happens', async () => {
  const after = vi.fn(systemClock.after);
  const server = await start({ clock: { ...systemClock, after } });
  await server.submit({ task: 'greet' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = after.mock.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(after.mock.calls.length).toBe(before);
});

describe('close', () => {
  test('says goodbye to the sockets, stops listening and is safe to call twice', async () => {
    const { server, ...it } = await start();
    const worker = await it.work();
    const client = await it.watch();
    client.send({ type: 'follow', filter: {}, limit: 5 });
    await client.next(type('snapshot'));
    const since = performance.now();
    await Promise.all([server.close(), server.close()]);
    expect(performance.now() - since).toBeLessThan(2_000);
    expect(await worker.closed).toEqual({ code: 1012, reason: 'The server stops' });
    expect(await client.closed).toMatchObject({ code: 1012 });
    expect(await server.closed).toBeNull();
    await expect(it.ask('/api/health')).rejects.toThrow();
  });

  test('does not wait for a peer that does not say goodbye, nor for a request that never ends', async () => {
    const { server, ...it } = await start();
    const client = await it.watch();
    client.socket.pause();
    void it.raw(
      `POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
    );
    void it.raw('');
    await it.ask('/api/health');
    const since = performance.now();
    await server.close();
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  test('refuses submits that arrive while it drains', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const memory = await openStore('memory:');
    const store = new Proxy(memory, {
      get: (target, key) => {
        if (key === 'get') return async (id: string) => held.then(() => target.get(id));
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }) as Store;
    const { server, ...it } = await start({ store });
    const client = await it.watch();
    client.send({ type: 'ping' });
    await client.next(type('pong'));
    const slow = it.ask('/api/runs/some-run'); // keeps the server busy until it is released
    await it.ask('/api/health');
    const closing = server.close();
    client.send({ type: 'submit', ref: 1, runs: [{ id: 'late', task: 'greet' }] });
    await client.closed;
    release();
    expect((await slow).status).toBe(404);
    await closing;
    expect(await memory.get('late')).toBeUndefined();
  });
});

test('a store that cannot go on stops the server, and says why', async () => {
  let fail: (error: StoreError) => void = () => undefined;
  const failed = new Promise<StoreError>((resolve) => {
    fail = resolve;
  });
  const memory = await openStore('memory:');
  const store = new Proxy(memory, {
    get: (target, key) => {
      const value = key === 'failed' ? failed : Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }) as Store;
  const { server, ...it } = await start({ store });
  const client = await it.watch();
  const error = new StoreError('failed', 'the disk said no');
  fail(error);
  expect(await server.closed).toBe(error);
  expect((await client.closed).code).toBe(1012);
});

test('a replaced token sends away those who came in with the old one', async () => {
  const { server, ...it } = await start();
  const client = await it.watch();
  const worker = await it.work();
  server.rotateToken('new-token');
  expect((await client.closed).code).toBe(4401);
  expect((await worker.closed).code).toBe(4401);
  expect((await it.ask('/api/runs')).status).toBe(401);
  expect((await it.ask('/api/runs', { token: 'new-token' })).status).toBe(200);
  const again = await open<ServerFrameLike>(server.port, '/api/watch', { headers: { authorization: 'Bearer new-token' } });
  await new Promise((resolve) => setTimeout(resolve, 1_200)); // beyond the time for goodbyes
  expect(again.socket.readyState).toBe(again.socket.OPEN);
});

test('ended runs are kept as long as it is told', async () => {
  const keep = { completedMs: 60_000, completedCount: 3, failedMs: 60_000, failedCount: 3 };
  const it = await start({ keep });
  const runs = Array.from({ length: 501 }, () => ({ task: 'nobody', options: { ttl: 1 } }));
  await it.ask('/api/runs/batch', { method: 'POST', body: { runs } });
  const counts = async () => (await it.ask('/api/runs/count')).json<{ SCHEDULED: number; EXPIRED: number }>();
  await vi.waitFor(async () => expect(await counts()).toMatchObject({ SCHEDULED: 0 }), 10_000);
  await it.submit(runs[0] as { task: string }); // it expires too: that is when the server looks
  await vi.waitFor(async () => expect((await counts()).EXPIRED).toBeLessThanOrEqual(4), 10_000);
});
