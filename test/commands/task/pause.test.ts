import { afterAll, beforeAll, expect, test } from 'vitest';
import TaskPause from '../../../commands/task/pause.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test('a paused task is told as such, and how to go on', async () => {
  const { stderr, exit } = await bgtask(TaskPause, ['resize'], server.env);
  expect({ stderr, exit }).toEqual({ stderr: 'Paused resize. Go on: bgtask task resume resize\n', exit: 0 });
  expect(await server.store.tasks()).toMatchObject([{ name: 'resize', paused: true }]);
  expect((await bgtask(TaskPause, ['resize', '--json'], server.env)).json()).toEqual({ name: 'resize', paused: true });
});

test('what cannot be the name of a task exits 2', async () => {
  expect((await bgtask(TaskPause, ['a b'], server.env)).exit).toBe(2);
});
