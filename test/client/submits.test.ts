import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { nodeTransport } from '../../src/client/node.ts';
import { TRY_MS } from '../../src/client/requests.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { SubmitRequest } from '../../src/core/api.ts';
import { RefusedError, UnauthorizedError } from '../../src/core/errors.ts';
import { madeAt } from '../../src/core/ids.ts';
import { LIMITS, MOST_PAYLOAD_BYTES } from '../../src/core/protocol.ts';
import { systemClock } from '../../src/system/system.ts';
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

const greet = (name: string): SubmitRequest => ({ task: 'greet', args: [name] });
/** From now on the client submits over its socket. */
async function overSocket(): Promise<void> {
  await client.submit([greet('first')]);
  await client.submit([greet('second')]);
  await server.until(() => server.connections === 1);
  // The client knows it a moment later.
  while (server.framesOf('submit').length === 0) await client.submit([greet('warm')]);
  server.frames.length = 0;
  server.asked.length = 0;
}

describe('what is submitted', () => {
  test('alone is one request for one run, under an id of the client that sorts by time', async () => {
    const before = Date.now();
    const [run] = await client.submit([greet('Ford')]);
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/runs' });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({ id: run?.id, task: 'greet', args: ['Ford'] });
    expect(madeAt(run?.id ?? '')).toBeGreaterThanOrEqual(before);
  });

  test('in one tick is one request, and each gets its own runs in order', async () => {
    const calls = [
      client.submit([greet('a')]),
      client.submit([greet('b'), greet('c')]),
      Promise.resolve().then(() => client.submit([greet('d')])),
    ];
    const runs = (await Promise.all(calls)).map((some) => some.map(({ id }) => server.runs.get(id)?.args[0]));
    expect(runs).toEqual([['a'], ['b', 'c'], ['d']]);
    expect(server.asked.map(({ path }) => path)).toEqual(['/runs/batch']);
  });

  test('keeps an id that its caller made', async () => {
    expect(await client.submit([{ ...greet('a'), id: 'mine' }])).toEqual([{ id: 'mine', deduplicated: false }]);
  });

  test('of nothing asks nothing', async () => {
    expect(await client.submit([])).toEqual([]);
    expect(server.asked).toEqual([]);
  });

  test('opens the socket with the second turn, not before', async () => {
    await client.submit([greet('a')]);
    await client.request('GET', '/health');
    expect(server.connections).toBe(0);
    await client.submit([greet('b')]);
    await server.until(() => server.connections === 1);
  });

  test('over the socket is one frame a turn', async () => {
    await overSocket();
    const runs = await Promise.all(['a', 'b', 'c'].map((name) => client.submit([greet(name)])));
    expect(server.framesOf('submit').map(({ runs: some }) => some.length)).toEqual([3]);
    expect(server.asked).toEqual([]);
    expect(runs.map(([run]) => server.runs.get(run?.id ?? '')?.args[0])).toEqual(['a', 'b', 'c']);
  });

  test('that led to another run by its key says so', async () => {
    server.store({ id: 'there', task: 'greet' });
    server.misbehave = () => ({ status: 200, body: JSON.stringify({ ...server.runs.get('there'), deduplicated: true }) });
    expect(await client.submit([greet('a')])).toEqual([{ id: 'there', deduplicated: true }]);
  });
});

describe('large submits', () => {
  const large = (bytes: number): SubmitRequest => greet('x'.repeat(bytes));

  test('are split by bytes: no body over the limit of a batch', async () => {
    const runs = await client.submit(Array.from({ length: 20 }, () => large(1_000_000)));
    expect(runs).toHaveLength(20);
    expect(server.asked.map(({ body }) => Buffer.byteLength(body) <= LIMITS.batchBodyBytes)).toEqual([true, true]);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(20);
  });

  test('are split by runs: no batch over the limit', async () => {
    await client.submit(Array.from({ length: LIMITS.batchRuns + 5 }, () => greet('a')));
    const counts = server.asked.map(({ body }) => (JSON.parse(body) as { runs: unknown[] }).runs.length);
    expect(counts).toEqual([LIMITS.batchRuns, 5]);
  });

  test('are split into frames the server takes', async () => {
    await overSocket();
    await client.submit(Array.from({ length: 5 }, () => large(1_000_000)));
    expect(server.framesOf('submit').map(({ runs }) => runs.length)).toEqual([2, 2, 1]);
  });

  test('count bytes, not characters', async () => {
    await overSocket();
    await client.submit(Array.from({ length: 4 }, () => greet('€'.repeat(300_000))));
    expect(server.framesOf('submit').map(({ runs }) => runs.length)).toEqual([2, 2]);
  });

  test('that no frame can hold go over HTTP, and those of the same turn before and behind them', async () => {
    await overSocket();
    await Promise.all([client.submit([greet('a')]), client.submit([large(LIMITS.frameBytes)]), client.submit([greet('b')])]);
    const bodies = server.asked.map(({ body }) =>
      (JSON.parse(body) as { runs: { args: string[] }[] }).runs.map(({ args }) => args[0]?.length),
    );
    expect(bodies).toEqual([[1, LIMITS.frameBytes, 1]]);
  });

  test('of one run too large for any server are refused here', async () => {
    const [big, small] = await Promise.allSettled([client.submit([large(MOST_PAYLOAD_BYTES + 65_536)]), client.submit([greet('a')])]);
    expect(big).toMatchObject({ reason: { status: 413, reason: 'too_large' } });
    expect(small.status).toBe('fulfilled');
  });
});

