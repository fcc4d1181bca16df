import { afterAll, beforeAll, expect, test } from 'vitest';
import RunReplay from '../../../commands/run/replay.ts';
import type { RunView } from '../../../src/core/api.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
let id: string;
beforeAll(async () => {
  server = await testServer();
  await server.serve(task('greet', async (name: string) => `Hello, ${name}!`));
  const [run] = await server.client.submit([{ task: 'greet', args: ['Ford'], options: { tags: ['vip'] } }]);
  id = (await server.client.final(run?.id as string)).id;
});
afterAll(() => server.close());

test('a run is submitted once more; the new id is what is printed', async () => {
  const { stdout, stderr, exit } = await bgtask(RunReplay, [id], server.env);
  expect(exit).toBe(0);
  expect(await server.client.final(stdout.trim())).toMatchObject({ retryOf: id, result: 'Hello, Ford!', tags: ['vip'] });
  expect(stderr).toBe(`Wait for it: bgtask run wait ${stdout}`);
});

test('with other arguments', async () => {
  const run = (await bgtask(RunReplay, [id, '--args', '["Arthur"]', '--json'], server.env)).json<RunView>();
  expect(await server.client.final(run.id)).toMatchObject({ retryOf: id, args: ['Arthur'], result: 'Hello, Arthur!' });
});

test('also of a run that has not ended, which stays as it is', async () => {
  const [open] = await server.client.submit([{ task: 'nobody' }]);
  const run = (await bgtask(RunReplay, [open?.id as string, '--json'], server.env)).json<RunView>();
  expect(run).toMatchObject({ state: 'SCHEDULED', retryOf: open?.id });
  expect(await server.store.get(open?.id as string)).toMatchObject({ state: 'SCHEDULED' });
});

test('arguments that are no array exit 2, an id that is none exits 1', async () => {
  expect((await bgtask(RunReplay, [id, '--args', '{"a":1}'], server.env)).exit).toBe(2);
  const { exit, stderr } = await bgtask(RunReplay, ['nope'], server.env);
  expect(exit).toBe(1);
  expect(stderr).toContain('nope');
});
