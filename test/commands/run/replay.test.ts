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

test('several, each with its own arguments, in the order in which they were named', async () => {
  const [other] = await server.client.submit([{ task: 'greet', args: ['Zaphod'] }]);
  const { stdout, stderr } = await bgtask(RunReplay, [other?.id as string, id, other?.id as string], server.env);
  const runs = await Promise.all(
    stdout
      .trim()
      .split('\n')
      .map((line) => server.client.final(line)),
  );
  expect(runs).toMatchObject([
    { retryOf: other?.id, result: 'Hello, Zaphod!' },
    { retryOf: id, result: 'Hello, Ford!' },
  ]);
  expect(stderr).toBe('Wait for one: bgtask run wait ID\n');
  expect((await bgtask(RunReplay, [id, other?.id as string, '--json'], server.env)).json<RunView[]>()).toMatchObject([
    { retryOf: id },
    { retryOf: other?.id },
  ]);
});

test('an id that is none does not stop the others, whose new ids are told', async () => {
  const { stdout, stderr, exit } = await bgtask(RunReplay, ['nope', id], server.env);
  expect([exit, stderr]).toEqual([1, expect.stringContaining('nope')]);
  expect(await server.client.final(stdout.trim())).toMatchObject({ retryOf: id });
});

test('other arguments go with one id: with more it exits 2, and submits nothing', async () => {
  const { exit, stdout, stderr } = await bgtask(RunReplay, [id, 'other', '--args', '["Arthur"]'], server.env);
  expect([exit, stdout, stderr]).toEqual([2, '', expect.stringContaining('--args goes with one id')]);
  expect((await bgtask(RunReplay, [], server.env)).exit).toBe(2);
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

test('a run can be named by the last eight characters of its id', async () => {
  expect((await bgtask(RunReplay, [id.slice(-8), '--json'], server.env)).json()).toMatchObject({ retryOf: id });
});
