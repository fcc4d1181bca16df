import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeConnect } from '../../src/client/node.ts';
import { type Connect, type DownReason, openSocket, type Socket, type SocketOptions, type WebSocketLike } from '../../src/client/socket.ts';
import type { ClientFrame, WatchFrame } from '../../src/core/frames.ts';
import { HEARTBEAT_MS, SILENCE_MS } from '../../src/core/protocol.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import { ManualClock } from '../helpers/clock.ts';
import { FakeServer, tell } from './fake-server.ts';

type Down = { why: DownReason; error: unknown };

/** A socket, with what happened to it. */
class Probe {
  readonly downs: Down[] = [];
  readonly frames: WatchFrame[] = [];
  readonly answers: number[] = [];
  ups = 0;
  onUp: () => void = () => undefined;
  readonly socket: Socket<ClientFrame>;
  #wake: () => void = () => undefined;

  constructor(options: Partial<SocketOptions<WatchFrame>>, url = server.url) {
    this.socket = openSocket<ClientFrame, WatchFrame>({
      path: '/watch',
      address: async () => ({ url, apiKey: 'key' }),
      connect: nodeConnect,
      clock: systemClock,
      random: systemRandom,
      reconnect: true,
      ...options,
      onUp: () => {
        this.ups += 1;
        this.onUp();
        this.#wake();
      },
      onFrame: (frame) => {
        this.frames.push(frame);
        options.onFrame?.(frame);
        this.#wake();
      },
      onAnswer: (askedAt) => {
        this.answers.push(askedAt);
        this.#wake();
      },
      onDown: (why, error) => {
        this.downs.push({ why, error });
        this.#wake();
      },
    });
    probes.push(this);
  }

  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

let server: FakeServer;
let probes: Probe[] = [];

beforeEach(async () => {
  server = await FakeServer.start();
});
afterEach(async () => {
  await Promise.all(probes.map((probe) => probe.socket.close()));
  probes = [];
  await server.kill();
});

describe('a socket', () => {
  test('sends what is said when it comes up first, then what is said later', async () => {
    const probe = new Probe({});
    probe.onUp = () => probe.socket.send({ type: 'watch', ids: ['first'], detail: false });
    await probe.until(() => probe.ups === 1);
    probe.socket.send({ type: 'watch', ids: ['second'], detail: false });
    probe.socket.sendText('{"type":"watch","ids":["third"],"detail":false}');
    await server.until(() => server.frames.length === 3);
    expect(server.framesOf('watch').map(({ ids }) => ids[0])).toEqual(['first', 'second', 'third']);
  });

  test('what one turn sends goes out in one write, a message each', async () => {
    const writes: number[] = [];
    let sends = 0;
    const connect: Connect = async (...args) => {
      const ws = await nodeConnect(...args);
      const send = ws.send.bind(ws);
      ws.send = (text) => {
        sends += 1;
        send(text);
      };
      const uncork = ws.uncork?.bind(ws);
      ws.uncork = () => {
        writes.push(sends);
        uncork?.();
      };
      return ws;
    };
    const probe = new Probe({ connect });
    await probe.until(() => probe.ups === 1);
    for (let i = 0; i < 5; i += 1) probe.socket.send({ type: 'ping' });
    expect(sends).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect({ sends, writes }).toEqual({ sends: 5, writes: [5] });
  });

  test('what is sent while it is down is dropped', async () => {
    const probe = new Probe({});
    probe.socket.send({ type: 'watch', ids: ['lost'], detail: false });
    await probe.until(() => probe.ups === 1);
    probe.socket.send({ type: 'watch', ids: ['told'], detail: false });
    await server.until(() => server.frames.length === 1);
    expect(server.framesOf('watch')[0]?.ids).toEqual(['told']);
  });

  test('passes frames on in order and keeps pongs to itself', async () => {
    const probe = new Probe({});
    await probe.until(() => probe.ups === 1);
    const [ws] = server.sockets;
    for (const id of ['a', 'b']) {
      if (ws) tell(ws, { type: 'pong' });
      if (ws) tell(ws, { type: 'unknown', id });
    }
    await probe.until(() => probe.frames.length === 2);
    expect(probe.frames).toEqual([
      { type: 'unknown', id: 'a' },
      { type: 'unknown', id: 'b' },
    ]);
  });

  test('a refused connection is gone, and is tried again until somebody listens', async () => {
    await server.kill();
    const probe = new Probe({});
    await probe.until(() => probe.downs.length >= 2);
    expect(probe.downs[0]).toMatchObject({ why: 'gone', error: { code: 'ECONNREFUSED' } });
    expect(probe.socket.isUp).toBe(false);
    await server.listen();
    await probe.until(() => probe.ups === 1);
    expect(probe.socket.isUp).toBe(true);
  });

  test('comes back after the other side broke the connection, and after it closed it', async () => {
    const probe = new Probe({});
    await probe.until(() => probe.ups === 1);
    server.drop();
    await probe.until(() => probe.ups === 2);
    for (const ws of server.sockets) ws.close(1012, 'restarting');
    await probe.until(() => probe.ups === 3);
    expect(probe.downs.map(({ why }) => why)).toEqual(['gone', 'gone']);
    expect(String(probe.downs[1]?.error)).toContain('restarting');
  });

  test('asks for the address before each try', async () => {
    const other = await FakeServer.start();
    const urls = [server.url];
    const probe = new Probe({ address: async () => ({ url: urls.shift() ?? other.url, apiKey: null }) });
    await probe.until(() => probe.ups === 1);
    server.drop();
    await probe.until(() => probe.ups === 2);
    expect(other.connections).toBe(1);
    await other.kill();
  });

  test('an address that cannot be found out is a failed try, not a crash', async () => {
    let asked = 0;
    const address = async () => {
      asked += 1;
      if (asked === 1) throw new Error('no such profile');
      return { url: server.url, apiKey: null };
    };
    const probe = new Probe({ address });
    await probe.until(() => probe.ups === 1);
    expect(String(probe.downs[0]?.error)).toContain('no such profile');
  });

  test('a wrong key is told as such, with an error that teaches', async () => {
    server.refuseUpgrade = { status: 401, body: '{"error":{"code":"unauthorized","message":"no"}}' };
    const probe = new Probe({ reconnect: false });
    await probe.until(() => probe.downs.length === 1);
    expect(probe.downs[0]).toMatchObject({ why: 'unauthorized', error: { name: 'UnauthorizedError' } });
  });

  test('a closed door is told with the words of the server', async () => {
    server.refuseUpgrade = { status: 403, body: '{"error":{"code":"host_not_allowed","message":"Not this host."}}' };
    const probe = new Probe({ reconnect: false });
    await probe.until(() => probe.downs.length === 1);
    expect(probe.downs[0]).toMatchObject({
      why: 'unauthorized',
      error: { status: 403, reason: 'host_not_allowed', message: 'Not this host.' },
    });
  });

  test('a server that is full is gone for now; one that knows no such path speaks another protocol', async () => {
    server.refuseUpgrade = { status: 503, body: '' };
    const full = new Probe({ reconnect: false });
    await full.until(() => full.downs.length === 1);
    server.refuseUpgrade = { status: 404, body: '<html>' };
    const other = new Probe({ reconnect: false });
    await other.until(() => other.downs.length === 1);
    expect([full.downs[0]?.why, other.downs[0]?.why]).toEqual(['gone', 'refused-protocol']);
  });

  test('does not follow a redirect', async () => {
    const other = await FakeServer.start();
    server.refuseUpgrade = { status: 302, body: '' };
    const probe = new Probe({ reconnect: false });
    await probe.until(() => probe.downs.length === 1);
    expect(probe.downs[0]).toMatchObject({ why: 'refused-protocol', error: { reason: 'redirect' } });
    expect(other.connections).toBe(0);
    await other.kill();
  });

  test('text that is no JSON, and a listener that throws, end the connection and nothing else', async () => {
    const probe = new Probe({
      onFrame: (frame) => {
        if (frame.type === 'unknown') throw new Error('a bug');
      },
    });
    await probe.until(() => probe.ups === 1);
    for (const ws of server.sockets) ws.send('{');
    await probe.until(() => probe.ups === 2);
    for (const ws of server.sockets) tell(ws, { type: 'unknown', id: 'x' });
    await probe.until(() => probe.ups === 3);
    expect(probe.downs.map(({ why }) => why)).toEqual(['refused-protocol', 'refused-protocol']);
  });

  test('hurries when it is told that the server is there, but not more than ten times a second', async () => {
    const clock = new ManualClock();
    server.refuseUpgrade = { status: 503, body: '' };
    const probe = new Probe({ clock, random: { number: () => 0.999, token: () => '' } });
    for (let tries = 1; tries <= 9; tries += 1) {
      await probe.until(() => probe.downs.length === tries);
      if (tries < 9) clock.advance(Math.min(2_000, 100 * 2 ** (tries - 1)));
    }
    server.refuseUpgrade = null; // the next try would be in 2 s
    probe.socket.hurry();
    clock.advance(99);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.connections).toBe(0);
    clock.advance(1);
    await probe.until(() => probe.ups === 1);
  });

  test('one that is not to come back stays down', async () => {
    const probe = new Probe({ reconnect: false });
    await probe.until(() => probe.ups === 1);
    server.drop();
    await probe.until(() => probe.downs.length === 1);
    probe.socket.hurry();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.connections).toBe(1);
  });

