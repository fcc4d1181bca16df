/** Both sockets: who may open them, what ends one and only that one, peers that do not read, silence. */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/system/system.ts';
import { aSubmit } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';
import { AUTHORIZED, open, type Started, start, TOKEN, type } from './started.ts';

/** Time passes so many times faster for whoever waits. */
const hurried = (times: number) => ({
  ...systemClock,
  monotonic: () => systemClock.monotonic() * times,
  after: (ms: number, fn: () => void, unref?: boolean) => systemClock.after(ms / times, fn, unref),
});
const refused = async (server: Started, path: string, options: Parameters<typeof open>[2]) =>
  open(server.server.port, path, options).then(
    () => 'open',
    (error: Error) => error.message,
  );

describe('an upgrade is answered with HTTP instead of 101', () => {
  test.each([
    ['no token', '/api/watch', { headers: {} }, 'HTTP 401'],
    ['no token', '/api/work', { headers: {} }, 'HTTP 401'],
    ['no token on another path', '/api/runs', { headers: {} }, 'HTTP 401'],
    ['a wrong token', '/api/work', { headers: { authorization: 'Bearer wrong' } }, 'HTTP 401'],
    ['a foreign origin', '/api/watch', { headers: { ...AUTHORIZED, origin: 'http://evil.example' } }, 'HTTP 403'],
    ['a foreign site', '/api/watch', { headers: { ...AUTHORIZED, 'sec-fetch-site': 'cross-site' } }, 'HTTP 403'],
    ['a foreign host', '/api/watch', { headers: { ...AUTHORIZED, host: 'evil.example' } }, 'HTTP 403'],
    ['another subprotocol', '/api/watch', { protocols: ['bgtask.v0'] }, 'HTTP 400'],
    ['no subprotocol', '/api/work', { protocols: [] }, 'HTTP 400'],
    ['a path without a socket', '/api/runs', {}, 'HTTP 404'],
    ['a path that looks like one', '/api/watch/', {}, 'HTTP 404'],
  ])('%s at %s', async (_, path, options, answer) => {
    expect(await refused(await start(), path, options)).toBe(answer);
  });

  test('with the security headers and the error in JSON', async () => {
    const server = await start();
    const head = `GET /api/work HTTP/1.1\r\nHost: 127.0.0.1:${server.server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    const answer = await server.raw(`${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(answer).toContain('www-authenticate: Bearer');
    expect(answer).toContain('x-frame-options: DENY');
    expect(answer).toContain('{"error":{"code":"unauthorized"');
  });

  test('and without a token where none is asked for', async () => {
    const server = await start({ token: null });
    expect(await refused(server, '/api/watch', { headers: {} })).toBe('open');
    expect(await refused(server, '/api/watch', { headers: { origin: 'http://evil.example' } })).toBe('HTTP 403');
  });
});

describe('a malformed frame ends its own socket and nothing else', () => {
  test.each<[string, string | Buffer, number]>([
    ['no JSON', 'hello', 1007],
    ['nothing', '', 1007],
    ['deep brackets', '['.repeat(100_000), 1007],
    ['an unknown type', '{"type":"nothing"}', 1002],
    ['a missing field', '{"type":"get"}', 1002],
    ['an array', '[]', 1002],
    ['bytes', Buffer.from([1, 2, 3]), 1002],
    ['too many bytes', `{"type":"${'x'.repeat(3_000_000)}"}`, 1009],
  ])('%s', async (_, frame, code) => {
    const server = await start();
    const neighbour = await server.watch();
    const client = await server.watch();
    client.socket.send(frame);
    expect((await client.closed).code).toBe(code);
    neighbour.send({ type: 'ping' });
    await neighbour.next(type('pong'));
  });

  test('nothing that came after it in the same turn is done', async () => {
    const server = await start();
    const client = await server.watch();
    client.send('broken');
    client.send({ type: 'submit', ref: 1, runs: [{ id: 'late', task: 'greet' }] });
    await client.closed;
    expect(await server.store.get('late')).toBeUndefined();
  });

  test.each<[string, number[], number]>([
    ['reserved bits', [0xf1, 0x80, 0, 0, 0, 0], 1002],
    ['an unmasked frame', [0x81, 0x01, 0x41], 1002],
    ['an unknown opcode', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['bad UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe], 1007],
    ['a fragment of nothing', [0x80, 0x80, 0, 0, 0, 0], 1002],
    ['2,000 fragments', [0x01, 0x80, 0, 0, 0, 0, ...Array.from({ length: 2_000 }, () => [0x00, 0x81, 0, 0, 0, 0, 0x41]).flat()], 1009],
    ['a length beyond all bounds', [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1009],
  ])('on the wire: %s', async (_, bytes, code) => {
    const server = await start();
    const head = `GET /api/watch HTTP/1.1\r\nHost: 127.0.0.1:${server.server.port}\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    const upgrade = `${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: bgtask.v1\r\nSec-WebSocket-Version: 13\r\n`;
    const answer = await rawSocket(server.server.port, `${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`, bytes);
    expect(answer).toMatch(/^HTTP\/1.1 101 /);
    expect(answer.slice(-4)).toBe(String.fromCharCode(0x88, 2, code >> 8, code & 0xff));
    expect((await server.ask('/api/health')).status).toBe(200);
  });
});

/** Upgrades, sends `bytes`, and answers with all that came until the server closed. */
function rawSocket(port: number, head: string, bytes: number[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head));
    let text = '';
    socket.on('data', (chunk) => {
      if (text === '') socket.write(Buffer.from(bytes));
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

describe('a client that does not read', () => {
  /** Runs whose finals are far more than any socket holds. */
  const big = async (server: Started) => {
    const ids = Array.from({ length: 30 }, (_, i) => `big-${i}`);
    const args = JSON.stringify(['x'.repeat(500_000)]);
    await server.store.submit(
      ids.map((id) => aSubmit({ id, args })),
      Date.now(),
    );
    return ids;
  };
  /** One after the other, so that the socket fills up in between. */
  const cancelAll = async (server: Started, ids: readonly string[]) => {
    for (const id of ids) {
      await server.store.apply([{ id, event: { type: 'cancel', reason: 'x' } }], Date.now());
      await new Promise(setImmediate);
    }
  };

  test('loses nothing it must know once it reads again', async () => {
    const server = await start();
    const ids = await big(server);
    const client = await server.watch();
    client.send({ type: 'watch', ids, detail: false });
    client.send({ type: 'ping' });
    await client.next(type('pong'));
    client.socket.pause();
    await cancelAll(server, ids);
    client.socket.resume();
    for (const id of ids) {
      expect(await client.next((frame) => frame.type === 'run' && frame.run.id === id)).toMatchObject({ run: { state: 'CANCELLED' } });
    }
    expect(client.frames.filter((frame) => frame.type === 'run')).toHaveLength(30);
  });

  /** It has not read for 5 s. */
  const behind = async () => {
    const clock = new ManualClock(Date.now());
    const server = await start({ clock });
    const ids = await big(server);
    const client = await server.watch();
    client.send({ type: 'watch', ids, detail: false });
    client.send({ type: 'ping' });
    await client.next(type('pong'));
    client.socket.pause();
    await cancelAll(server, ids);
    clock.advance(5_000);
    return { clock, server, ids, client };
  };

  test('for 5 s and then does hears that there is a gap, and finds the truth on a new connection', async () => {
    const { server, ids, client } = await behind();
    client.socket.resume();
    expect(await client.closed).toEqual({ code: 1013, reason: 'The client does not read what it asked for' });
    expect(client.frames.at(-1)).toEqual({ type: 'resync' });
    expect(client.frames.length).toBeLessThan(30);
    const again = await server.watch();
    again.send({ type: 'watch', ids, detail: false });
    for (const id of ids) await again.next((frame) => frame.type === 'run' && frame.run.id === id && frame.run.state === 'CANCELLED');
  });

  test('for 10 s is cut off', async () => {
    const { clock, client } = await behind();
    clock.advance(5_000);
    client.socket.resume();
    expect((await client.closed).code).toBe(1006);
    expect(client.frames.map((frame) => frame.type)).not.toContain('resync');
  });
});

describe('silence', () => {
  test('a client that answers pings of its socket may say nothing', async () => {
    const server = await start({ clock: hurried(100) });
    const client = await server.watch();
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // 150 s of the server's time
    client.send({ type: 'ping' });
    await client.next(type('pong'));
  });

  test('a worker that says nothing for its lease is sent away', async () => {
    const server = await start({ clock: hurried(100) });
    const worker = await server.work();
    const { code } = await worker.closed;
    expect([1006, 4408]).toContain(code);
  });
});
