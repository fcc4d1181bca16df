import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client, DirectCall } from '../../src/client/client.ts';
import { nodeTransport } from '../../src/client/node.ts';
import type { LogLine } from '../../src/core/api.ts';
import { systemClock } from '../../src/system/system.ts';
import { FakeServer, tell } from './fake-server.ts';

let server: FakeServer;
let client: Client;
/** Added to the time. */
let skew = 0;
beforeEach(async () => {
  skew = 0;
  server = await FakeServer.start();
  client = server.client({ clock: { ...systemClock, monotonic: () => systemClock.monotonic() + skew } });
});
afterEach(async () => {
  await client.close();
  await server.kill();
});

const call = (runId: string): DirectCall => ({
  ...{ runId, task: 'greet', args: ['Ford'], name: null, tags: [], maxAttempts: 1, parentId: null, startedAt: '2030-01-01T00:00:00.000Z' },
});
const line = (text: string): LogLine => ({ at: '2030-01-01T00:00:00.000Z', level: 'info', text, attempt: 1 });
const at = '2030-01-01T00:00:01.000Z';
const error = { name: 'Error', message: 'no', stack: null, cause: null };
const done = { type: 'succeed', result: '"hi"' } as const;
const record = (runId: string) => client.recordDirect(() => call(runId));
const began = () => server.framesOf('began').flatMap(({ runs }) => runs);
const outcomes = () => server.framesOf('finished').flatMap((frame) => frame.outcomes);

describe('a direct call', () => {
  test('is told with its lines and its end, in order, under one token', async () => {
    const recording = record('a');
    recording?.log(line('one'));
    recording?.log(line('two'));
    recording?.end(done);
    await server.until(() => outcomes().length === 1);
    expect(server.frames.map(({ type }) => type)).toEqual(['began', 'logs', 'finished']);
    const token = began()[0]?.token;
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(began()[0]).toMatchObject({ runId: 'a', task: 'greet', args: ['Ford'], caller: expect.stringMatching(/:\d+$/) });
    expect(server.framesOf('logs')[0]?.runs).toEqual([{ runId: 'a', token, lines: [line('one'), line('two')] }]);
    expect(outcomes()).toEqual([{ runId: 'a', token, ...done }]);
  });

  test('is told while it runs', async () => {
    const recording = record('a');
    await server.until(() => began().length === 1);
    recording?.log(line('one'));
    await server.until(() => server.framesOf('logs').length === 1);
    expect(outcomes()).toEqual([]);
    recording?.end(done);
    await server.until(() => outcomes().length === 1);
  });

  test('ends once, and nothing is told after its end', async () => {
    const recording = record('a');
    recording?.end(done);
    recording?.log(line('late'));
    recording?.end({ type: 'stopped' });
    await server.until(() => outcomes().length === 1);
    await client.close();
    expect([outcomes().length, server.framesOf('logs').length]).toEqual([1, 0]);
  });

  test('among many shares frames', async () => {
    record('first');
    await server.until(() => began().length === 1);
    for (let i = 0; i < 100; i += 1) record(`run-${i}`)?.end(done);
    await server.until(() => outcomes().length === 100);
    expect(server.framesOf('began')).toHaveLength(2);
    expect(server.framesOf('finished')).toHaveLength(1);
  });

  test('begins again, and ends again, on a new connection until its end is recorded', async () => {
    server.onFrame = (frame) => frame.type === 'finished'; // never recorded
    const ended = record('ended');
    record('running');
    ended?.end(done);
    await server.until(() => outcomes().length === 1);
    server.onFrame = () => false;
    server.drop();
    await server.until(() => outcomes().length === 2);
    expect(began().map(({ runId }) => runId)).toEqual(['ended', 'running', 'ended', 'running']);
    expect(new Set(began().map(({ token }) => token)).size).toBe(2);
    server.drop();
    await server.until(() => began().length === 5);
    expect(began().at(-1)?.runId).toBe('running'); // the other was recorded
  });

  test('tells its attempts in order, and all of them again on a new connection', async () => {
    const attempts = () => server.framesOf('attempts').flatMap(({ runs }) => runs.map((run) => [run.attempt, run.failed?.error.message]));
    const recording = record('a');
    recording?.attempt({ attempt: 1, at, failed: { error, retryDelayMs: 0 } });
    recording?.attempt({ attempt: 2, at, failed: null });
    await server.until(() => attempts().length === 2);
    expect(server.frames.map(({ type }) => type)).toEqual(['began', 'attempts']);
    server.drop();
    await server.until(() => attempts().length === 4);
    recording?.attempt({ attempt: 2, at, failed: { error, retryDelayMs: 0 } });
    recording?.attempt({ attempt: 3, at, failed: null });
    recording?.end(done);
    recording?.attempt({ attempt: 9, at, failed: null });
    await server.until(() => outcomes().length === 1);
    const first = [
      [1, 'no'],
      [2, undefined],
    ];
    expect(attempts()).toEqual([...first, ...first, [2, 'no'], [3, undefined]]);
  });

  test('of very many attempts tells the newest', async () => {
    const recording = record('a');
    for (let attempt = 1; attempt <= 2_000; attempt += 1) {
      recording?.attempt({ attempt, at, failed: { error, retryDelayMs: 0 } });
      recording?.attempt({ attempt: attempt + 1, at, failed: null });
    }
    const told = () => server.framesOf('attempts').flatMap(({ runs }) => runs);
    await server.until(() => told().length > 0);
    expect([told().length, told()[0]?.attempt, told().at(-1)?.attempt]).toEqual([1_000, 1_501, 2_001]);
  });

  test('that is fenced is forgotten', async () => {
    server.onFrame = (frame, socket) => {
      if (frame.type === 'finished') tell(socket, { type: 'fenced', runs: frame.outcomes });
      return frame.type === 'finished';
    };
    record('a')?.end(done);
    await server.until(() => outcomes().length === 1);
    await client.close(); // would wait for it
  });

  test('is closed with its end recorded', async () => {
    record('a')?.end(done);
    await client.close();
    expect(outcomes()).toHaveLength(1);
  });
});

