/** Every route as a caller sees it: the form of its answers, its status codes, and what it leaves behind. */
import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/api.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import * as schema from '../../src/server/schemas.ts';
import { type Started, start, TOKEN } from './started.ts';

const post = (server: Started, path: string, body?: unknown) => server.ask(path, { method: 'POST', body });

/** Ends a run through a worker of its own. */
async function complete(server: Started, id: string): Promise<void> {
  const worker = await server.work({ workerId: `w-${id}`, slots: 1 });
  const { runs } = await worker.next((frame) => frame.type === 'runs');
  const [run] = runs ?? [];
  if (run?.runId !== id) throw new Error(`the worker got ${run?.runId}`);
  worker.send({ type: 'finished', outcomes: [{ runId: id, token: run.token, type: 'succeed', result: '"done"' }] });
  await worker.next((frame) => frame.type === 'recorded');
  worker.socket.close();
  await worker.closed;
}

describe('GET /api/health, /api/version, /api/limits, /api/status', () => {
  test('health needs no key and says no more than that', async () => {
    const server = await start();
    expect((await server.ask('/api/health', { token: null })).text).toBe('{"ok":true}');
  });

  test('version and limits', async () => {
    const server = await start();
    expect((await server.ask('/api/version')).json()).toEqual({ version: '1.2.3', protocol: 1 });
    expect((await server.ask('/api/limits')).json()).toEqual(LIMITS);
  });

  test('status has the form that `server status` prints', async () => {
    const server = await start();
    await server.submit({ task: 'greet' });
    const status = (await server.ask('/api/status')).json();
    expect(schema.serverStatus.parse(status)).toEqual(status);
    expect(status).toMatchObject({ url: server.server.url, pid: process.pid, store: 'memory:', version: '1.2.3', durability: 'memory' });
    expect(status).toMatchObject({ counts: { SCHEDULED: 1, COMPLETED: 0 } });
  });
});

