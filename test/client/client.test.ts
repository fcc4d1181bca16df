/** The client against the real server over a memory store: what the parts promise, end to end. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/client.ts';
import { RunFuture } from '../../src/client/future.ts';
import { nodeConnect, nodeTransport } from '../../src/client/node.ts';
import { openSocket, type Socket } from '../../src/client/socket.ts';
import type { RunList } from '../../src/core/api.ts';
import { ClientClosedError, RefusedError, RunNotFoundError, ServerUnreachableError, UnauthorizedError } from '../../src/core/errors.ts';
import type { Assignment, ServerFrame, WorkerFrame } from '../../src/core/frames.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import { encodeArgs } from '../../src/core/values.ts';
import type { FollowEvent } from '../../src/core/view.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { processIdentity } from '../../src/system/processes.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';

const TOKEN = 'a-key-that-only-this-test-knows-0123456789';
let store: Store;
let server: RunningServer;
let client: Client;
let port = 0;
const closers: (() => Promise<void>)[] = [];

async function start(token = TOKEN): Promise<void> {
  server = await startServer({ store, port, token, version: '0.0.0' });
  port = server.port;
}
const address =
  (apiKey: string | null = TOKEN) =>
  async () => ({ url: `http://127.0.0.1:${port}/api`, apiKey });
function connect(apiKey?: string | null): Client {
  const made = createClient({ address: address(apiKey), transport: nodeTransport() });
  closers.push(() => made.close());
  return made;
}

beforeEach(async () => {
  port = 0;
  store = await openStore('memory:');
  await start();
  client = connect();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await server.close();
  await store.close();
});

/** A worker on the same socket: it runs `greet` in its head, one answer for each run. */
function worker(result: (run: Assignment) => string = (run) => JSON.stringify(`Hello, ${(JSON.parse(run.args) as string[])[0]}!`)): void {
  const socket: Socket<WorkerFrame> = openSocket<WorkerFrame, ServerFrame>({
    ...{ path: '/work', address: address(), connect: nodeConnect, clock: systemClock, random: systemRandom, reconnect: true },
    onUp: () => {
      const info = { name: 'greet', maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null };
      const who = { workerId: 'worker-1', secret: 'secret', name: 'test', process: processIdentity() };
      socket.send({ type: 'hello', protocol: 1, ...who, tasks: [info], slots: 100, generation: 1, draining: false, held: [] });
    },
    onFrame: (frame) => {
      if (frame.type !== 'runs') return;
      const outcomes = frame.runs.map((run) => ({ runId: run.runId, token: run.token, type: 'succeed' as const, result: result(run) }));
      socket.send({ type: 'finished', outcomes });
    },
    onDown: () => undefined,
  });
  closers.push(() => socket.close());
}
async function allReject(kind: new (...args: never[]) => Error, asks: Promise<unknown>[]): Promise<void> {
  for (const answer of await Promise.allSettled(asks)) expect(answer).toMatchObject({ reason: expect.any(kind) });
}
const submit = async (name: string): Promise<RunFuture<string>> => {
  const [run] = await client.submit([{ task: 'greet', argsJson: encodeArgs([name]).args }]);
  return new RunFuture(client, run?.id ?? '', { task: 'greet' });
};