describe('without a server', () => {
  beforeEach(() => server.kill());

  test('nothing is recorded, nothing fails, and nothing is tried again for a while', async () => {
    const recording = record('a');
    recording?.log(line('x'));
    recording?.end(done);
    await client.close(); // when the end is given up
    let asked = 0;
    client = server.client({
      transport: {
        ...nodeTransport(),
        request: () => {
          asked += 1;
          return Promise.reject(new Error('nobody'));
        },
      },
    });
    record('b');
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 1_000; i += 1) expect(client.recordDirect(() => expect.unreachable('nobody is there to tell'))).toBeNull();
    expect(asked).toBe(1);
  });

  test('one that is started later is found', async () => {
    record('a')?.end(done);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(record('b')).toBeNull();
    await server.listen();
    skew = 5_000;
    record('c')?.end(done);
    await server.until(() => outcomes().length === 1);
    expect(outcomes()[0]?.runId).toBe('c');
  });
});

test('with a wrong key nothing is recorded', async () => {
  server.refuseUpgrade = { status: 401, body: '' };
  record('a')?.end(done);
  await client.close();
  expect(server.asked.map(({ path }) => path)).toEqual(['/health']);
});

test('an end that is never recorded is not waited for longer than 2 s', async () => {
  server.onFrame = (frame) => frame.type === 'finished';
  record('a')?.end(done);
  const since = performance.now();
  await client.close();
  expect(performance.now() - since).toBeGreaterThan(1_900);
});

test('more calls at once than can be told are not recorded', async () => {
  const recordings = Array.from({ length: 10_001 }, (_, index) => record(`run-${index}`));
  expect(recordings.filter((one) => one === null)).toHaveLength(1);
  for (const one of recordings) one?.end(done);
  await server.until(() => outcomes().length === 10_000);
});

test('that a call waits for others is told, and told again when the connection comes back', async () => {
  const recording = record('a');
  await server.until(() => began().length === 1);
  recording?.waiting(true);
  const waits = () => server.framesOf('waiting').flatMap(({ runs }) => runs.map(({ waiting }) => waiting));
  await server.until(() => waits().length === 1);
  server.drop();
  await server.until(() => waits().length === 2);
  recording?.waiting(false);
  recording?.waiting(true);
  recording?.waiting(false);
  await server.until(() => waits().length === 3);
  expect(waits()).toEqual([true, true, false]);
  recording?.end(done);
  await server.until(() => outcomes().length === 1);
});

test('of how far a call is and what it has set the newest is told', async () => {
  const recording = record('a');
  recording?.progress({ progress: { done: 1, total: 2, note: null } });
  recording?.progress({ progress: { done: 2, total: 2, note: null }, meta: '{"file":"cat.png"}' });
  await server.until(() => server.framesOf('progress').length === 1);
  expect(server.framesOf('progress')[0]?.runs).toMatchObject([{ runId: 'a', progress: { done: 2 }, meta: '{"file":"cat.png"}' }]);
  recording?.end(done);
  recording?.progress({ progress: { done: 3, total: 3, note: null } });
  await server.until(() => outcomes().length === 1);
  expect(server.framesOf('progress')).toHaveLength(1);
});
