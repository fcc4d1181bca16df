/** Anything at all, sent to a running server: it answers, it says why, and it goes on. The seed is printed where it does not. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { ROUTES } from '../../src/server/routes.ts';
import { open, type Peer, type ServerFrameLike, start } from './started.ts';

const id = fc.constantFrom('run-1', 'run-2', 'nobody', '', '../x', '__proto__', 'count', 'x'.repeat(70));
const token = fc.constantFrom('t', '', 'x'.repeat(200));
const word = fc.constantFrom('greet', 'other', '__proto__', 'constructor', 'toString', '', '<img>', 'a b', 'x'.repeat(300));
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 1, 1e21, 2 ** 53));
const duration = fc.oneof(number, fc.constantFrom('10s', '1h30m', '', 's', '1y', '999999999999d', '1s '.repeat(30)));
const anything = fc.oneof({ weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) }, { weight: 1, arbitrary: word });
/** An object with some of these fields, now and then with a wrong value. */
const some = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, fc.oneof({ weight: 9, arbitrary: value }, anything)])), {
    requiredKeys: [],
  });
const all = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, fc.oneof({ weight: 19, arbitrary: value }, anything)])));

const options = some({
  ...{
    delay: duration,
    ttl: duration,
    priority: duration,
    timeout: duration,
    idempotencyTtl: duration,
    retries: number,
    tags: fc.array(word),
  },
  ...{
    at: fc.constantFrom('2030-01-31T12:00:00Z', '9999-99-99T99:99:99Z', 'x'),
    idempotencyKey: word,
    runName: word,
    concurrencyKey: word,
  },
  ...{ waitFor: fc.array(fc.oneof(id, some({ id, allowFailure: fc.boolean() })), { maxLength: 3 }), parentId: id, retryOf: id },
});
const request = some({ id, task: word, args: fc.array(anything), options });
const error = all({ name: word, message: word, stack: fc.constant(null), cause: fc.constant(null) });
const held = { runId: id, token };
const outcome = fc.oneof(
  all({ ...held, type: fc.constant('succeed'), result: fc.oneof(fc.constantFrom('1', 'no json', '"\n"'), fc.constant(null)) }),
  all({ ...held, type: fc.constant('fail'), error, retry: fc.boolean(), retryDelayMs: number, timedOut: fc.boolean() }),
  all({ ...held, type: fc.constant('crash'), error, alone: fc.boolean() }),
  all({ ...held, type: fc.constantFrom('stopped', 'release'), reason: word }),
);
const line = all({
  at: fc.constant('2030-01-01T00:00:00.000Z'),
  level: fc.constantFrom('info', 'warn'),
  text: fc.string(),
  attempt: fc.nat(),
});
const logs = all({ type: fc.constant('logs'), runs: fc.array(all({ ...held, lines: fc.array(line) })) });
const finished = all({ type: fc.constant('finished'), outcomes: fc.array(outcome, { maxLength: 3 }) });
const clientFrame = fc.oneof(
  all({ type: fc.constant('submit'), ref: fc.nat(), runs: fc.array(request, { maxLength: 4 }) }),
  all({ type: fc.constantFrom('get', 'cancel'), ref: fc.nat(), id }),
  all({ type: fc.constantFrom('watch', 'unwatch'), ids: fc.array(id, { maxLength: 4 }), detail: fc.boolean() }),
  all({
    type: fc.constant('follow'),
    filter: some({ task: word, tag: word, state: fc.constant(['RUNNING']) }),
    limit: fc.integer({ min: 0, max: 1_001 }),
  }),
  all({
    type: fc.constant('began'),
    runs: fc.array(
      all({
        ...{
          ...held,
          task: word,
          args: fc.array(anything),
          name: fc.constant(null),
          tags: fc.array(word),
          maxAttempts: fc.integer({ min: 0, max: 3 }),
        },
        ...{ parentId: fc.constant(null), startedAt: fc.constantFrom('2030-01-01T00:00:00Z', '0001-01-01T00:00:00Z'), caller: word },
      }),
      { maxLength: 2 },
    ),
  }),
  finished,
  logs,
  fc.constantFrom({ type: 'ping' }, { type: 'unfollow' }),
);
const workerFrame = fc.oneof(
  all({
    type: fc.constantFrom('started', 'progress'),
    runs: fc.array(all({ ...held, progress: all({ done: number, total: number, note: fc.constant(null) }) })),
  }),
  all({
    type: fc.constant('update'),
    tasks: fc.constant([]),
    slots: fc.integer({ min: -1, max: 9 }),
    generation: fc.nat(),
    draining: fc.boolean(),
  }),
  finished,
  logs,
);

test('no frame breaks more than the socket it came over', async () => {
  const onError = vi.fn();
  const server = await start({ onError });
  const sendAll = async (peer: Peer<unknown>, frames: readonly unknown[]) => {
    for (const frame of frames) if (peer.socket.readyState === peer.socket.OPEN) peer.send(frame);
    // Answered, or sent away: it never just stays silent.
    const pong = peer.next((frame) => (frame as { type: string }).type === 'pong');
    if (peer.socket.readyState === peer.socket.OPEN) peer.send({ type: 'ping' });
    const end = await Promise.race([pong.then(() => null), peer.closed]);
    if (end) expect([1002, 1007, 4400, 4409]).toContain(end.code);
    peer.socket.terminate();
  };
  await fc.assert(
    fc.asyncProperty(fc.array(clientFrame, { maxLength: 8 }), fc.array(workerFrame, { maxLength: 5 }), async (client, worker) => {
      await sendAll(await open(server.server.port, '/api/watch'), client);
      await sendAll((await server.work()) as Peer<ServerFrameLike>, worker);
    }),
    { numRuns: 150 },
  );
  expect(onError.mock.calls).toEqual([]);
  expect((await server.ask('/api/health')).status).toBe(200);
});

test('no request is answered with an error that is ours', async () => {
  const onError = vi.fn();
  const server = await start({ onError });
  const part = fc.constantFrom('api', 'runs', 'count', 'run-1', 'logs', 'greet', '..', '%2e%2e', '%00', '%ff', '', 'x'.repeat(70));
  const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS');
  const known = fc
    .tuple(fc.constantFrom(...ROUTES), fc.constantFrom('run-1', 'run-2', 'greet', '%00'))
    .map(([route, name]) => ({ verb: route.method as string, path: route.path.replace(/:\w+/, name) }));
  const made = fc.record({ verb: method, path: fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`) });
  const target = fc.oneof({ weight: 6, arbitrary: known }, made);
  const query = fc.constantFrom(
    '',
    '',
    '',
    '',
    '',
    '?state=RUNNING',
    '?limit=-1',
    '?cursor=%00',
    '?cursor=999999999',
    '?__proto__=1',
    '?%ff',
    '?a=1&a=2',
  );
  const good = fc.record({ id, task: fc.constant('greet') });
  const body = fc.oneof(fc.constant(undefined), good, request, all({ runs: fc.array(request, { maxLength: 4 }) }), anything);
  await fc.assert(
    fc.asyncProperty(target, query, body, async ({ verb, path }, search, value) => {
      const payload = verb === 'POST' || verb === 'PUT' ? value : undefined;
      const { status } = await server.ask(path + search, { method: verb, body: payload });
      expect([200, 201, 204, 400, 403, 404, 405, 409, 415]).toContain(status);
    }),
    { numRuns: 500 },
  );
  expect(onError.mock.calls).toEqual([]);
});
