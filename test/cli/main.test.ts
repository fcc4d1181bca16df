import { execFile, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, testHome } from '../helpers/cli.ts';

/** From the sources, as `npm run dev` does. */
function dev(...argv: string[]): Promise<{ stdout: string; stderr: string; exit: number }> {
  const home = testHome();
  return new Promise((resolve) => {
    const env = { ...process.env, ...home.env, NODE_ENV: 'development', NO_COLOR: '1' };
    execFile(process.execPath, [join(ROOT, 'bin/dev.js'), ...argv], { env }, (error, stdout, stderr) => {
      home.remove();
      resolve({ stdout, stderr, exit: error ? Number(error.code) : 0 });
    });
  });
}

test('the program explains itself, runs commands, and answers unknown ones with exit 2', { timeout: 60_000 }, async () => {
  const [help, value, unknown, spelt] = await Promise.all([
    dev('--help'),
    dev('config', 'get', 'LIMIT'),
    dev('serv', 'start'),
    dev('config', 'ls', '--jsn'),
  ]);
  expect(help).toMatchObject({ exit: 0, stderr: '' });
  expect(help.stdout).toContain('$ bgtask [COMMAND]');
  expect(value).toEqual({ exit: 0, stdout: '10\n', stderr: '' });
  expect(unknown).toMatchObject({ exit: 2, stdout: '' });
  expect(unknown.stderr).toContain('Did you mean: bgtask server start');
  expect(spelt).toMatchObject({ exit: 2, stdout: '' });
  expect(spelt.stderr).toContain('Did you mean --json?');
});

test.skipIf(!existsSync('/dev/full'))(
  'an output that cannot be written ends it with 74, and says so without a stack',
  { timeout: 60_000 },
  () => {
    const home = testHome();
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/dev.js'), 'config', 'ls'], {
      env: { ...process.env, ...home.env, NO_COLOR: '1' },
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    home.remove();
    expect({ status, stderr }).toEqual({
      status: 74,
      stderr: expect.stringMatching(/^Error: The output could not be written: ENOSPC.*\n$/),
    });
  },
);

test('no command of another program can come in by the data folder', () => {
  expect(readFileSync(join(ROOT, 'src/cli/main.ts'), 'utf8')).toContain('userPlugins: false');
});
