/** WebSockets that were let in and then misbehave: malformed, endless, silent or deaf. Each costs itself and nobody else. */
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { closeOf, Target } from '../helpers/target.ts';

vi.setConfig({ testTimeout: 120_000 });

const TASKS = `
import { task } from 'bgtask';
export const chatty = task('chatty', async () => {
  for (let i = 0; i < 600; i += 1) {
    console.log(i + 'b'.repeat(16_000));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
});
`;
const FRAME_HEAD = Buffer.from([0x81, 0xff]);

let target: Target;
beforeAll(async () => {
  target = await Target.open();
  writeFileSync(join(target.shell.home, 'tasks.ts'), TASKS);
  await target.shell.serve('npx bgtask task serve tasks.ts --no-watch');
});
afterAll(() => target.close());

describe('a WebSocket', () => {
  /** Bytes behind an upgrade, and the code with which the server closes. */
  const closeAfter = async (bytes: (socket: Socket) => void): Promise<number> => {
    const socket = await target.socket();
    const closed = closeOf(socket);
    bytes((socket as unknown as { _socket: Socket })._socket);
    return closed;
  };
  const frame = (first: number, payload: string, masked = true): Buffer => {
    const mask = masked ? [0x80 | payload.length, 0, 0, 0, 0] : [payload.length];
    return Buffer.concat([Buffer.from([first, ...mask]), Buffer.from(payload, 'latin1')]);
  };

  test.each<[string, (socket: Socket) => void, number[]]>([
    ['a frame of more than 2 MiB', (s) => s.write(Buffer.concat([FRAME_HEAD, Buffer.from([0, 0, 0, 0, 0, 0x40, 0, 0])])), [1009]],
    ['a frame of exabytes', (s) => s.write(Buffer.concat([FRAME_HEAD, Buffer.alloc(8, 0x7f)])), [1009]],
    ['bytes that are no UTF-8', (s) => s.write(frame(0x81, '\xff\xfe')), [1007]],
    ['reserved bits', (s) => s.write(frame(0xf1, '{}')), [1002]],
    ['an unknown kind of frame', (s) => s.write(frame(0x83, '{}')), [1002]],
    ['a frame without a mask', (s) => s.write(frame(0x81, '{}', false)), [1002]],
    ['a compressed frame', (s) => s.write(frame(0xc1, '{}')), [1002]],
    ['binary', (s) => s.write(frame(0x82, '{}')), [1002]],
    ['no JSON', (s) => s.write(frame(0x81, 'hello')), [1007]],
    ['a frame of no type', (s) => s.write(frame(0x81, '{}')), [1002]],
    [
      'ten thousand fragments',
      (s) => s.write(Buffer.concat([frame(0x01, '"'), ...Array.from({ length: 10_000 }, () => frame(0x00, 'x'))])),
      [1009],
    ],
    ['a continuation of nothing', (s) => s.write(frame(0x80, 'x')), [1002]],
  ])('that sends %s is closed, and no other', async (_, bytes, codes) => {
    const other = await target.socket();
    expect(codes).toContain(await closeAfter(bytes));
    const pong = new Promise((resolve) => other.once('message', (data) => resolve(String(data))));
    other.send('{"type":"ping"}');
    expect(await pong).toBe('{"type":"pong"}');
    other.close();
  });

  test('whose frame comes byte by byte is understood', async () => {
    const socket = await target.socket();
    const pong = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
    for (const byte of frame(0x81, '{"type":"ping"}')) {
      (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([byte]));
      await sleep(1);
    }
    expect(await pong).toBe('{"type":"pong"}');
    socket.close();
  });

  test('of a worker that does not say who it is is closed within seconds', async () => {
    const since = performance.now();
    expect(await closeOf(await target.socket('/api/work'))).toBe(1002);
    expect(performance.now() - since).toBeLessThan(8_000);
  });

  test('is not compressed', async () => {
    const head = await new Promise<string>((resolve) => {
      const socket = target.dial();
      const own = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
      const extra = ['Sec-WebSocket-Protocol: bgtask.v1', 'Sec-WebSocket-Extensions: permessage-deflate'];
      socket.once('data', (data) => {
        resolve(String(data).toLowerCase());
        socket.destroy();
      });
      socket.write(target.bytesOf({ target: '/api/watch', headers: [...own, ...extra] }));
    });
    expect(head).toContain('101 switching protocols');
    expect(head).not.toContain('extensions');
  });

  test('with a million wrong things in one frame is closed at the first', async () => {
    const lines = `${'{},'.repeat(600_000)}{}`;
    for (const frame of [
      `{"type":"logs","runs":[{"runId":"x","token":"t","lines":[${lines}]}]}`,
      `{"type":"finished","outcomes":[${lines}]}`,
      `{"type":"submit","ref":1,"runs":[${'1,'.repeat(900_000)}1]}`,
    ]) {
      const socket = await target.socket();
      const before = target.cpuMs;
      const closed = closeOf(socket);
      socket.send(frame);
      expect(await closed).toBe(1002);
      expect(target.cpuMs - before).toBeLessThan(1_000);
    }
  });
});

