import { afterAll, beforeAll, expect, test } from 'vitest';
import WorkerLs from '../../../commands/worker/ls.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test('without a worker it says how to start one', async () => {
  expect(await bgtask(WorkerLs, [], server.env)).toMatchObject({
    stdout: '',
    stderr: 'No worker is connected. Start one: bgtask task serve tasks.ts\n',
    exit: 0,
  });
  expect((await bgtask(WorkerLs, ['--json'], server.env)).json()).toEqual([]);
});

test('workers are listed with what they serve and the room they have', async () => {
  await server.serve(
    task('greet', async () => 1),
    task('resize', async () => 1),
  );
  const workers = (await bgtask(WorkerLs, ['--json'], server.env)).json<Record<string, unknown>[]>();
  expect(Object.keys(workers[0] ?? {}).sort()).toEqual(
    ['id', 'name', 'pid', 'host', 'tasks', 'slots', 'used', 'generation', 'paused', 'lastSeenAt'].sort(),
  );
  expect(workers[0]).toMatchObject({
    name: 'test-worker',
    pid: process.pid,
    tasks: ['greet', 'resize'],
    slots: 10,
    used: 0,
    paused: false,
  });
  expect((await bgtask(WorkerLs, [], server.env)).stdout).toMatch(/^NAME .*\ntest-worker .* 0\/10 .* greet, resize\n$/);
});
