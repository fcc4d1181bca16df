import { afterAll, beforeAll, expect, test } from 'vitest';
import TaskLs from '../../../commands/task/ls.ts';
import type { RunView } from '../../../src/core/api.ts';
import { bgtask, testHome } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  for (const [task, tags] of [
    ['resize', ['a']],
    ['greet', ['b']],
    ['resize', []],
  ] as const) {
    await server.client.submit([{ task, args: ['secret-argument'], options: { tags, runName: `\u001b[31m${task}` } }]);
  }
});
afterAll(() => server.close());

test('--json is an array, newest first, without history', async () => {
  const runs = (await bgtask(TaskLs, ['--json'], server.env)).json<RunView[]>();
  expect(runs.map((run) => run.task)).toEqual(['resize', 'greet', 'resize']);
  expect([...runs].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)).map((run) => run.id)).toEqual(runs.map((run) => run.id));
  expect(runs[0]).toMatchObject({ state: 'SCHEDULED', stateName: 'Scheduled', attempt: 0, error: null, args: ['secret-argument'] });
  expect(runs[0]).not.toHaveProperty('history');
});

test('filters narrow the list; states come in any case, several by commas', async () => {
  const tasks = async (...argv: string[]) =>
    (await bgtask(TaskLs, ['--json', ...argv], server.env)).json<RunView[]>().map((run) => run.task);
  expect(await tasks('--task', 'greet')).toEqual(['greet']);
  expect(await tasks('--tag', 'a')).toEqual(['resize']);
  expect(await tasks('--state', 'completed')).toEqual([]);
  expect(await tasks('--state', 'completed,Scheduled')).toHaveLength(3);
  expect(await tasks('--state', 'FAILED', '--state', 'SCHEDULED')).toHaveLength(3);
  expect(await tasks('--limit', '2')).toEqual(['resize', 'greet']);
});

test('in a pipe it is a table with whole ids, without arguments, and nothing in it commands the terminal', async () => {
  const { stdout, exit } = await bgtask(TaskLs, [], server.env);
  const lines = stdout.trimEnd().split('\n');
  expect(exit).toBe(0);
  expect(lines[0]).toMatch(/^ID +TASK +STATE +CREATED +TOOK +TRY +NAME +TAGS$/);
  expect(lines).toHaveLength(4);
  expect(lines[2]).toMatch(/^[0-9a-f-]{36} {2}greet {3}SCHEDULED {2}/);
  expect(lines[2]).toContain('\\x1b[31mgreet');
  expect(stdout).not.toContain('secret-argument');
});

test('BGTASK_LIMIT is the limit of workers, not of this list', async () => {
  expect((await bgtask(TaskLs, ['--json'], { ...server.env, BGTASK_LIMIT: '1' })).json()).toHaveLength(3);
  expect((await bgtask(TaskLs, ['--json'], { ...server.env, BGTASK_TASK_LS_LIMIT: '1' })).json()).toHaveLength(1);
});

test('nothing found says what to do next, on stderr', async () => {
  expect(await bgtask(TaskLs, ['--task', 'none'], server.env)).toMatchObject({ stdout: '', stderr: 'No run fits.\n', exit: 0 });
});

test.each([
  [['--state', 'FAILD'], 'did you mean FAILED?'],
  [['--stat', 'FAILED'], 'Did you mean --state?'],
  [['--limit', 'x'], '--limit: expected a whole number'],
  [['extra'], 'Too many arguments: extra.'],
  [['--limit', '0'], '--limit: expected a whole number from 1 to 100000, not "0"'],
])('%j exits 2', async (argv, message) => {
  const { exit, stderr, stdout } = await bgtask(TaskLs, argv, server.env);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('without a server it exits 69 and says where it looked and why there', async () => {
  const home = testHome();
  const { exit, stderr } = await bgtask(TaskLs, [], { ...home.env, BGTASK_API_URL: 'http://127.0.0.1:9' });
  home.remove();
  expect(exit).toBe(69);
  expect(stderr).toContain('No bgtask server answers at http://127.0.0.1:9/api.');
  expect(stderr).toContain('bgtask server start');
  expect(stderr).toContain('The address comes from BGTASK_API_URL in the environment');
});

test('with a wrong key it exits 77', async () => {
  const output = await bgtask(TaskLs, ['--json'], { ...server.env, BGTASK_API_KEY: 'wrong' });
  expect(output.exit).toBe(77);
  expect(output.json()).toMatchObject({ error: { code: 'BGTASK_UNAUTHORIZED' } });
});

test('with a wrong setting in the environment it exits 78', async () => {
  expect((await bgtask(TaskLs, [], { ...server.env, BGTASK_API_URL: 'nonsense' })).exit).toBe(78);
  expect((await bgtask(TaskLs, ['--api-url', 'nonsense'], server.env)).exit).toBe(2);
});
