import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import type { RunFilter } from '../../src/core/api.ts';
import type { WatchFrame } from '../../src/core/frames.ts';
import type { FollowEvent } from '../../src/core/view.ts';
import { FakeServer, tell } from './fake-server.ts';

let server: FakeServer;
let client: Client;
beforeEach(async () => {
  server = await FakeServer.start();
  client = server.client();
});
afterEach(async () => {
  await client.close();
  await server.kill();
});

const counts = {} as Extract<WatchFrame, { type: 'snapshot' }>['counts'];
const snapshot: WatchFrame = { type: 'snapshot', seq: 0, runs: [], counts, durability: 'memory' };
const change: WatchFrame = { type: 'change', seq: 1, runs: [], removed: [], counts };
const send = (frame: WatchFrame): void => {
  for (const socket of server.sockets) tell(socket, frame);
};

function follow(filter: RunFilter = {}) {
  const types: string[] = [];
  let wake = (): void => undefined;
  const stop = client.follow(filter, 50, ({ type }: FollowEvent) => {
    types.push(type);
    wake();
  });
  const until = async (fits: () => boolean): Promise<void> => {
    while (!fits()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { types, stop, until };
}

describe('a live list', () => {
  test('is asked for when the socket is up, and hears a snapshot, then changes', async () => {
    const { types, until } = follow({ task: 'greet' });
    await server.until(() => server.framesOf('follow').length === 1);
    expect(server.framesOf('follow')[0]).toEqual({ type: 'follow', filter: { task: 'greet' }, limit: 50 });
    send(snapshot);
    send(change);
    await until(() => types.length === 3);
    expect(types).toEqual(['up', 'snapshot', 'change']);
  });

  test('comes back with the socket, and what belongs to the old connection is left out', async () => {
    const { types, until } = follow();
    await server.until(() => server.framesOf('follow').length === 1);
    send(snapshot);
    await until(() => types.includes('snapshot'));
    server.drop();
    await server.until(() => server.framesOf('follow').length === 2);
    send(change);
    send(snapshot);
    await until(() => types.at(-1) === 'snapshot' && types.length > 3);
    expect(types).toEqual(['up', 'snapshot', 'down', 'up', 'snapshot']);
  });

  test('hears of every try that fails', async () => {
    await server.kill();
    const { types, until } = follow();
    await until(() => types.length >= 2);
    expect(types.slice(0, 2)).toEqual(['down', 'down']);
  });

  test('gives way to the next, which is asked for in its place', async () => {
    const first = follow({ task: 'a' });
    await server.until(() => server.framesOf('follow').length === 1);
    first.stop();
    const second = follow({ task: 'b' });
    await server.until(() => server.framesOf('follow').length === 2);
    send(change); // of the first
    send(snapshot);
    await second.until(() => second.types.length > 0);
    expect(second.types).toEqual(['snapshot']);
    expect(first.types).toEqual(['up']);
    expect(server.framesOf('unfollow')).toEqual([]);
  });

  test('that is given up is given up at the server', async () => {
    const { stop, types } = follow();
    await server.until(() => server.framesOf('follow').length === 1);
    stop();
    stop();
    await server.until(() => server.framesOf('unfollow').length === 1);
    send(snapshot);
    server.drop();
    await server.until(() => server.connections === 2);
    expect(types).toEqual(['up']);
    expect(server.framesOf('follow')).toHaveLength(1);
  });
});
