import { afterEach, beforeEach, expect, test } from 'vitest';
import RunRm from '../../../commands/run/rm.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server.close());
async function cancelled(task: string): Promise<string> {
  const [run] = await server.client.submit([{ task }]);
  return (await server.client.cancel(run?.id as string)).id;
}

test('runs that ended are removed by id', async () => {
  const id = await cancelled('a');
  expect((await bgtask(RunRm, [id, '--json'], server.env)).json()).toEqual([{ id }]);
  expect(await server.client.get(id)).toBeNull();
  expect((await bgtask(RunRm, [id], server.env)).exit).toBe(1);
});

test('one that goes on is refused with exit 1, and stays', async () => {
  const [run] = await server.client.submit([{ task: 'a' }]);
  const { exit, stderr } = await bgtask(RunRm, [run?.id as string], server.env);
  expect(exit).toBe(1);
  expect(stderr).toContain('Cancel it first');
  expect(await server.client.get(run?.id as string)).not.toBeNull();
});

test('filters choose among those that ended', async () => {
  await cancelled('a');
  await cancelled('b');
  await server.client.submit([{ task: 'a' }]);
  expect(await bgtask(RunRm, ['--task', 'a'], server.env)).toMatchObject({ exit: 0, stderr: 'Removed 1 run.\n' });
  expect((await server.store.list({ limit: 10 })).runs.map((run) => run.task).sort()).toEqual(['a', 'b']);
  expect((await bgtask(RunRm, ['--state', 'SCHEDULED'], server.env)).stderr).toBe('Nothing to remove.\n');
});
