import { afterEach, beforeEach, expect, test } from 'vitest';
import RunCancel from '../../../commands/run/cancel.ts';
import type { RunView } from '../../../src/core/api.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server.close());
async function submit(task: string, ...tags: string[]): Promise<string> {
  return (await server.client.submit([{ task, options: { tags } }]))[0]?.id as string;
}
const states = async () => (await server.store.list({ limit: 100 })).runs.map((run) => `${run.task} ${run.state}`).sort();

test('runs are cancelled by id, each told as it is then', async () => {
  const ids = [await submit('a'), await submit('b')];
  const runs = (await bgtask(RunCancel, [...ids, '--json'], server.env)).json<RunView[]>();
  expect(runs.map((run) => run.state)).toEqual(['CANCELLED', 'CANCELLED']);
  expect(await states()).toEqual(['a CANCELLED', 'b CANCELLED']);
});

test('one that has ended stays as it is', async () => {
  const id = await submit('a');
  await server.client.cancel(id);
  expect(await bgtask(RunCancel, [id], server.env)).toMatchObject({ exit: 0, stderr: `a ${id} is CANCELLED.\n` });
});

test('an id that is none does not stop the others, and exits 1', async () => {
  const id = await submit('a');
  const { exit, stderr } = await bgtask(RunCancel, ['nope', id], server.env);
  expect(exit).toBe(1);
  expect(stderr).toContain('There is no such run: nope.');
  expect(await states()).toEqual(['a CANCELLED']);
});

test('filters choose; only what is open is meant', async () => {
  await submit('a', 'x');
  await submit('b', 'x');
  await submit('b');
  expect((await bgtask(RunCancel, ['--task', 'b', '--tag', 'x', '--json'], server.env)).json()).toHaveLength(1);
  expect((await bgtask(RunCancel, ['--state', 'SCHEDULED', '--json'], server.env)).json()).toHaveLength(2);
  expect((await bgtask(RunCancel, ['--state', 'COMPLETED', '--json'], server.env)).json()).toEqual([]);
  expect(await bgtask(RunCancel, ['--task', 'a'], server.env)).toMatchObject({ exit: 0, stderr: 'Nothing to cancel.\n' });
});

test('without ids and filters nothing is cancelled: exit 2', async () => {
  await submit('a');
  const { exit, stderr } = await bgtask(RunCancel, [], server.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('Say which runs');
  expect((await bgtask(RunCancel, ['--yes'], server.env)).exit).toBe(2);
  expect(await states()).toEqual(['a SCHEDULED']);
});

test('ids and filters together are not guessed at: exit 2', async () => {
  const id = await submit('a');
  expect((await bgtask(RunCancel, [id, '--task', 'a'], server.env)).exit).toBe(2);
  expect(await states()).toEqual(['a SCHEDULED']);
});

test('a run can be named by the last eight characters of its id', async () => {
  const id = await submit('a');
  expect(await bgtask(RunCancel, [id.slice(-8)], server.env)).toMatchObject({ exit: 0, stderr: `a ${id} is CANCELLED.\n` });
});
