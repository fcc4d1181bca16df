import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/client/connection.ts';
import { nodeTransport } from '../../src/client/node.ts';
import { Requests } from '../../src/client/requests.ts';
import type { DownReason, WebSocketLike } from '../../src/client/socket.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import { FakeServer, tell } from './fake-server.ts';

let server: FakeServer;
let connection: Connection;
let requests: Requests;
let frames: unknown[];
let holds: string[];
beforeEach(async () => {
  server = await FakeServer.start();
  frames = [];
  holds = [];
  const transport = nodeTransport();
  const spied = {
    ...transport,
    connect: async (...args: Parameters<typeof transport.connect>): Promise<WebSocketLike> => {
      const ws = await transport.connect(...args);
      ws.ref = () => holds.push('ref');
      ws.unref = () => holds.push('unref');
      return ws;
    },
  };
  const options = { address: async () => ({ url: server.url, apiKey: null }), transport: spied, clock: systemClock, random: systemRandom };
  requests = new Requests(options);
  connection = new Connection(options, requests, (frame) => frames.push(frame));
});
afterEach(async () => {
  await connection.close();
  await server.kill();
});

function whenUp(): Promise<void> {
  return new Promise((resolve) => connection.add({ up: resolve }));
}

describe('the shared socket', () => {
  test('is not there before it is opened, and is one however often it is', async () => {
    connection.send({ type: 'ping' });
    connection.hurry();
    connection.flush();
    expect(connection.isUp).toBe(false);
    const up = whenUp();
    connection.open();
    connection.open();
    await up;
    expect([connection.isUp, server.connections]).toEqual([true, 1]);
  });

  test('tells its parts in order when it is up and when it is down, and the client that a server is there', async () => {
    const told: string[] = [];
    const down = new Promise<DownReason>((resolve) => {
      connection.add({ up: () => told.push('first up'), down: () => told.push('first down') });
      connection.add({ up: () => told.push('second up'), down: resolve });
    });
    const up = whenUp();
    connection.open();
    await up;
    expect([requests.known, requests.accepted]).toEqual([true, true]);
    server.drop();
    expect(await down).toBe('gone');
    expect(told.slice(0, 3)).toEqual(['first up', 'second up', 'first down']);
  });

  test('passes frames on', async () => {
    const up = whenUp();
    connection.open();
    await up;
    for (const socket of server.sockets) tell(socket, { type: 'unknown', id: 'x' });
    connection.send({ type: 'watch', ids: ['probe'], detail: false });
    while (frames.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(frames[0]).toEqual({ type: 'unknown', id: 'x' });
  });

  test('does not hold the process, except while somebody does', async () => {
    const up = whenUp();
    connection.open();
    await up;
    expect(holds).toEqual(['unref']);
    const [first, second] = [connection.hold(), connection.hold()];
    first();
    first();
    expect(holds).toEqual(['unref', 'ref']);
    second();
    expect(holds).toEqual(['unref', 'ref', 'unref']);
  });

  test('opened while somebody holds it holds the process from the start', async () => {
    connection.hold();
    const up = whenUp();
    connection.open();
    await up;
    expect(holds).toEqual([]);
  });

  test('that is closed stays closed', async () => {
    await connection.close();
    connection.open();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.connections).toBe(0);
  });
});
