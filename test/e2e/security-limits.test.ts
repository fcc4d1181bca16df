/** The limits of what is taken in, each reached and passed on a real server; what is beyond them costs nobody else anything. */
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { type Heard, type Knock, Target } from '../helpers/target.ts';

vi.setConfig({ testTimeout: 120_000 });

const TASKS = `
import { task } from 'bgtask';
export const large = task('large', () => 'x'.repeat(${LIMITS.resultBytes}));
export const wordy = task('wordy', () => { console.log('a'.repeat(100_000)); });
export const chatty = task('chatty', () => { for (let i = 0; i < 1_000; i += 1) console.log(i + 'b'.repeat(16_000)); });
`;
const JSON_TYPE = 'Content-Type: application/json';

let target: Target;
beforeAll(async () => {
  target = await Target.open();
  writeFileSync(join(target.shell.home, 'tasks.ts'), TASKS);
  await target.shell.serve('npx bgtask task serve tasks.ts --no-watch');
});
afterAll(() => target.close());

const runOf = (args: string) => `{"task":"nobody","args":[${args}]}`;
const text = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
const post = (path: string, body: string): Knock => ({ method: 'POST', target: path, headers: [JSON_TYPE], body });

test('all of them are told by GET /api/limits', async () => {
  const told = JSON.parse((await target.knock({ target: '/api/limits' })).body) as Record<string, number>;
  expect(told).toEqual({
    ...{
      openRuns: 100_000,
      argsBytes: 1_048_576,
      resultBytes: 1_048_576,
      bodyBytes: 1_114_112,
      batchBodyBytes: 16_777_216,
      batchRuns: 10_000,
    },
    ...{ depth: 64, keys: 10_000, metaBytes: 4_096, listPage: 1_000, frameBytes: 2_097_152 },
    ...{ headerBytes: 16_384, headersMs: 10_000, requestMs: 30_000, connections: 1_024, strangers: 32 },
    ...{ watchBehindBytes: 1_048_576, watchBehindMs: 5_000, workBehindBytes: 8_388_608 },
    ...{ logLineBytes: 16_384, logRunBytes: 10_485_760, logTotalBytes: 1_073_741_824 },
  });
});