describe('a client', () => {
  test('submits, waits and gets the result', async () => {
    worker();
    expect(await (await submit('Ford')).result()).toBe('Hello, Ford!');
  });

  test('has 500 calls in flight, over HTTP and then over the socket, and each gets its own result', async () => {
    worker();
    const names = Array.from({ length: 500 }, (_, index) => `n${index}`);
    const results = await Promise.all(
      names.map(async (name, index) => {
        if (index % 2 === 0) await new Promise((resolve) => setTimeout(resolve, index / 5));
        return (await submit(name)).result();
      }),
    );
    expect(results).toEqual(names.map((name) => `Hello, ${name}!`));
  });

  test('waits across a restart of the server, and goes on submitting', async () => {
    const before = await submit('Ford');
    const result = before.result();
    await submit('opens the socket');
    await server.close();
    const during = submit('Arthur');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await start();
    worker();
    expect([await result, await (await during).result()]).toEqual(['Hello, Ford!', 'Hello, Arthur!']);
  });

  test('stores a run once, however often it is sent', async () => {
    const run = { id: 'mine', task: 'greet', args: ['a'] };
    expect(await client.submit([run])).toEqual(await client.submit([run]));
    await expect(client.submit([{ ...run, args: ['b'] }])).rejects.toMatchObject({
      name: 'RefusedError',
      status: 409,
      reason: 'id_conflict',
    });
    expect((await client.request<RunList>('GET', '/runs')).runs).toHaveLength(1);
  });

  test('is told of a run that was there by its key, over HTTP, in a batch and over the socket', async () => {
    const keyed = { task: 'greet', options: { idempotencyKey: 'k' } };
    const [first] = await client.submit([keyed]);
    const batch = await client.submit([keyed, keyed]);
    const again: unknown[] = [];
    for (let i = 0; i < 20; i += 1) again.push(...(await client.submit([keyed])));
    for (const one of [...batch, ...again]) expect(one).toEqual({ id: first?.id, deduplicated: true });
  });

  test('gets, cancels and repeats runs', async () => {
    const { id } = await submit('Ford');
    expect(await client.get(id)).toMatchObject({ id, state: 'SCHEDULED', args: ['Ford'], history: [{ state: 'SCHEDULED' }] });
    expect(await client.cancel(id)).toMatchObject({ id, state: 'CANCELLED' });
    expect(await client.retry(id)).toMatchObject({ state: 'SCHEDULED', retryOf: id });
    expect(await client.get('never')).toBeNull();
    await allReject(RunNotFoundError, [client.cancel('never'), client.retry('never'), client.final('never')]);
  });

  test('hears states, and then the end, of a run', async () => {
    const future = await submit('Ford');
    const seen: string[] = [];
    for await (const update of future.events()) {
      if (update.type === 'state') seen.push(update.run.state);
      if (seen.length === 1) worker();
    }
    expect([seen[0], seen.at(-1)]).toEqual(['SCHEDULED', 'COMPLETED']);
  });

  test('keeps a live list', async () => {
    const events: FollowEvent[] = [];
    let wake = (): void => undefined;
    const stop = client.follow({ task: 'greet' }, 10, (event) => {
      events.push(event);
      wake();
    });
    const until = async (fits: () => boolean): Promise<void> => {
      while (!fits()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await until(() => events.some(({ type }) => type === 'snapshot'));
    const { id } = await submit('Ford');
    await until(() => events.some((event) => event.type === 'change' && event.runs.some((run) => run.id === id)));
    stop();
    const count = events.length;
    await submit('Arthur');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(events).toHaveLength(count);
  });

  test('records a direct call with its lines', async () => {
    const at = new Date().toISOString();
    const base = { runId: 'direct', task: 'greet', args: ['Ford'], name: null, tags: ['t'], maxAttempts: 1, parentId: null };
    const ended = new Promise<void>((resolve) => {
      store.onCommit(({ runs }) => runs.some(({ endedAt }) => endedAt !== null) && resolve());
    });
    const recording = client.recordDirect(() => ({ ...base, startedAt: at }));
    recording?.log({ at, level: 'info', text: 'hello', attempt: 1 });
    recording?.end({ type: 'succeed', result: '42' });
    await ended;
    expect(await client.final('direct')).toMatchObject({ state: 'COMPLETED', result: 42, args: ['Ford'], tags: ['t'] });
    expect(await client.request('GET', '/runs/direct/logs')).toMatchObject([{ text: 'hello' }]);
  });

  test('asks for whatever else there is', async () => {
    expect(await client.request('GET', '/runs/count')).toMatchObject({ SCHEDULED: 0 });
    await expect(client.request('GET', '/nowhere')).rejects.toBeInstanceOf(RefusedError);
    const { id } = await submit('Ford');
    await client.cancel(id);
    expect(await client.request('DELETE', `/runs/${id}`)).toBeUndefined();
  });
});

describe('errors', () => {
  test('without the key say how to get it', async () => {
    const stranger = connect('wrong');
    const asks = [stranger.submit([{ task: 'greet' }]), stranger.get('a'), stranger.final('a'), stranger.request('GET', '/tasks')];
    await allReject(UnauthorizedError, asks);
  });

  test('without a server come at once', async () => {
    await server.close();
    const lonely = connect();
    const asks = [lonely.submit([{ task: 'greet' }]), lonely.get('a'), lonely.final('a'), lonely.request('GET', '/tasks')];
    await allReject(ServerUnreachableError, asks);
  });

  test('say what of a submit is wrong', async () => {
    await expect(client.submit([{ task: 'no such name!' }])).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('task'),
    });
    await expect(client.submit([{ task: 'greet', options: { retires: 1 } as never }])).rejects.toThrow('retires');
  });

  test('after close are all the same', async () => {
    await client.close();
    await client.close();
    await allReject(ClientClosedError, [client.submit([{ task: 'greet' }]), client.get('a'), client.final('a'), client.cancel('a')]);
    expect(() => client.watch('a', () => undefined, { detail: false })).toThrow(ClientClosedError);
    expect(client.recordDirect(() => ({}) as never)).toBeNull();
  });
});

test('a new key is taken up by a client that asks for it each time', async () => {
  let key = TOKEN;
  const careful = createClient({ address: async () => ({ url: `${server.url}/api`, apiKey: key }), transport: nodeTransport() });
  closers.push(() => careful.close());
  const [run] = await careful.submit([{ task: 'greet', args: ['Ford'] }]);
  const result = new RunFuture(careful, run?.id ?? '').result();
  await careful.submit([{ task: 'greet', args: ['Arthur'] }]);
  key = 'another-key-that-only-this-test-knows-98765';
  server.rotateToken(key);
  await careful.cancel(run?.id ?? '');
  await expect(result).rejects.toMatchObject({ state: 'CANCELLED' });
});

test('the entry loads nothing of Node, so that it runs in browsers', () => {
  const root = fileURLToPath(new URL('../../src/client/client.ts', import.meta.url));
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gm)) {
      if (target.startsWith('.')) visit(join(dirname(file), target));
      else foreign.add(target);
    }
  };
  visit(root);
  expect(seen.size).toBeGreaterThan(15);
  expect([...foreign].sort()).toEqual(['devalue', 'parse-duration']);
});
