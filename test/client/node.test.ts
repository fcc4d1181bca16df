import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeConnect, nodeTransport } from '../../src/client/node.ts';
import { ANSWER_BYTES, NetworkError, type Transport } from '../../src/client/transport.ts';
import { FakeServer } from './fake-server.ts';

let transport: Transport;
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let connections = 0;
beforeEach(async () => {
  connections = 0;
  transport = nodeTransport();
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  server.on('connection', () => {
    connections += 1;
  });
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  transport.close();
  server.closeAllConnections();
  server.close();
});

const ask = (over: object = {}) =>
  transport.request({ method: 'GET', url: `${url}/x`, headers: {}, body: null, timeoutMs: 10_000, ...over });

describe('a request', () => {
  test('carries method, path, headers and body, and gives status and body', async () => {
    let got: unknown;
    answer = async (request, response) => {
      const { method, url: path, headers } = request;
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      got = { method, path, body, length: headers['content-length'], extra: headers['x-extra'] };
      response.writeHead(201).end('Ärgerlich');
    };
    expect(await ask({ method: 'POST', body: '"ü"', headers: { 'x-extra': 'y' } })).toEqual({ status: 201, body: 'Ärgerlich' });
    expect(got).toEqual({ method: 'POST', path: '/x', body: '"ü"', length: '4', extra: 'y' });
  });

  test('without a body says so, also as a POST', async () => {
    let headers: IncomingMessage['headers'] = {};
    answer = (request, response) => {
      headers = request.headers;
      response.end();
    };
    await ask({ method: 'POST' });
    expect([headers['content-length'] ?? '0', headers['transfer-encoding']]).toEqual(['0', undefined]);
  });

  test('after another uses its connection again', async () => {
    answer = (_, response) => response.end('{}');
    for (let i = 0; i < 5; i += 1) await ask();
    expect(connections).toBe(1);
  });

  test('does not follow a redirect', async () => {
    let asked = 0;
    answer = (_, response) => {
      asked += 1;
      response.writeHead(302, { location: `${url}/elsewhere` }).end('moved');
    };
    expect(await ask()).toEqual({ status: 302, body: 'moved' });
    expect(asked).toBe(1);
  });

  test('that nobody takes was not sent', async () => {
    server.close();
    await once(server, 'close');
    const failed = ask();
    await expect(failed).rejects.toBeInstanceOf(NetworkError);
    await expect(failed).rejects.toMatchObject({ reached: false, cause: { code: 'ECONNREFUSED' } });
  });

  test('whose connection breaks may have been heard', async () => {
    answer = (request) => request.socket.destroy();
    await expect(ask()).rejects.toMatchObject({ name: 'NetworkError', reached: true });
  });

  test('whose answer breaks off is no answer', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    await expect(ask()).rejects.toMatchObject({ name: 'NetworkError', reached: true });
  });

  test('that is not answered in time may have been heard', async () => {
    answer = () => undefined;
    await expect(ask({ timeoutMs: 50 })).rejects.toMatchObject({ reached: true, message: expect.stringContaining('50 ms') });
  });

  test('whose answer has no end is given up at the limit, and not asked again', async () => {
    const chunk = Buffer.alloc(1_048_576, 'x');
    let closed = false;
    answer = (_, response) => {
      response.once('close', () => {
        closed = true;
      });
      const more = (): void => {
        while (!closed && response.write(chunk));
        if (!closed) response.once('drain', more);
      };
      more();
    };
    await expect(ask()).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'answer_too_large',
      message: expect.stringContaining(`${ANSWER_BYTES}`),
    });
    while (!closed) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('a WebSocket', () => {
  test('that is answered with a page of many megabytes is refused without reading it', async () => {
    server.on('upgrade', (_, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 401 No\r\nconnection: close\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
        if (!socket.destroyed) socket.once('drain', more);
      };
      more();
    });
    const ws = await nodeConnect(`${url.replace('http', 'ws')}/api/watch`, ['bgtask.v1'], {});
    await new Promise((resolve) => {
      ws.onclose = resolve;
    });
    expect(ws.refusal).toMatchObject({ status: 401, code: 'http_401' });
  });

  test('gives text as text and closes with code and reason', async () => {
    const fake = await FakeServer.start();
    const ws = await nodeConnect(`${fake.url.replace('http', 'ws')}/watch`, ['bgtask.v1'], {});
    const got: unknown[] = [];
    await new Promise((resolve) => {
      ws.onopen = resolve;
    });
    await fake.until(() => fake.sockets.size === 1);
    const closed = new Promise((resolve) => {
      ws.onclose = resolve;
    });
    ws.onmessage = ({ data }) => got.push(data);
    for (const socket of fake.sockets) {
      socket.send('text');
      socket.send(Buffer.from('bytes'));
      socket.close(4400, 'why');
    }
    expect(await closed).toEqual({ code: 4400, reason: 'why' });
    expect(got[0]).toBe('text');
    expect(typeof got[1]).toBe('object');
    await fake.kill();
  });
});

test('says who calls', () => {
  expect(transport.caller).toMatch(new RegExp(`^.+:${process.pid}$`));
});