describe('a request', () => {
  const nested = (levels: number) => `{"task":"nobody","args":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const keys = (count: number) => runOf(`{${Array.from({ length: count }, (_, i) => `"${i}":0`).join(',')}}`);
  test.each<[string, () => Knock, string]>([
    ['with 1 MiB of arguments', () => post('/api/runs', runOf(text(LIMITS.argsBytes - 2))), '201'],
    ['with one byte more', () => post('/api/runs', runOf(text(LIMITS.argsBytes - 1))), '413 too_large'],
    ['with a body of more than that', () => post('/api/runs', runOf(text(2_000_000))), '413 too_large'],
    ['with a batch of more than 16 MiB', () => post('/api/runs/batch', ' '.repeat(LIMITS.batchBodyBytes + 1)), '413 too_large'],
    ['with a batch of more than 10,000 runs', () => post('/api/runs/batch', `{"runs":[${'1,'.repeat(10_000)}1]}`), '413 too_many_runs'],
    ['nested 64 deep', () => post('/api/runs', nested(63)), '201'],
    ['nested 65 deep', () => post('/api/runs', nested(64)), '400 too_deep'],
    ['with 10,000 keys', () => post('/api/runs', keys(9_998)), '201'],
    ['with more', () => post('/api/runs', keys(10_001)), '400 too_many_keys'],
    ['for a page of 1,000', () => ({ target: '/api/runs?limit=1000' }), '200'],
    ['for a page of 1,001', () => ({ target: '/api/runs?limit=1001' }), '400 invalid_request'],
    ['with 15 KiB of headers', () => ({ headers: [`X: ${'x'.repeat(15_000)}`] }), '200'],
    ['with 17 KiB of headers', () => ({ headers: [`X: ${'x'.repeat(17_000)}`] }), '431 headers_too_large'],
  ])('%s', async (_, knock, answer) => {
    expect(await target.answer(knock())).toBe(answer);
  });

  test('that is refused while its body is still on its way hears of it, each time', async () => {
    const large = post('/api/runs/batch', ' '.repeat(LIMITS.batchBodyBytes + 1));
    for (let again = 0; again < 20; again += 1) expect(await target.answer(large)).toBe('413 too_large');
  });

  test('that says it is too large is refused before its body comes', async () => {
    const { status } = await target.knock({ method: 'POST', headers: [JSON_TYPE, 'Content-Length: 2000000000'] });
    expect(status).toBe(413);
  });

  test('that never ends is refused at the limit, and takes no more memory than that', async () => {
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 0x20), Buffer.from('\r\n')]);
    /** Pours until it is answered. */
    const endless = async () => {
      const socket = target.dial();
      const heard = target.listen(socket);
      socket.write(target.bytesOf({ method: 'POST', headers: [JSON_TYPE, 'Transfer-Encoding: chunked', 'Connection: keep-alive'] }));
      const pour = () => socket.writable && socket.write(chunk, pour);
      socket.once('data', () => socket.end());
      pour();
      return (await heard).status;
    };
    const grown: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const before = target.memory;
      expect(await endless()).toBe(413);
      grown.push((target.memory - before) / 1_048_576);
    }
    // The one in the middle: now and then the server tidies up, or takes room for later.
    expect(grown.sort((a, b) => a - b)[4], `${grown}`).toBeLessThan(8);
  });

  test('of any kind of a megabyte costs the loop no more than 150 ms, refused or taken', async () => {
    const bodies = [
      '['.repeat(500_000),
      '{"a":'.repeat(200_000),
      '"'.repeat(1_000_000),
      `"${'\\'.repeat(1_000_000)}`,
      runOf(`${'1,'.repeat(500_000)}1`),
      runOf(`${'[],'.repeat(340_000)}[]`),
      runOf(`1${'0'.repeat(1_000_000)}`),
      runOf(`{${'"k":1,'.repeat(150_000)}"l":1}`),
      `{"task":"x","options":{"tags":[${'1,'.repeat(500_000)}1]}}`,
      `{"task":"x",${Array.from({ length: 9_990 }, (_, i) => `"k${i}":1`).join(',')}}`,
    ];
    for (const body of bodies) {
      const costs = [await costOf(post('/api/runs', body)), await costOf(post('/api/runs', body)), await costOf(post('/api/runs', body))];
      expect(Math.min(...costs), `${body.slice(0, 40)} ${costs}`).toBeLessThanOrEqual(150);
    }
  });
});

/** What the server computes for it: no wait of anybody else can be longer. */
async function costOf(knock: Knock): Promise<number> {
  const before = target.cpuMs;
  expect((await target.knock(knock)).status).toBeLessThan(500);
  return target.cpuMs - before;
}