  test('close sends what is gathered, says goodbye, and is silent afterwards', async () => {
    const probe = new Probe({});
    await probe.until(() => probe.ups === 1);
    const codes: number[] = [];
    for (const ws of server.sockets) ws.on('close', (code) => codes.push(code));
    probe.socket.send({ type: 'watch', ids: ['last'], detail: false });
    await Promise.all([probe.socket.close(), probe.socket.close()]);
    await server.until(() => codes.length === 1);
    expect({ codes, frames: server.frames.length, downs: probe.downs.length, up: probe.socket.isUp }).toEqual({
      ...{ codes: [1000], frames: 1, downs: 0, up: false },
    });
  });

  test('close in the middle of a try lets go of it', async () => {
    server.refuseUpgrade = 'silent';
    const probe = new Probe({});
    await new Promise((resolve) => setImmediate(resolve));
    await probe.socket.close();
    expect(probe.downs).toEqual([]);
  });
});

describe('silence', () => {
  test('a server that does not answer the upgrade within 5 s is silent, not gone', async () => {
    server.refuseUpgrade = 'silent';
    const clock = new ManualClock();
    const probe = new Probe({ clock, reconnect: false });
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(4_999);
    expect(probe.downs).toEqual([]);
    clock.advance(1);
    expect(probe.downs[0]?.why).toBe('silent');
  });

  test('pings at each heartbeat, and lives as long as it is answered', async () => {
    const clock = new ManualClock();
    const probe = new Probe({ clock });
    await probe.until(() => probe.ups === 1);
    for (let beats = 1; beats <= 10; beats += 1) {
      clock.advance(HEARTBEAT_MS);
      await server.until(() => server.framesOf('ping').length === beats);
      await roundTrip(probe);
    }
    expect(probe.downs).toEqual([]);
  });

  test('a connection that is half open is given up after the time of silence, and opened anew', async () => {
    server.onFrame = (frame) => frame.type === 'ping'; // nobody answers
    const clock = new ManualClock();
    const probe = new Probe({ clock });
    await probe.until(() => probe.ups === 1);
    clock.advance(SILENCE_MS - 1);
    expect(probe.downs).toEqual([]);
    clock.advance(2); // and a second look
    expect(probe.downs[0]?.why).toBe('silent');
    clock.advance(10_000);
    await probe.until(() => probe.ups === 2);
  });

  test('what the other side says of itself is no answer: it may not hear us', async () => {
    const clock = new ManualClock();
    server.onFrame = (frame) => frame.type === 'ping';
    const probe = new Probe({ clock });
    await probe.until(() => probe.ups === 1);
    for (let second = 1; second < SILENCE_MS / 1_000; second += 1) {
      clock.advance(1_000);
      for (const ws of server.sockets) tell(ws, { type: 'unknown', id: 'x' });
      await probe.until(() => probe.frames.length === second);
    }
    expect(probe.downs).toEqual([]);
    clock.advance(1_002);
    expect(probe.downs[0]?.why).toBe('silent');
  });

  test('tells of each answer when its ping was sent', async () => {
    const clock = new ManualClock();
    const probe = new Probe({ clock });
    await probe.until(() => probe.ups === 1);
    const began = clock.monotonic();
    clock.advance(HEARTBEAT_MS);
    clock.advance(HEARTBEAT_MS);
    await probe.until(() => probe.answers.length === 2);
    expect(probe.answers).toEqual([began + HEARTBEAT_MS, began + 2 * HEARTBEAT_MS]);
  });

  test.each([7_200_000, -7_200_000])(
    'a wall clock that leaves the other by %d ms has it connect anew: the machine may have slept',
    async (ms) => {
      const clock = new ManualClock();
      const probe = new Probe({ clock });
      await probe.until(() => probe.ups === 1);
      clock.advance(HEARTBEAT_MS);
      clock.jump(4_000);
      clock.advance(HEARTBEAT_MS);
      expect(probe.downs).toEqual([]);
      clock.jump(ms);
      clock.advance(HEARTBEAT_MS);
      expect(probe.downs).toMatchObject([{ why: 'silent', error: { message: expect.stringMatching(/slept/) } }]);
      clock.advance(100);
      await probe.until(() => probe.ups === 2);
    },
  );

  test('frames that waited while our own loop was blocked count as heard', async () => {
    const clock = new ManualClock();
    const waiting: (() => void)[] = [];
    const late: ManualClock['after'] = (ms, fn) => clock.after(ms, () => waiting.push(fn));
    const probe = new Probe({
      clock: Object.assign(Object.create(clock) as ManualClock, {
        after: late,
        monotonic: () => clock.monotonic(),
        now: () => clock.now(),
      }),
    });
    await probe.until(() => probe.ups === 1);
    clock.advance(SILENCE_MS + 5_000);
    for (const fn of waiting.splice(0)) fn(); // timers come first after a block
    for (const ws of server.sockets) tell(ws, { type: 'unknown', id: 'x' }); // then what the network had
    await probe.until(() => probe.frames.length === 1);
    clock.advance(1);
    for (const fn of waiting.splice(0)) fn();
    expect(probe.downs).toEqual([]);
  });
});

