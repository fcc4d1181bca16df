import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import Help from '../../commands/help.ts';
import TaskServe from '../../commands/task/serve.ts';
import { bgtask, ROOT } from '../helpers/cli.ts';

test('without a word it explains the program, on stdout', async () => {
  const { stdout, stderr, exit } = await bgtask(Help, []);
  expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
  expect(stdout).toContain('USAGE\n  $ bgtask [COMMAND]');
});

test('of a command that is not there it says so, with exit 2', async () => {
  expect((await bgtask(Help, ['nonsense'])).exit).toBe(2);
});

test('a summary fits into a line of 80 columns: oclif does not break it', () => {
  const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, { summary?: string }>;
  };
  expect(Object.entries(commands).filter(([, { summary = '' }]) => summary.length > 80)).toEqual([]);
});

test('a flag that says a setting tells its default and leaves the setting to others', async () => {
  const { limit } = TaskServe.flags;
  expect(await (limit.defaultHelp as () => Promise<string>)()).toBe('10');
  expect(limit.default).toBeUndefined();
});