describe('what a task gives', () => {
  const ended = async (name: string) => {
    const id = (await target.shell.done(`npx bgtask task run ${name}`)).trim();
    await target.shell.run(`npx bgtask run wait ${id}`);
    const run = JSON.parse((await target.knock({ target: `/api/runs/${id}` })).body) as {
      state: string;
      error: { name: string; message: string };
    };
    const lines = JSON.parse((await target.knock({ target: `/api/runs/${id}/logs` })).body) as { text: string }[];
    return { ...run, lines: lines.map((line) => line.text) };
  };

  test('as a result of more than 1 MiB is an error of the run, and no crash', async () => {
    const { state, error } = await ended('large');
    expect(state).toBe('FAILED');
    expect(`${error.name} ${error.message}`).toMatch(/result/);
  });

  test('in a line of more than 16 KiB is cut where one can see it', async () => {
    const [line = ''] = (await ended('wordy')).lines;
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LIMITS.logLineBytes + 64);
    expect(line).toMatch(/^a{16000,}.*\[cut/);
  });

  test('in more than 10 MiB of lines is cut there, and the run ends as it would', async () => {
    const { state, lines } = await ended('chatty');
    expect(state).toBe('COMPLETED');
    expect(lines.join('').length).toBeLessThanOrEqual(LIMITS.logRunBytes + 1_000);
    expect(lines.at(-1)).toMatch(/^\[cut/);
  });
});

describe('a connection', () => {
  /** A byte now and then, until the server has enough. */
  const drip = async (bytes: Buffer, ms: number): Promise<Heard & { afterMs: number }> => {
    const since = performance.now();
    const socket = target.dial();
    const heard = target.listen(socket);
    const timer = setInterval(() => socket.writable && socket.write('x'), ms);
    socket.write(bytes);
    const { status, ...rest } = await heard;
    clearInterval(timer);
    return { status, ...rest, afterMs: performance.now() - since };
  };

  test('that sends its headers or its body bit by bit, or nothing, is cut', async () => {
    const host = `Host: 127.0.0.1:${target.port}`;
    const [headers, body, idle] = await Promise.all([
      drip(Buffer.from(`GET /api/runs HTTP/1.1\r\n${host}\r\nX: `), 500),
      drip(target.bytesOf({ method: 'POST', headers: [JSON_TYPE, 'Content-Length: 1000'] }), 500),
      drip(Buffer.from(''), 1_000_000),
    ]);
    expect(headers.status).toBe(408);
    expect(headers.afterMs).toBeLessThan(15_000);
    expect(body.status).toBe(408);
    expect(body.afterMs).toBeLessThan(33_000);
    expect(idle.afterMs).toBeLessThan(33_000);
  });

  test('among a thousand that say nothing is answered at once', async () => {
    const idle = Array.from({ length: 1_000 }, () => target.dial().on('error', () => undefined));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await target.healthMs();
    const times = [await target.healthMs(), await target.healthMs(), await target.healthMs()];
    expect(Math.min(...times)).toBeLessThan(100);
    expect(await target.answer({})).toBe('200');
    for (const socket of idle) socket.destroy();
  });

  test('beyond 1,024 is answered 503, and those that are known stay', async () => {
    const request = target.bytesOf({ target: '/api/version', headers: ['Connection: keep-alive'] });
    const known: Socket[] = [];
    const answered = (socket: Socket) =>
      new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data).slice(0, 12))));
    for (let i = 0; i < 40; i += 1) {
      const some = Array.from({ length: 25 }, () => target.dial());
      known.push(...some);
      for (const socket of some) socket.on('error', () => undefined).write(request);
      await Promise.all(some.map(answered));
    }
    const more = Array.from({ length: 60 }, () => target.dial());
    for (const socket of more) socket.on('error', () => undefined).write(request);
    const answers = await Promise.all(more.map(answered));
    expect(answers).toContain('HTTP/1.1 503');
    const [first] = known as [Socket];
    first.write(request);
    expect(await answered(first)).toBe('HTTP/1.1 200');
    for (const socket of [...known, ...more]) socket.destroy();
    while ((await target.knock({})).status !== 200) await sleep(20);
  });
});

test('the 100,001st open run is refused, and told to come again', async () => {
  const batch = `{"runs":[${Array.from({ length: 10_000 }, () => '{"task":"nobody"}').join(',')}]}`;
  let last = await target.knock(post('/api/runs/batch', batch));
  for (let round = 0; round < 10 && last.status === 200; round += 1) last = await target.knock(post('/api/runs/batch', batch));
  const { status, head, code } = await target.knock(post('/api/runs', '{"task":"nobody"}'));
  expect({ status, code }).toEqual({ status: 429, code: 'queue_full' });
  expect(head.toLowerCase()).toMatch(/\r\nretry-after: \d+/);
  expect(await target.answer({})).toBe('200');
});
