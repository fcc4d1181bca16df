import { afterAll, beforeAll, expect, test } from 'vitest';
import TaskResume from '../../../commands/task/resume.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test('a task that was paused is handed out again', async () => {
  await server.store.setPaused('task', 'resize', true, Date.now());
  expect((await bgtask(TaskResume, ['resize', '--json'], server.env)).json()).toEqual({ name: 'resize', paused: false });
  expect(await server.store.tasks()).toEqual([]);
  await server.store.setPaused('task', 'resize', true, Date.now());
  expect((await bgtask(TaskResume, ['resize'], server.env)).stderr).toBe('Runs of resize are handed out again.\n');
});

test('one that was not paused is told as such, with those that are', async () => {
  expect((await bgtask(TaskResume, ['resize'], server.env)).stderr).toBe('resize was not paused.\n');
  await server.store.setPaused('task', 'resize', true, Date.now());
  expect((await bgtask(TaskResume, ['rezize'], server.env)).stderr).toBe('rezize was not paused. Paused: resize\n');
});