describe('POST /api/runs', () => {
  test('a new run is created and shown as submitted', async () => {
    const server = await start();
    const answer = await post(server, '/api/runs', {
      task: 'greet',
      args: ['Ford', { x: 1 }],
      options: { tags: ['vip'], runName: 'n', retries: 2 },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['bgtask-durability']).toBe('memory');
    const run = answer.json<RunView>();
    expect(schema.runView.parse(run)).toEqual(run);
    expect(run).toMatchObject({
      task: 'greet',
      name: 'n',
      args: ['Ford', { x: 1 }],
      tags: ['vip'],
      maxAttempts: 3,
      state: 'SCHEDULED',
      result: null,
    });
  });

  test('the same id and payload is the same run, another payload is a conflict', async () => {
    const server = await start();
    const body = { id: 'my-run', task: 'greet', args: [1] };
    expect((await post(server, '/api/runs', body)).status).toBe(201);
    const again = await post(server, '/api/runs', body);
    expect([again.status, again.json<RunView>().id]).toEqual([200, 'my-run']);
    expect(again.json()).not.toHaveProperty('deduplicated');
    const other = await post(server, '/api/runs', { ...body, args: [2] });
    expect([other.status, other.code]).toEqual([409, 'id_conflict']);
  });

  test('an idempotency key leads to the run that is there, and says so', async () => {
    const server = await start();
    const body = { task: 'greet', options: { idempotencyKey: 'k' } };
    const first = await server.submit(body);
    const second = await post(server, '/api/runs', body);
    expect(second.status).toBe(200);
    expect(second.json()).toEqual({ ...first, deduplicated: true });
  });

  test('a key that another run has can refuse the submit, and names that run; or take its place', async () => {
    const server = await start();
    const submit = (onConflict: string) => post(server, '/api/runs', { task: 'greet', options: { idempotencyKey: 'k', onConflict } });
    const { id } = (await submit('return')).json<RunView>();
    const refused = await submit('reject');
    expect(refused.status).toBe(409);
    expect(refused.json()).toMatchObject({ error: { code: 'duplicate', message: expect.stringContaining(id), runId: id } });
    const fresh = await submit('replace');
    expect(fresh.status).toBe(201);
    const old = (await server.ask(`/api/runs/${id}`)).json<RunView>();
    expect(old).toMatchObject({ state: 'CANCELLED', error: { message: `Replaced by ${fresh.json<RunView>().id}` } });
    expect((await submit('ignore')).status).toBe(400);
  });

  test.each([
    [{ task: 'greet', arg: [] }, 'arg: no such field.'],
    [{ task: 'greet', options: { retry: 1 } }, 'options.retry: no such field.'],
    [{ task: 'greet', options: { retries: 'x' } }, 'options.retries: expected number, received string.'],
    [{ task: 'greet', options: { retries: 1.5 } }, 'options.retries: expected int, received number.'],
    [{ task: 'greet', options: { delay: '10 parsecs' } }, "options.delay: expected milliseconds or text such as '10s', '5m', '1h30m'."],
    [{ task: 'greet', options: { delay: -1 } }, "options.delay: expected milliseconds or text such as '10s', '5m', '1h30m'."],
    [{ task: 'greet', options: { at: 'tomorrow' } }, /^options\.at: /],
    [{ task: 'greet', options: { waitFor: [1] } }, /^options\.waitFor\.0: expected a run id/],
    [{ task: 'greet', args: {} }, 'args: expected array, received object.'],
    [{ task: '<img src=x onerror=alert(1)>' }, /^task: a task name has/],
    [{ task: '../../etc/x' }, /^task: /],
    [{ task: 'data:text/javascript,1' }, /^task: /],
    [{ task: 'x'.repeat(129) }, /^task: /],
    [{}, 'task: expected string, received undefined.'],
    [{ id: 'a/b', task: 'greet' }, /^id: /],
    [{ id: 'count', task: 'greet' }, 'id: this id is taken by the API itself.'],
    ['text', 'expected object, received string.'],
    [null, 'expected object, received null.'],
  ])('%j is refused, and the field is named', async (body, message) => {
    const server = await start();
    const answer = await post(server, '/api/runs', body);
    expect([answer.status, answer.code]).toEqual([400, 'invalid_request']);
    const said = answer.json<{ error: { message: string } }>().error.message;
    if (typeof message === 'string') expect(said).toBe(message);
    else expect(said).toMatch(message);
    expect((await server.ask('/api/runs')).json()).toEqual({ runs: [], nextCursor: null });
  });

  test('a run that waits for one that is not there is refused', async () => {
    const answer = await post(await start(), '/api/runs', { task: 'greet', options: { waitFor: ['nobody'] } });
    expect([answer.status, answer.code]).toEqual([409, 'no_upstream']);
  });
});

describe('POST /api/runs/batch', () => {
  test('answers in order, with a run or an error for each', async () => {
    const server = await start();
    await server.submit({ id: 'taken', task: 'greet' });
    const answer = await post(server, '/api/runs/batch', {
      runs: [{ task: 'greet', args: [1] }, { task: 'not a name' }, { id: 'taken', task: 'other' }, { id: 'taken', task: 'greet' }],
    });
    expect(answer.status).toBe(200);
    const { runs } = schema.batchAnswer.parse(answer.json());
    expect(runs).toMatchObject([
      { task: 'greet', args: [1] },
      { error: { code: 'invalid_request' } },
      { error: { code: 'id_conflict' } },
      { id: 'taken' },
    ]);
    expect(Object.keys(runs[1] as object)).toEqual(['error']);
    expect(runs[0]).not.toHaveProperty('history');
  });

  test('an empty one is fine, another form is not', async () => {
    const server = await start();
    expect((await post(server, '/api/runs/batch', { runs: [] })).text).toBe('{"runs":[]}');
    expect((await post(server, '/api/runs/batch', { runs: {} })).code).toBe('invalid_request');
    expect((await post(server, '/api/runs/batch', [])).code).toBe('invalid_request');
  });

  test('a thousand runs are one request', async () => {
    const server = await start();
    const runs = Array.from({ length: 1_000 }, (_, i) => ({ task: 'greet', args: [i] }));
    const answer = await post(server, '/api/runs/batch', { runs });
    expect(answer.json<{ runs: RunView[] }>().runs.map((run) => run.args[0])).toEqual(runs.map((run) => run.args[0]));
  });
});

describe('GET /api/runs and /api/runs/count', () => {
  async function three() {
    const server = await start();
    await server.submit({ id: 'a', task: 'greet', options: { tags: ['x'] } });
    await server.submit({ id: 'b', task: 'other' });
    await server.submit({ id: 'c', task: 'greet', options: { tags: ['x', 'y'] } });
    await post(server, '/api/runs/b/cancel');
    return server;
  }
  const ids = async (server: Started, query: string) =>
    (await server.ask(`/api/runs?${query}`)).json<{ runs: RunView[] }>().runs.map((run) => run.id);

  test('newest first, filtered by state, task and tag', async () => {
    const server = await three();
    expect(await ids(server, '')).toEqual(['c', 'b', 'a']);
    expect(await ids(server, 'task=greet')).toEqual(['c', 'a']);
    expect(await ids(server, 'tag=y')).toEqual(['c']);
    expect(await ids(server, 'state=CANCELLED')).toEqual(['b']);
    expect(await ids(server, 'state=CANCELLED,SCHEDULED&task=greet')).toEqual(['c', 'a']);
    expect(await ids(server, 'state=CANCELLED&state=SCHEDULED')).toEqual(['c', 'b', 'a']);
    expect(await ids(server, 'state=RUNNING')).toEqual([]);
  });

  test('page by page, each run once', async () => {
    const server = await three();
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer = await server.ask(`/api/runs?limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      const list = schema.runList.parse(answer.json());
      seen.push(...list.runs.map((run) => run.id));
      cursor = list.nextCursor;
    }
    expect(seen).toEqual(['c', 'b', 'a']);
  });

  test('history is left out', async () => {
    const answer = await (await three()).ask('/api/runs');
    expect(answer.json<{ runs: RunView[] }>().runs[0]).not.toHaveProperty('history');
  });

  test.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'limit=1.5',
    'state=DONE',
    'state=',
    'task=a%20b',
    'colour=red',
    'limit=1&limit=2',
    '__proto__=1',
    'cursor=nonsense',
  ])('?%s is refused', async (query) => {
    expect((await (await start()).ask(`/api/runs?${query}`)).status).toBe(400);
  });

  test('count has every state', async () => {
    const server = await three();
    const counts = (await server.ask('/api/runs/count')).json<Record<string, number>>();
    expect(schema.runCounts.parse(counts)).toEqual(counts);
    expect(counts).toMatchObject({ SCHEDULED: 2, CANCELLED: 1, RUNNING: 0 });
    expect((await server.ask('/api/runs/count?task=other')).json()).toMatchObject({ SCHEDULED: 0, CANCELLED: 1 });
    expect((await server.ask('/api/runs/count?limit=1')).status).toBe(400);
  });
});

describe('one run', () => {
  test('is shown with its history', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    await complete(server, id);
    const run = (await server.ask(`/api/runs/${id}`)).json<RunView>();
    expect(schema.runView.parse(run)).toEqual(run);
    expect(run).toMatchObject({ state: 'COMPLETED', result: 'done', worker: 'one', attempt: 1 });
    expect(run.history?.map((entry) => entry.state)).toEqual(['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED']);
  });

  test.each(['', '/logs'])('that is not there is not found: /api/runs/:id%s', async (rest) => {
    const server = await start();
    expect(await server.ask(`/api/runs/nobody${rest}`)).toMatchObject({ status: 404, code: 'not_found' });
    expect(await server.ask(`/api/runs/${'x'.repeat(65)}${rest}`)).toMatchObject({ status: 400, code: 'invalid_id' });
    expect(await server.ask(`/api/runs/%00${rest}`)).toMatchObject({ status: 400 });
  });

  test.each(['cancel', 'retry', 'replay'])('that is not there cannot be asked to %s', async (verb) => {
    expect(await post(await start(), `/api/runs/nobody/${verb}`)).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('shows what it wrote', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    expect((await server.ask(`/api/runs/${id}/logs`)).text).toBe('[]');
    const line = { at: '2030-01-01T00:00:00.000Z', level: 'info', text: '<b>\u001b[2J', attempt: 1 } as const;
    server.store.appendLogs(id, [line]);
    expect((await server.ask(`/api/runs/${id}/logs`)).json()).toEqual([line]);
  });

  test('is cancelled once; a final one stays as it is', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    expect((await post(server, `/api/runs/${id}/cancel`)).json()).toMatchObject({ state: 'CANCELLED' });
    const again = await post(server, `/api/runs/${id}/cancel`, {});
    expect([again.status, again.json<RunView>().state]).toEqual([200, 'CANCELLED']);
  });

  test('is repeated as a new run when it has ended', async () => {
    const server = await start();
    const options = { tags: ['x'], runName: 'n', retries: 4, timeout: '5s', concurrencyKey: 'c', priority: '1m' };
    const { id } = await server.submit({ task: 'greet', args: [{ a: 1 }], options });
    expect(await post(server, `/api/runs/${id}/retry`)).toMatchObject({ status: 409, code: 'not_final' });
    await post(server, `/api/runs/${id}/cancel`);
    const answer = await post(server, `/api/runs/${id}/retry`);
    expect(answer.status).toBe(201);
    const again = answer.json<RunView>();
    expect(again).toMatchObject({
      task: 'greet',
      args: [{ a: 1 }],
      tags: ['x'],
      name: 'n',
      maxAttempts: 5,
      retryOf: id,
      state: 'SCHEDULED',
    });
    expect(again.id).not.toBe(id);
    expect(await server.store.get(again.id)).toMatchObject({ timeoutMs: 5_000, concurrencyKey: 'c', priority: 60_000 });
  });

  test('is repeated with other arguments where they are given', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet', args: ['Ford'] });
    await post(server, `/api/runs/${id}/cancel`);
    expect((await post(server, `/api/runs/${id}/retry`, { args: [{ b: 2 }] })).json()).toMatchObject({ args: [{ b: 2 }], retryOf: id });
    expect((await post(server, `/api/runs/${id}/retry`, {})).json()).toMatchObject({ args: ['Ford'] });
    expect(await post(server, `/api/runs/${id}/retry`, { args: 1 })).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(await post(server, `/api/runs/${id}/retry`, { arg: [] })).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test('is replayed in any state, and stays as it is', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet', args: ['Ford'], options: { tags: ['x'] } });
    const answer = await post(server, `/api/runs/${id}/replay`, { args: ['Arthur'] });
    expect(answer.status).toBe(201);
    expect(answer.json()).toMatchObject({ args: ['Arthur'], tags: ['x'], retryOf: id, state: 'SCHEDULED' });
    expect(await server.store.get(id)).toMatchObject({ state: 'SCHEDULED', args: '["Ford"]' });
    expect(await server.store.counts()).toMatchObject({ SCHEDULED: 2 });
  });

  test('is removed when it has ended', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    const remove = () => server.ask(`/api/runs/${id}`, { method: 'DELETE' });
    expect(await remove()).toMatchObject({ status: 409, code: 'not_final' });
    await post(server, `/api/runs/${id}/cancel`);
    expect(await remove()).toMatchObject({ status: 204, text: '' });
    expect(await remove()).toMatchObject({ status: 404 });
  });
});

describe('GET /api/workers and /api/tasks', () => {
  test('show who is there and what is waited for', async () => {
    const server = await start();
    expect((await server.ask('/api/workers')).text).toBe('[]');
    await server.submit({ task: 'orphan' });
    const worker = await server.work();
    await worker.next((frame) => frame.type === 'welcome');
    const workers = (await server.ask('/api/workers')).json<object[]>();
    expect(workers.map((one) => schema.workerView.parse(one))).toEqual(workers);
    expect(workers).toMatchObject([{ id: 'worker-1', name: 'one', tasks: ['greet'], slots: 10, used: 0, paused: false }]);
    expect((await server.ask('/api/tasks')).json()).toEqual([
      { name: 'greet', workers: 1, queued: 0, running: 0, paused: false },
      { name: 'orphan', workers: 0, queued: 1, running: 0, paused: false },
    ]);
  });

  test('a paused task hands out nothing until it goes on', async () => {
    const server = await start();
    expect((await post(server, '/api/tasks/greet/pause')).json()).toEqual({ name: 'greet', paused: true });
    const { id } = await server.submit({ task: 'greet' });
    const worker = await server.work();
    await worker.next((frame) => frame.type === 'welcome');
    expect((await server.ask(`/api/runs/${id}`)).json()).toMatchObject({ state: 'SCHEDULED', stateName: 'Paused' });
    expect((await post(server, '/api/tasks/greet/resume')).json()).toEqual({ name: 'greet', paused: false });
    expect((await worker.next((frame) => frame.type === 'runs')).runs).toMatchObject([{ runId: id }]);
    expect(await post(server, '/api/tasks/a%20b/pause')).toMatchObject({ status: 400, code: 'invalid_task' });
  });
});

describe('POST /api/workers/:name/pause and /resume', () => {
  test('workers of a paused name get nothing new until they go on; others do', async () => {
    const server = await start();
    expect((await post(server, '/api/workers/one/pause')).json()).toEqual({ name: 'one', paused: true, workers: 0 });
    const worker = await server.work({ name: 'one', workerId: 'w1' });
    await worker.next((frame) => frame.type === 'welcome');
    const first = await server.submit({ task: 'greet' });
    expect((await server.ask('/api/workers')).json()).toMatchObject([{ name: 'one', paused: true, used: 0 }]);
    expect((await server.ask(`/api/runs/${first.id}`)).json()).toMatchObject({ state: 'SCHEDULED' });
    const other = await server.work({ name: 'two', workerId: 'w2' });
    expect((await other.next((frame) => frame.type === 'runs')).runs).toMatchObject([{ runId: first.id }]);
    await post(server, '/api/workers/two/pause');
    const second = await server.submit({ task: 'greet' });
    expect((await post(server, '/api/workers/one/resume')).json()).toEqual({ name: 'one', paused: false, workers: 1 });
    expect((await worker.next((frame) => frame.type === 'runs')).runs).toMatchObject([{ runId: second.id }]);
  });

  test('any text is a name, within reason', async () => {
    const server = await start();
    expect((await post(server, `/api/workers/${encodeURIComponent('host:1/ü')}/pause`)).json()).toMatchObject({ name: 'host:1/ü' });
    expect(await post(server, `/api/workers/${'x'.repeat(257)}/pause`)).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

test('GET /metrics counts runs, workers and slots as text', async () => {
  const server = await start();
  await server.submit({ task: 'greet' });
  const answer = await server.ask('/metrics');
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.text).toContain('bgtask_runs{state="SCHEDULED"} 1\n');
  expect(answer.text).toContain('bgtask_task_queued{task="greet"} 1\n');
  expect(answer.text).toContain('bgtask_workers 0\n');
});

test('no answer tells the token or the environment', async () => {
  process.env.BGTASK_TEST_CANARY = 'canary-value';
  const server = await start();
  await server.submit({ task: 'greet' });
  const paths = [
    '/api/health',
    '/api/version',
    '/api/limits',
    '/api/status',
    '/api/runs',
    '/api/workers',
    '/api/tasks',
    '/metrics',
    '/api/openapi.json',
    '/nowhere',
  ];
  for (const path of paths) {
    const { text } = await server.ask(path);
    expect(text).not.toContain('canary-value');
    expect(text).not.toContain(TOKEN);
  }
  delete process.env.BGTASK_TEST_CANARY;
});
