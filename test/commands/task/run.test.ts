import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import TaskRun from '../../../commands/task/run.ts';
import type { RunView } from '../../../src/core/api.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

const greet = task('greet', async (name: string) => `Hello, ${name}!`);
const boom = task('boom', async () => {
  throw new TypeError('no \u001b[31mfile');
});
const secret = task('secret', async () => new Map([['apiToken', 'canary']]));
const nothing = task('nothing', async () => {});

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  await server.serve(greet, boom, secret, nothing);
});
afterAll(() => server.close());
const run = (...argv: string[]) => bgtask(TaskRun, argv, server.env);

describe('a submit', () => {
  test('prints the id, and nothing else, on stdout', async () => {
    const { stdout, stderr, exit } = await run('later', 'Ford');
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(stderr).toContain(`Submitted later. Wait for it: bgtask run wait ${stdout.trim()}\n`);
    expect(exit).toBe(0);
  });

  test('of a task that no worker serves says so, and which one may have been meant', async () => {
    expect((await run('later')).stderr).toContain('No connected worker serves later: the run waits for one. Start one: bgtask task serve');
    expect((await run('graet', 'Ford')).stderr).toContain('Did you mean greet? Cancel it: bgtask run cancel');
    expect((await run('greet', 'Ford')).stderr).not.toContain('No connected worker');
  });

  test('with --json prints the run as submitted; each argument is JSON where it parses, else text', async () => {
    const submitted = (await run('later', 'Ford', '42', '{"a":[1]}', 'true', '-5', '--json')).json<RunView>();
    expect(submitted).toMatchObject({ task: 'later', state: 'SCHEDULED', args: ['Ford', 42, { a: [1] }, true, -5], result: null });
    expect(submitted.history).toHaveLength(1);
  });

  test('takes words that begin with a dash after --', async () => {
    expect((await run('later', '--json', '--', '--wait', '-x')).json<RunView>().args).toEqual(['--wait', '-x']);
  });

  test('says everything that can be said with one', async () => {
    const argv = ['--priority', '5s', '--tag', 'a', '--tag', 'b,c', '--key', 'k', '--ttl', '1h', '--retries', '2', '--timeout', '30s'];
    const submitted = (await run('later', '--json', '--id', 'my-id', '--delay', '1h', '--name', 'mine', ...argv)).json<RunView>();
    expect(submitted).toMatchObject({
      id: 'my-id',
      name: 'mine',
      tags: ['a', 'b', 'c'],
      priority: 5_000,
      idempotencyKey: 'k',
      maxAttempts: 3,
    });
    expect(Date.parse(submitted.dueAt) - Date.parse(submitted.createdAt)).toBe(3_600_000);
  });

  test('with the same id and arguments is the same run; with others it is refused', async () => {
    await run('later', 'Ford', '--id', 'same');
    expect((await run('later', 'Ford', '--id', 'same')).stdout).toBe('same\n');
    expect(await run('later', 'Arthur', '--id', 'same')).toMatchObject({ exit: 1 });
  });

  test('with a key that is taken answers with the run that is there, and says so', async () => {
    const first = await run('later', 'Ford', '--key', 'once');
    const second = await run('later', 'Arthur', '--key', 'once');
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr).toContain('A run with this key was there already: it is SCHEDULED.\n');
  });

  test.each([
    [['later', '--delay', 'soon'], '--delay is "soon"'],
    [['later', '--at', 'tomorrow'], '--at is "tomorrow"'],
    [['later', 'x', '--args', '[]'], 'not from both'],
    [['later', '--args', '{}'], '--args must be a JSON array'],
    [['later', '--retries', '-1'], '--retries'],
    [['../etc', 'x'], 'task'],
    [[], 'TASK is missing: name of the task.\n  → For example: bgtask task run greet Ford\n'],
  ])('%j exits 2', async (argv, message) => {
    const { exit, stderr, stdout } = await run(...argv);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('--wait', () => {
  test('prints the result', async () => {
    const { stdout, exit } = await run('greet', 'Ford', '--wait');
    expect({ stdout, exit }).toEqual({ stdout: 'Hello, Ford!\n', exit: 0 });
  });

  test('with --json prints the run as it ended', async () => {
    const output = await run('greet', 'Ford', '--wait', '--json');
    expect(output.stderr).toBe('');
    expect(output.json()).toMatchObject({ state: 'COMPLETED', result: 'Hello, Ford!', attempt: 1, worker: 'test-worker' });
    expect(output.json<RunView>().history?.at(-1)).toMatchObject({ state: 'COMPLETED' });
  });

  test('exits 1 where the run did not complete, and says why', async () => {
    const { stdout, stderr, exit } = await run('boom', '--wait');
    expect({ stdout, exit }).toEqual({ stdout: '', exit: 1 });
    expect(stderr).toMatch(/boom [0-9a-f-]{36} is FAILED: TypeError: no \\x1b\[31mfile\n$/);
    expect(await run('boom', '--wait', '--json')).toMatchObject({ exit: 1 });
  });

  test('hides what looks like a secret from people unless --reveal; JSON carries it', async () => {
    expect((await run('secret', '--wait')).stdout).toBe("Map(1) { 'apiToken' => '***' }\n");
    expect((await run('secret', '--wait', '--reveal')).stdout).toContain('canary');
    expect((await run('secret', '--wait', '--json')).stdout).toContain('canary');
  });

  test('prints nothing for a task that returns nothing', async () => {
    expect(await run('nothing', '--wait')).toMatchObject({ stdout: '', exit: 0 });
    expect((await run('nothing', '--wait', '--json')).json()).not.toHaveProperty('result');
  });
});
