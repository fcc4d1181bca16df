import { afterAll, beforeAll, expect, test } from 'vitest';
import RunRetry from '../../../commands/run/retry.ts';
import type { RunView } from '../../../src/core/api.ts';
import { encodeArgs, FUTURE } from '../../../src/core/values.ts';
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
  const runs = (await bgtask(RunRetry, ['--task', 'boom', '--json', '--yes'], server.env)).json<RunView[]>();
  expect(runs.map((run) => run.retryOf)).toEqual([id]);
  expect(await bgtask(RunRetry, ['--task', 'ok'], server.env)).toMatchObject({ stdout: '', stderr: 'Nothing to repeat.\n' });
});

test('a filter needs --yes where nobody can be asked: exit 2, with the number of runs and what to type', async () => {
  await ended('boom');
  const { exit, stderr } = await bgtask(RunRetry, ['--task', 'boom', '--state', 'failed'], server.env);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/\d+ runs? would be repeated, and there is nobody to ask/);
  expect(stderr).toContain('bgtask run retry --state FAILED --task boom --yes');
});

test('what the arguments stood for is looked up again', async () => {
  const [first] = await server.client.submit([{ task: 'ok' }]);
  const upstream = { id: first?.id as string, allowFailure: false };
  const { args } = encodeArgs([{ [FUTURE]: upstream }]);
  const [second] = await server.client.submit([{ task: 'ok', args: JSON.parse(args), options: { waitFor: [upstream] } }]);
  const id = (await server.client.final(second?.id as string)).id;
  const { stdout } = await bgtask(RunRetry, [id], server.env);
  expect(await server.client.final(stdout.trim())).toMatchObject({ state: 'COMPLETED', retryOf: id, waitFor: [first?.id] });
});

test('one that goes on cannot be repeated: exit 1', async () => {
  const [run] = await server.client.submit([{ task: 'nobody' }]);
  expect((await bgtask(RunRetry, [run?.id as string], server.env)).exit).toBe(1);
});