describe('a refusal', () => {
  test('is the server’s own code and words, and is not repeated', async () => {
    server.misbehave = () => ({ status: 429, body: '{"error":{"code":"queue_full","message":"Full."}}' });
    const refused = client.submit([greet('a')]);
    await expect(refused).rejects.toBeInstanceOf(RefusedError);
    await expect(refused).rejects.toMatchObject({ status: 429, reason: 'queue_full', message: 'Full.' });
    expect(server.asked).toHaveLength(1);
  });

  test('of the key is an error that teaches', async () => {
    server.misbehave = () => ({ status: 401, body: '' });
    await expect(client.submit([greet('a')])).rejects.toBeInstanceOf(UnauthorizedError);
  });

  test('of one run among many leaves the calls of the others alone', async () => {
    server.misbehave = ({ body }) => {
      const { runs } = JSON.parse(body) as { runs: { id: string; args: string[] }[] };
      const bad = { error: { code: 'id_conflict', message: 'Known.' } };
      return { status: 200, body: JSON.stringify({ runs: runs.map(({ id, args }) => (args[0] === 'bad' ? bad : { id })) }) };
    };
    const [good, bad] = await Promise.allSettled([client.submit([greet('good')]), client.submit([greet('bad')])]);
    expect(good.status).toBe('fulfilled');
    expect(bad).toMatchObject({ reason: { status: 409, reason: 'id_conflict', message: 'Known.' } });
  });

  test('over the socket is the same error', async () => {
    await overSocket();
    server.onFrame = (frame, socket) => {
      if (frame.type !== 'submit') return false;
      tell(socket, { type: 'refused', ref: frame.ref, status: 503, error: { code: 'queue_full', message: 'Full.' } });
      return true;
    };
    await expect(client.submit([greet('a')])).rejects.toMatchObject({ status: 503, reason: 'queue_full' });
    expect(server.asked).toEqual([]);
  });

  test('because the server stops is none yet: the run goes to the next one', async () => {
    await overSocket();
    const stops = { code: 'draining', message: 'Stops.' };
    let said = 0;
    server.onFrame = (frame, socket) => {
      if (frame.type !== 'submit') return false;
      said += 1;
      if (said === 1) tell(socket, { type: 'refused', ref: frame.ref, status: 503, error: stops });
      else tell(socket, { type: 'submitted', ref: frame.ref, runs: frame.runs.map(() => ({ error: stops })), durability: 'memory' });
      return true;
    };
    server.misbehave = ({ body, path }) => {
      said += 1;
      if (said > 5) return undefined;
      const { runs } = JSON.parse(body) as { runs: unknown[] };
      return path.endsWith('/batch')
        ? { status: 200, body: JSON.stringify({ runs: runs.map(() => ({ error: stops })) }) }
        : { status: 503, body: JSON.stringify({ error: stops }) };
    };
    expect(await client.submit([greet('a')])).toHaveLength(1);
    said = 1;
    expect(await client.submit([greet('b'), greet('c')])).toHaveLength(2);
  });

  test('that is no answer of bgtask is an error, never a hang', async () => {
    server.misbehave = () => ({ status: 200, body: '{"runs":[]}' });
    await expect(client.submit([greet('a'), greet('b')])).rejects.toMatchObject({ reason: 'not_bgtask' });
    await overSocketAnyway();
    server.onFrame = (frame, socket) => {
      if (frame.type === 'submit') tell(socket, { type: 'submitted', ref: frame.ref, runs: [], durability: 'memory' });
      return frame.type === 'submit';
    };
    await expect(client.submit([greet('a')])).rejects.toMatchObject({ reason: 'not_bgtask' });
  });

  async function overSocketAnyway(): Promise<void> {
    server.misbehave = () => undefined;
    await overSocket();
  }
});

