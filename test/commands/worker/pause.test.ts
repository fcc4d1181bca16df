import { afterAll, beforeAll, expect, test } from 'vitest';
import WorkerPause from '../../../commands/worker/pause.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  await server.serve(task('greet', async () => 1));
});
afterAll(() => server.close());

test('the workers of a name are paused; it says how to go on', async () => {
  const { stderr, exit } = await bgtask(WorkerPause, ['test-worker'], server.env);
  expect({ stderr, exit }).toEqual({ stderr: 'Paused test-worker. Go on: bgtask worker resume test-worker\n', exit: 0 });
  expect([...server.store.pausedWorkers()]).toEqual(['test-worker']);
});

test('a name that nobody has counts for those that come, and is told as such', async () => {
  const { stderr } = await bgtask(WorkerPause, ['host:1/x'], server.env);
  expect(stderr).toContain('No worker of that name is connected now');
  const answer = (await bgtask(WorkerPause, ['host:1/x', '--json'], server.env)).json();
  expect(answer).toEqual({ name: 'host:1/x', paused: true, workers: 0 });
});
