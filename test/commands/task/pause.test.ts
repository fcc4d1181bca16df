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
  await server.client.submit([{ task: 'resize' }]);
  const { stderr, exit } = await bgtask(TaskPause, ['resize'], server.env);
  expect({ stderr, exit }).toEqual({ stderr: 'Paused resize. Go on: bgtask task resume resize\n', exit: 0 });
  expect(await server.store.tasks()).toMatchObject([{ name: 'resize', paused: true }]);
  expect((await bgtask(TaskPause, ['resize', '--json'], server.env)).json()).toEqual({ name: 'resize', paused: true });
});

test('a task that nobody knows can be paused before its worker comes; it may be misspelt, too', async () => {
  await server.client.submit([{ task: 'resize' }]);
  const { stderr, exit } = await bgtask(TaskPause, ['resise'], server.env);
  expect(exit).toBe(0);
  expect(stderr).toBe(
    'No connected worker serves resise and no run of it waits: it counts for those that come. Did you mean resize?\n' +
      'Paused resise. Go on: bgtask task resume resise\n',
  );
  expect(await server.store.tasks()).toContainEqual(expect.objectContaining({ name: 'resise', paused: true }));
});

test('what cannot be the name of a task exits 2', async () => {
  expect((await bgtask(TaskPause, ['a b'], server.env)).exit).toBe(2);
});
