import { afterAll, beforeAll, expect, test } from 'vitest';
import RunWait from '../../../commands/run/wait.ts';
import type { RunView } from '../../../src/core/api.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  await server.serve(
    task('greet', async (name: string) => `Hello, ${name}!`),
    task('boom', async () => {
      throw new Error('boom');
    }),
  );
});
afterAll(() => server.close());
const submit = async (name: string, ...args: unknown[]) => (await server.client.submit([{ task: name, args }]))[0]?.id as string;

test('it prints the run when it has ended', async () => {
  const output = await bgtask(RunWait, [await submit('greet', 'Ford'), '--json'], server.env);
  expect(output).toMatchObject({ exit: 0, stderr: '' });
  expect(output.json()).toMatchObject({ state: 'COMPLETED', result: 'Hello, Ford!' });
  expect(output.json<RunView>().history?.length).toBeGreaterThan(1);
});

test('it exits 1 where the run did not complete, with the run on stdout all the same', async () => {
  const output = await bgtask(RunWait, [await submit('boom'), '--json'], server.env);
  expect(output.exit).toBe(1);
  expect(output.json()).toMatchObject({ state: 'FAILED', error: { message: 'boom' } });
  expect((await bgtask(RunWait, [await submit('boom')], server.env)).stdout).toMatch(/^State {7}FAILED$/m);
});

test('it exits 75 where the time was over first, and the run goes on', async () => {
  const id = await submit('nobody-serves-this');
  const output = await bgtask(RunWait, [id, '--timeout', '50ms', '--json'], server.env);
  expect(output.exit).toBe(75);
  expect(output.json()).toMatchObject({ error: { code: 'BGTASK_WAIT_TIMEOUT' } });
  expect(await server.client.get(id)).toMatchObject({ state: 'SCHEDULED' });
});

test('an unknown run exits 1, a timeout that is none exits 2', async () => {
  expect((await bgtask(RunWait, ['nope'], server.env)).exit).toBe(1);
  expect((await bgtask(RunWait, ['nope', '--timeout', 'soon'], server.env)).exit).toBe(2);
});

test('a run can be named by the last eight characters of its id', async () => {
  const id = await submit('greet', 'Ford');
  expect((await bgtask(RunWait, [id.slice(-8), '--json'], server.env)).json()).toMatchObject({ id, state: 'COMPLETED' });
});
