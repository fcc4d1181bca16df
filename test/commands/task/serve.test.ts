import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import TaskServe from '../../../commands/task/serve.ts';
import { bgtask, type Output, ROOT } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

const TASKS = join(ROOT, 'test/fixtures/cli/tasks.ts');
let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

/** Serves in this process, lets a run be done, and stops with a signal. */
async function served(argv: string[], env = {}): Promise<Output> {
  const output = bgtask(TaskServe, argv, { ...server.env, ...env });
  const [run] = await server.client.submit([{ task: 'greet', args: ['Ford'] }]);
  await server.client.final(run?.id as string);
  process.emit('SIGTERM', 'SIGTERM');
  return await output;
}

test('it says when it is ready, what came of runs, and what they printed; it exits 0 when it drained', async () => {
  const { stdout, exit } = await served([TASKS, '--no-watch', '--name', 'ford', '--limit', '3']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d ready {6}ford serves greet \(3 at once\)$/m);
  expect(stdout).toContain('Greeting Ford \\x1b]0;title\\x07\n');
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d completed {2}greet [0-9a-f-]{36} in \S+$/m);
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d stopped/m);
});

test('with --json each event is one line of JSON', async () => {
  const { stdout } = await served([TASKS, '--no-watch', '--json']);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(events.map((event) => event.type)).toEqual(expect.arrayContaining(['ready', 'run-finished', 'stopped']));
  expect(events.find((event) => event.type === 'ready')).toMatchObject({ tasks: ['greet'], slots: 10, files: [] });
});

test('BGTASK_LIMIT is how many runs it takes at once, BGTASK_NAME its name', async () => {
  const { stdout } = await served([TASKS, '--no-watch'], { BGTASK_LIMIT: '7', BGTASK_NAME: 'arthur', BGTASK_LOG_LEVEL: 'error' });
  expect(stdout).toMatch(/ready {6}arthur serves greet \(7 at once\)/);
  expect(stdout).not.toContain('completed');
});

test('files that do not load are told with their place; without watching that is the end: exit 1', async () => {
  const { exit, stderr } = await bgtask(TaskServe, [join(ROOT, 'test/fixtures/cli/broken.ts'), '--no-watch'], server.env);
  expect(exit).toBe(1);
  expect(stderr).toMatch(/broken\.ts:2:\d+: TypeError/);
});

test.each([
  [[], 'FILE is missing: files with tasks.'],
  [['nowhere.ts'], 'There is no file'],
  [[TASKS, '--limit', 'x'], '--limit is "x"'],
  [[TASKS, '--drain', 'soon'], '--drain is "soon"'],
  [[TASKS, '--processes', '20', '--limit', '10'], 'at most the limit'],
])('%j exits 2', async (argv, message) => {
  const { exit, stderr } = await bgtask(TaskServe, argv, server.env);
  expect(exit).toBe(2);
  expect(stderr).toContain(message);
});

test('with a wrong key it exits 77 after a while in which the server may come up', { timeout: 30_000 }, async () => {
  const output = await bgtask(TaskServe, [TASKS, '--no-watch'], { ...server.env, BGTASK_API_KEY: 'wrong' });
  expect(output.exit).toBe(77);
});
