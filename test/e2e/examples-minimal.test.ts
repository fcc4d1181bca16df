import { afterEach, beforeEach, expect, test } from 'vitest';
import { follow } from '../helpers/follow.ts';
import { readPage } from '../helpers/pages.ts';
import { Shell } from '../helpers/shell.ts';

const EXAMPLE = 'examples/07-minimal';

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
});
afterEach(async () => {
  await shell.close();
});

test('what README.md tells to type works as pasted, and the worker prints what was posted', async () => {
  const [, worker] = await follow(shell, readPage(`${EXAMPLE}/README.md`), shell.copy(EXAMPLE));
  await worker?.says(/^42$/m);
});

test('one script starts all, posts, shows the log of the run, and stops all; exit code 0', async () => {
  const { code, stdout } = await shell.run('npx tsx all.ts', shell.copy(EXAMPLE));
  expect(code).toBe(0);
  const id = /^submitted run ([0-9a-f-]{36})$/m.exec(stdout)?.[1];
  expect(stdout).toContain(`$ npx bgtask run logs ${id} --follow`);
  expect(stdout).toMatch(/^\S+ info {2}Don't panic!$/m);
  expect(stdout.trimEnd().endsWith('All stopped.')).toBe(true);
  const url = /listens on (\S+)/.exec(stdout)?.[1] as string;
  await expect(fetch(`${url}/api/health`)).rejects.toThrow();
});

test('Ctrl-C in the middle stops what the script started', async () => {
  const script = shell.start('npx tsx all.ts', shell.copy(EXAMPLE));
  await script.says(/\bready\b/);
  const url = /listens on (\S+)/.exec(script.stdout)?.[1] as string;
  await script.stop();
  await expect(fetch(`${url}/api/health`)).rejects.toThrow();
});
