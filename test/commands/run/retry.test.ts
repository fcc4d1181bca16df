import { afterAll, beforeAll, expect, test } from 'vitest';
import RunRetry from '../../../commands/run/retry.ts';
import type { RunView } from '../../../src/core/api.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  await server.serve(
    task('ok', async () => 1),
    task('boom', async () => {
      throw new Error('boom');
    }),
  );
});
afterAll(() => server.close());
async function ended(name: string): Promise<string> {
  const [run] = await server.client.submit([{ task: name, args: ['x'] }]);
  return (await server.client.final(run?.id as string)).id;
}

test('a run that ended is submitted again; the new id is what is printed', async () => {
  const id = await ended('ok');
  const { stdout, exit } = await bgtask(RunRetry, [id], server.env);
  expect(exit).toBe(0);
  expect(await server.client.final(stdout.trim())).toMatchObject({ state: 'COMPLETED', retryOf: id, args: ['x'] });
});

test('a filter without --state means what failed or crashed', async () => {
  await ended('ok');
  const id = await ended('boom');
  const runs = (await bgtask(RunRetry, ['--task', 'boom', '--json'], server.env)).json<RunView[]>();
  expect(runs.map((run) => run.retryOf)).toEqual([id]);
  expect(await bgtask(RunRetry, ['--task', 'ok'], server.env)).toMatchObject({ stdout: '', stderr: 'Nothing to repeat.\n' });
});

test('one that goes on cannot be repeated: exit 1', async () => {
  const [run] = await server.client.submit([{ task: 'nobody' }]);
  expect((await bgtask(RunRetry, [run?.id as string], server.env)).exit).toBe(1);
});