describe('the wait before the next try', () => {
  test.each([
    [1, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]],
    [0.5, [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]],
  ])('is spread over 0.1 s, which double up to 10 s: at chance %d', async (chance, expected) => {
    const waited: number[] = [];
    let retry: () => void = () => undefined;
    /** Only the wait holds the process; the other timers of a try are of no interest here. */
    const after: ManualClock['after'] = (ms, fn, unref?: boolean) => {
      if (unref !== true) {
        waited.push(ms);
        retry = fn;
      }
      return { cancel: () => undefined };
    };
    let last: WebSocketLike | undefined;
    const connect: Connect = () => {
      const none = () => undefined;
      last = { onopen: null, onmessage: null, onerror: null, onclose: null, send: none, close: none };
      return last;
    };
    const clock = { now: () => 0, monotonic: () => 0, after };
    new Probe({ clock, connect, random: { number: () => chance, token: () => '' } }, 'http://tasks.example/api');
    for (let tries = 1; tries <= expected.length; tries += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      last?.onclose?.({ code: 1006, reason: '' });
      if (tries < expected.length) retry();
    }
    expect(waited).toEqual(expected);
  });
});

describe('whether it holds the process', () => {
  test('it does from the start, until it is told not to, and again', async () => {
    const calls: string[] = [];
    const connect: Connect = async (...args) => {
      const ws = await nodeConnect(...args);
      ws.ref = () => calls.push('ref');
      ws.unref = () => calls.push('unref');
      return ws;
    };
    const probe = new Probe({ connect });
    await probe.until(() => probe.ups === 1);
    probe.socket.unref();
    probe.socket.unref();
    probe.socket.ref();
    expect(calls).toEqual(['unref', 'ref']);
  });
});

describe('a port where something else listens', () => {
  let stranger: Server;
  afterEach(() => stranger.close());

  test('is no bgtask server', async () => {
    stranger = createServer((socket) => socket.end('220 mail ready\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const { port } = stranger.address() as AddressInfo;
    const probe = new Probe({ reconnect: false }, `http://127.0.0.1:${port}/api`);
    await probe.until(() => probe.downs.length === 1);
    expect(probe.downs[0]?.why).toBe('refused-protocol');
  });
});

/** Both sides have read all that was written before. */
async function roundTrip(probe: Probe): Promise<void> {
  const before = probe.frames.length;
  for (const ws of server.sockets) tell(ws, { type: 'unknown', id: 'x' });
  await probe.until(() => probe.frames.length > before);
}
