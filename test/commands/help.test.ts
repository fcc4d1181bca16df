import { expect, test } from 'vitest';
import Help from '../../commands/help.ts';
import { bgtask } from '../helpers/cli.ts';

test('without a word it explains the program, on stdout', async () => {
  const { stdout, stderr, exit } = await bgtask(Help, []);
  expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
  expect(stdout).toContain('USAGE\n  $ bgtask [COMMAND]');
});

test('of a command that is not there it says so, with exit 2', async () => {
  expect((await bgtask(Help, ['nonsense'])).exit).toBe(2);
});
