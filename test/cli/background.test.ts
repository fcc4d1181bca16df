import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAgain } from '../../src/cli/background.ts';
import { isAlive } from '../../src/config/servers.ts';
import { until } from '../helpers/cli-server.ts';

let folder: string;
const argv = [...process.argv];
const execArgv = [...process.execArgv];
const env = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bgtask-background-'));
  process.execArgv = [];
});
afterEach(() => {
  process.argv = argv;
  process.execArgv = execArgv;
  process.env = env;
  rmSync(folder, { recursive: true, force: true });
});

/** The program that is started again, and its arguments. */
function program(code: string, ...args: string[]): void {
  const file = join(folder, 'program.cjs');
  writeFileSync(file, code);
  process.argv = [process.execPath, file, ...args];
}
const log = () => join(folder, 'logs', 'out.log');

test('it comes back with what the new process tells, which lives on and writes to the log', async () => {
  program(
    `
    console.log(JSON.stringify({ args: process.argv.slice(2), background: process.env.BGTASK_BACKGROUND ?? null, json: process.env.BGTASK_JSON ?? null }));
    process.send({ status: { pid: process.pid } });
    setInterval(() => {}, 1e6);
  `,
    'server',
    'start',
    '--background',
    '--port',
    '0',
    '--json',
  );
  process.env.BGTASK_BACKGROUND = '1';
  process.env.BGTASK_JSON = '1';
  const { pid } = await startAgain(log());
  expect(isAlive(pid)).toBe(true);
  // Not again in the background, and with words for people in its log.
  expect(JSON.parse(readFileSync(log(), 'utf8'))).toEqual({ args: ['server', 'start', '--port', '0'], background: null, json: null });
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid));
});

test('where the new process leaves again, its words and exit code are those of the command', async () => {
  program(`console.error('Error: The store is held.'); process.exit(75);`);
  await expect(startAgain(log())).rejects.toMatchObject({ message: 'The store is held.', exitCode: 75 });
});

test('the log of the start before is gone', async () => {
  program(`console.log('first'); process.exit(1);`);
  await startAgain(log()).catch(() => {});
  program(`console.log('second'); process.exit(1);`);
  await startAgain(log()).catch(() => {});
  expect(existsSync(log())).toBe(true);
  expect(readFileSync(log(), 'utf8')).toBe('second\n');
});
