/** What comes as raw bytes: forms of requests that no client makes, and what they are answered. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { digest } from '../../src/server/guard.ts';
import { createListener } from '../../src/server/listener.ts';
import { ManualClock } from '../helpers/clock.ts';
import { type Started, start, TOKEN } from './started.ts';

const key = `Authorization: Bearer ${TOKEN}\r\n`;
const host = (server: Started) => `Host: 127.0.0.1:${server.server.port}\r\n`;
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

describe('the request line and Host', () => {
  test.each<[string, (server: Started) => string, number]>([
    ['two Host headers', (s) => `GET /api/runs HTTP/1.1\r\n${host(s)}${host(s)}${key}\r\n`, 400],
    ['two Host headers, one of them ours', (s) => `GET /api/runs HTTP/1.1\r\n${host(s)}Host: evil.example\r\n${key}\r\n`, 400],
    ['no Host in HTTP/1.0', () => `GET /api/runs HTTP/1.0\r\n${key}\r\n`, 400],
    ['no Host in HTTP/1.1', () => `GET /api/runs HTTP/1.1\r\n${key}\r\n`, 400],
    ['an absolute target', (s) => `GET http://evil.example/api/runs HTTP/1.1\r\n${host(s)}${key}\r\n`, 400],
    ['an absolute target of our own', (s) => `GET ${s.server.url}/api/runs HTTP/1.1\r\n${host(s)}${key}\r\n`, 400],
    ['a foreign Host without a key', () => 'GET /api/health HTTP/1.1\r\nHost: evil.example\r\n\r\n', 403],
    ['a folded Host', (s) => `GET /api/runs HTTP/1.1\r\nHost:\r\n 127.0.0.1:${s.server.port}\r\n${key}\r\n`, 0],
    ['no HTTP at all', () => 'hello\r\n\r\n', 400],
    ['a token with NUL', (s) => `GET /api/runs HTTP/1.1\r\n${host(s)}Authorization: Bearer ${TOKEN}\0\r\n\r\n`, 400],
    ['two lengths', (s) => `POST /api/runs HTTP/1.1\r\n${host(s)}${key}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    [
      'length and chunks',
      (s) => `POST /api/runs HTTP/1.1\r\n${host(s)}${key}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['an expectation of a stranger', (s) => `GET /api/health HTTP/1.1\r\n${host(s)}Origin: null\r\nExpect: wonders\r\n\r\n`, 403],
    ['an expectation', (s) => `GET /api/runs HTTP/1.1\r\n${host(s)}${key}Expect: wonders\r\n\r\n`, 417],
    ['a tunnel', (s) => `CONNECT evil.example:80 HTTP/1.1\r\n${host(s)}${key}\r\n`, 400],
  ])('%s', async (_, bytes, status) => {
    const server = await start();
    const answer = await server.raw(bytes(server).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    if (status === 0) expect(statusOf(answer)).not.toBe(200);
    else expect(statusOf(answer)).toBe(status);
    expect((await server.ask('/api/health')).status).toBe(200);
  });
});

test('3,000 headers are refused and the server goes on', async () => {
  const server = await start();
  const headers = Array.from({ length: 3_000 }, (_, i) => `x-${i}: y\r\n`).join('');
  const answer = await server.raw(`GET /api/runs HTTP/1.1\r\n${host(server)}${key}${headers}\r\n`);
  expect(statusOf(answer)).toBe(431);
  expect(answer).toContain('x-content-type-options: nosniff');
  expect((await server.ask('/api/health')).status).toBe(200);
});

test('what cannot be parsed is answered with the security headers and an error', async () => {
  const answer = await (await start()).raw('GET / HTTP/9.9\r\n\r\n');
  expect(statusOf(answer)).toBe(400);
  expect(answer).toContain('x-frame-options: DENY');
  expect(answer).toContain('"code":"bad_request"');
});

test('a refusal arrives although the rest of a large body was not read', async () => {
  const server = await start();
  const headers = { 'content-type': 'application/json' };
  const answer = await server.ask('/api/runs', { method: 'POST', token: null, raw: Buffer.alloc(8_000_000, 0x20), headers });
  expect([answer.status, answer.code]).toEqual([401, 'unauthorized']);
});

test('hundreds of idle strangers keep nobody out', async () => {
  const server = await start();
  const idle = Array.from({ length: 300 }, () => connect(server.server.port, '127.0.0.1').on('error', () => undefined));
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  expect((await server.ask('/api/health')).status).toBe(200);
  expect((await server.ask('/api/runs')).status).toBe(200);
  for (const socket of idle) socket.destroy();
});

test('a token is read anew at each request of a connection', async () => {
  const server = await start();
  const request = (token: string, last = '') => `GET /api/version HTTP/1.1\r\n${host(server)}Authorization: Bearer ${token}\r\n${last}\r\n`;
  const answer = await server.raw(request(TOKEN) + request('wrong', 'Connection: close\r\n'));
  expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401']);
});

describe('a stranger', () => {
  const bare = async (clock: ManualClock) => {
    const parts = {
      headers: {},
      onUpgrade: () => undefined,
      onRequest: (_: unknown, answer: { end(text: string): void }) => answer.end('ok'),
    };
    const listener = createListener({
      ...parts,
      clock,
      limits: LIMITS,
      rules: () => ({ port, token: digest(TOKEN), allowHosts: new Set() }),
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const { port } = listener.address() as AddressInfo;
    onTestFinished(() => void listener.close().closeAllConnections());
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    /** Resolves with the first answer. */
    const say = async (head: string): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
      sockets.push(socket);
      socket.write(`${head}\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      await once(socket, 'data');
      return socket;
    };
    const open = () => new Promise<number>((resolve) => listener.getConnections((_, count) => resolve(count)));
    return { say, open };
  };

  test('who claims to have a key where none is asked for stays a stranger, and makes room', async () => {
    const clock = new ManualClock();
    const { say } = await bare(clock);
    const claim = 'GET /api/health HTTP/1.1\r\nAuthorization: Bearer wrong';
    const first = await say(claim);
    for (let i = 1; i < 32; i += 1) await say(claim);
    clock.advance(5_000);
    const told = once(first, 'data');
    await say(claim);
    expect(String((await told)[0])).toMatch(/^HTTP\/1\.1 503 /);
  });

  test.each([
    ['an upgrade', 'GET /api/work HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket'],
    ['a tunnel', 'CONNECT evil.example:80 HTTP/1.1'],
    ['no HTTP', 'hello'],
    ['a request', 'GET /api/runs HTTP/1.1'],
  ])('who was refused %s and does not hang up is hung up on', async (_, head) => {
    const clock = new ManualClock();
    const { say, open } = await bare(clock);
    await say(head);
    clock.advance(500);
    while ((await open()) > 0) await new Promise(setImmediate);
  });
});
