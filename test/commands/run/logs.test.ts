import { afterAll, beforeAll, expect, test } from 'vitest';
import RunLogs from '../../../commands/run/logs.ts';
import type { LogLine } from '../../../src/core/api.ts';
import { runContext, task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
let goOn = (): void => {};
beforeAll(async () => {
  server = await testServer();
  await server.serve(
    task('talk', async () => {
      const { log } = runContext();
      log.info('one \u001b]0;title\u0007');
      log.warn('two\nlines');
      log.error('three');
    }),
    task('silent', async () => {}),
    task('slow', async () => {
      const { log } = runContext();
      log.info('before');
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      log.info('after');
    }),
  );
});
afterAll(() => server.close());
const submit = async (name: string) => (await server.client.submit([{ task: name }]))[0]?.id as string;
async function ended(name: string): Promise<string> {
  const id = await submit(name);
  await server.client.final(id);
  return id;
}

test('--json is an array of lines; a final run has them all', async () => {
  const lines = (await bgtask(RunLogs, [await ended('talk'), '--json'], server.env)).json<LogLine[]>();
  expect(lines.map(({ level, text, attempt }) => [level, text, attempt])).toEqual([
    ['info', 'one \u001b]0;title\u0007', 1],
    ['warn', 'two\nlines', 1],
    ['error', 'three', 1],
  ]);
});

test('a person sees time, level and text, and nothing that commands the terminal', async () => {
  const { stdout } = await bgtask(RunLogs, [await ended('talk')], server.env);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}one \\x1b\]0;title\\x07$/);
  expect(lines[1]).toMatch(/ warn {2}two$/);
  expect(lines[2]).toMatch(/^ {31}lines$/);
});

test('--raw is the bare text, in a pipe', async () => {
  expect((await bgtask(RunLogs, [await ended('talk'), '--raw'], server.env)).stdout).toBe('one \u001b]0;title\u0007\ntwo\nlines\nthree\n');
});

test('--follow goes on until the run has ended, each line once; with --json as NDJSON', async () => {
  const id = await submit('slow');
  const followed = bgtask(RunLogs, [id, '--follow', '--json'], server.env);
  await new Promise<void>((resolve) => {
    const unwatch = server.client.watch(id, heard, { detail: true });
    function heard({ type }: { type: string }): void {
      if (type !== 'log') return;
      unwatch();
      resolve();
    }
  });
  goOn();
  const { stdout, exit } = await followed;
  expect(exit).toBe(0);
  // What the task itself prints in this process is among it.
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.map((line) => JSON.parse(line).text)).toEqual(['before', 'after']);
});

test('--follow of a final run prints it and ends', async () => {
  expect((await bgtask(RunLogs, [await ended('talk'), '-f'], server.env)).stdout.split('\n')).toHaveLength(5);
});

test('a run that wrote nothing says so on stderr', async () => {
  expect(await bgtask(RunLogs, [await ended('silent')], server.env)).toMatchObject({ stdout: '', stderr: 'It wrote nothing.\n', exit: 0 });
});

test('an unknown run exits 1', async () => {
  expect((await bgtask(RunLogs, ['nope'], server.env)).exit).toBe(1);
  expect((await bgtask(RunLogs, ['nope', '-f'], server.env)).exit).toBe(1);
});

test('a run can be named by the last eight characters of its id', async () => {
  const id = await ended('talk');
  expect((await bgtask(RunLogs, [id.slice(-8), '--json'], server.env)).json()).toHaveLength(3);
});
