import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/client.ts';
import { RunFuture } from '../../src/client/future.ts';
import { webTransport } from '../../src/client/web.ts';
import { completed, FakeServer } from './fake-server.ts';

let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeEach(async () => {
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
});
afterEach(() => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  server.close();
});

const ask = (over: object = {}) => webTransport().request({ method: 'GET', url, headers: {}, body: null, timeoutMs: 10_000, ...over });

describe('fetch', () => {
  test('gives status and body', async () => {
    answer = (_, response) => response.writeHead(404).end('Ä');
    expect(await ask()).toEqual({ status: 404, body: 'Ä' });
    answer = (_, response) => response.writeHead(204).end();
    expect(await ask()).toEqual({ status: 204, body: '' });
  });

  test('does not follow a redirect', async () => {
    answer = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    expect((await ask()).status).toBe(302);
  });

  test('that fails is a network error; only a timeout proves that somebody was there', async () => {
    answer = () => undefined;
    await expect(ask({ timeoutMs: 30 })).rejects.toMatchObject({ name: 'NetworkError', reached: true });
    await expect(ask({ url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({ name: 'NetworkError', reached: false });
  });
});

test('a client on the globals of a browser submits, waits and hears', async () => {
  const fake = await FakeServer.start();
  vi.stubGlobal('WebSocket', WebSocket);
  const client = createClient({ address: async () => ({ url: fake.url, apiKey: null }) });
  const [run] = await client.submit([{ task: 'greet', args: ['Ford'] }]);
  const result = new RunFuture(client, run?.id ?? '').result();
  await fake.until(() => fake.framesOf('watch').length === 1);
  fake.change(run?.id ?? '', completed('hi'));
  expect(await result).toBe('hi');
  await client.close();
  await fake.kill();
});

test('where there is no WebSocket, a wait says what to do', async () => {
  vi.stubGlobal('WebSocket', undefined);
  answer = (_, response) => response.end('{}');
  const client = createClient({ address: async () => ({ url, apiKey: null }) });
  await expect(client.final('a')).rejects.toMatchObject({ cause: { message: expect.stringContaining('In Node, give createClient') } });
  await client.close();
});