describe('a client that asks and does not read', () => {
  const MIB = 1_048_576;
  /** Sockets that say `frames` and then never read again. */
  const deaf = (count: number, ...frames: readonly string[]): Promise<WebSocket[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const socket = await target.socket();
        for (const frame of frames) socket.send(frame);
        socket.pause();
        return socket;
      }),
    );
  /** By how much the server grew at most while `work` was done, in MiB. */
  const growthOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = target.memory;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, target.memory);
    }, 10);
    await work();
    clearInterval(timer);
    return (peak - before) / MIB;
  };
  const submit = async (batches: number): Promise<void> => {
    const run = JSON.stringify({ task: 'nobody', args: ['x'.repeat(1_000)] });
    const body = `{"runs":[${Array.from({ length: 500 }, () => run).join(',')}]}`;
    for (let i = 0; i < batches; i += 1) {
      await target.knock({ method: 'POST', target: '/api/runs/batch', headers: ['Content-Type: application/json'], body });
    }
  };
  const chat = async (): Promise<string> => {
    const { body } = await target.post('/api/runs', { task: 'chatty' });
    return /"id":"([^"]+)"/.exec(body)?.[1] as string;
  };
  const ended = async (id: string): Promise<void> => {
    while (!(await target.knock({ target: `/api/runs/${id}` })).body.includes('"state":"COMPLETED"')) await sleep(50);
  };
  /** They are told to go, and cut off where they do not hear even that. */
  const gone = async (sockets: readonly WebSocket[]): Promise<void> => {
    const codes = sockets.map(closeOf);
    await sleep(7_000);
    for (const socket of sockets) socket.resume();
    for (const code of await Promise.all(codes)) expect([1006, 1013]).toContain(code);
  };

  test('to many questions costs little memory', async () => {
    await target.post('/api/runs', { id: 'big', task: 'nobody', args: ['x'.repeat(1_000_000)] });
    let sockets: WebSocket[] = [];
    const growth = await growthOf(async () => {
      sockets = await deaf(4, ...Array.from({ length: 2_000 }, (_, ref) => JSON.stringify({ type: 'get', ref, id: 'big' })));
      await sleep(3_000);
    });
    expect(growth).toBeLessThan(200); // of 8 GB that it asked for
    await gone(sockets);
  });

  test('costs little memory, and is sent away: the log of a run', async () => {
    await ended(await chat());
    let sockets: WebSocket[] = [];
    const growth = await growthOf(async () => {
      const id = await chat();
      sockets = await deaf(50, JSON.stringify({ type: 'watch', ids: [id], detail: true }));
      await ended(id);
    });
    expect(growth).toBeLessThan(250); // of 480 that were written to it
    await gone(sockets);
  });

  test('costs little memory, and is sent away: a list', async () => {
    await submit(10);
    let sockets: WebSocket[] = [];
    const growth = await growthOf(async () => {
      sockets = await deaf(50, '{"type":"follow","filter":{},"limit":1000}');
      await submit(20);
    });
    expect(growth).toBeLessThan(500); // ten for each
    await gone(sockets);
  });
});
