import { expect, test } from 'vitest';
import WorkerResume from '../../../commands/worker/resume.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { testServer } from '../../helpers/cli-server.ts';

test('paused workers get what waited', async () => {
  const server = await testServer();
  try {
    await server.client.request('POST', '/workers/test-worker/pause');
    await server.serve(task('greet', async () => 'hello'));
    const [run] = await server.client.submit([{ task: 'greet' }]);
    expect(await server.store.get(run?.id as string)).toMatchObject({ state: 'SCHEDULED' });
    const { stderr, exit } = await bgtask(WorkerResume, ['test-worker'], server.env);
    expect({ stderr, exit }).toEqual({ stderr: 'Workers named test-worker get runs again.\n', exit: 0 });
    expect(await server.client.final(run?.id as string)).toMatchObject({ state: 'COMPLETED', result: 'hello' });
  } finally {
    await server.close();
  }
});

test('where no worker of that name is connected it says so', async () => {
  const server = await testServer();
  try {
    expect((await bgtask(WorkerResume, ['none'], server.env)).stderr).toContain(
      'No worker of that name is connected now. Names: bgtask worker ls',
    );
  } finally {
    await server.close();
  }
});