test('while nobody answers, one request of many goes ahead, and the others follow when it got through', async () => {
  let tries = 0;
  const transport = nodeTransport();
  const counted: Transport = {
    ...transport,
    request: (request) => {
      tries += 1;
      return transport.request(request);
    },
  };
  const many = server.client({ transport: counted });
  await many.submit([greet('first')]);
  await server.kill();
  const submitted: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i += 1) {
    submitted.push(many.submit([greet(`n${i}`)]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const beforeTheEnd = tries;
  await server.listen();
  await Promise.all(submitted);
  expect(beforeTheEnd).toBeGreaterThan(2);
  expect(beforeTheEnd).toBeLessThan(30);
  expect(tries - beforeTheEnd).toBeLessThan(10); // together, not each by itself
  expect(server.runs.size).toBe(101);
  await many.close();
});

describe('an answer that is lost', () => {
  test('has the same runs sent again under the same ids', async () => {
    let lost = 0;
    server.misbehave = ({ body }) => {
      server.store(JSON.parse(body) as SubmitRequest); // stored, and the answer never arrives
      lost += 1;
      return lost < 3 ? 'reset' : undefined;
    };
    const [run] = await client.submit([greet('a')]);
    expect(server.asked).toHaveLength(3);
    expect(new Set(server.asked.map(({ body }) => body)).size).toBe(1);
    expect([...server.runs.keys()]).toEqual([run?.id]);
  });

  test('over a socket that breaks is asked for again over HTTP, under the same ids', async () => {
    await overSocket();
    server.onFrame = (frame) => {
      if (frame.type === 'submit') server.drop();
      return frame.type === 'submit';
    };
    const runs = await Promise.all(['a', 'b'].map((name) => client.submit([greet(name)])));
    const ids = server.framesOf('submit').flatMap((frame) => frame.runs.map(({ id }) => id));
    expect(runs.map(([run]) => run?.id)).toEqual(ids);
    expect(server.asked.map(({ path }) => path)).toEqual(['/runs/batch']);
  });

  test('by a restart of the server is asked for again when it is back', async () => {
    await overSocket();
    server.onFrame = (frame) => frame.type === 'submit';
    const submitted = client.submit([greet('a')]);
    await server.until(() => server.framesOf('submit').length === 1);
    await server.kill();
    server.onFrame = () => false;
    setTimeout(() => void server.listen(), 100);
    const [run] = await submitted;
    expect(server.framesOf('submit')[0]?.runs[0]?.id).toBe(run?.id);
  });

  test('by a server that keeps silent on an open socket is asked for again in time', async () => {
    let now = 0;
    const timers: { ms: number; fn: () => void }[] = [];
    const clock = {
      ...systemClock,
      monotonic: () => now,
      after: (ms: number, fn: () => void, unref?: boolean) => {
        if (ms !== TRY_MS) return systemClock.after(ms, fn, unref);
        timers.push({ ms, fn });
        return { cancel: () => undefined };
      },
    };
    await client.close();
    client = server.client({ clock });
    await overSocket();
    server.onFrame = (frame) => frame.type === 'submit';
    const submitted = client.submit([greet('a')]);
    await server.until(() => server.framesOf('submit').length === 1);
    now += TRY_MS;
    for (const { fn } of timers) fn();
    const [run] = await submitted;
    expect(server.asked.map(({ body }) => (JSON.parse(body) as { id: string }).id)).toEqual([run?.id]);
  });

  test('of a store that failed is asked for again, for those runs alone', async () => {
    let asked = 0;
    server.misbehave = ({ body }) => {
      asked += 1;
      if (asked > 1) return undefined;
      const { runs } = JSON.parse(body) as { runs: SubmitRequest[] };
      const failed = { error: { code: 'storage_failed', message: 'Send it again.' } };
      return { status: 200, body: JSON.stringify({ runs: runs.map((run) => (run.args?.[0] === 'lost' ? failed : { id: run.id })) }) };
    };
    await client.submit([greet('kept'), greet('lost')]);
    expect(server.asked.map(({ path }) => path)).toEqual(['/runs/batch', '/runs']);
    expect(JSON.parse(server.asked[1]?.body ?? '')).toMatchObject({ args: ['lost'] });
  });
});

test('where nobody listens and nobody ever did, it fails at once and says what helps', async () => {
  await server.kill();
  await expect(client.submit([greet('a')])).rejects.toMatchObject({
    ...{ code: 'BGTASK_SERVER_UNREACHABLE', runIds: [], suggestions: [expect.stringContaining('bgtask server start'), expect.anything()] },
  });
});

test('closing waits for what was submitted', async () => {
  const submitted = client.submit([greet('a')]);
  await client.close();
  expect(await submitted).toHaveLength(1);
});

describe('with a submit timeout', () => {
  test('of nothing, what is submitted while no server is there fails at once, and is taken again when one is back', async () => {
    const hasty = server.client({ submitTimeoutMs: 0 });
    await hasty.submit([greet('a')]);
    await server.kill();
    const started = performance.now();
    await expect(hasty.submit([greet('b')])).rejects.toMatchObject({ code: 'BGTASK_SERVER_UNREACHABLE' });
    expect(performance.now() - started).toBeLessThan(TRY_MS / 3);
    await server.listen();
    for (let taken = false; !taken; ) {
      taken = await hasty.submit([greet('c')]).then(
        () => true,
        () => false,
      );
    }
    await hasty.close();
  });

  test('an answer over the socket is not waited for longer than that', async () => {
    await client.close();
    client = server.client({ submitTimeoutMs: 200 });
    await overSocket();
    server.onFrame = (frame) => frame.type === 'submit'; // never answered
    server.misbehave = () => 'silent';
    const submitted = client.submit([greet('a')]);
    await expect(submitted).rejects.toMatchObject({ code: 'BGTASK_SERVER_UNREACHABLE', runIds: [expect.any(String)] });
  });
});
