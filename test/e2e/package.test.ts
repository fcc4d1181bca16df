/** The package as a user gets it: packed, installed into an empty project with nothing else, compiled strictly, run. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = `
import { getRun, task, taskRef } from 'bgtask';
import { createClient } from 'bgtask/client';
import { serve } from 'bgtask/worker';
export const greet = task('greet', async (name: string, times = 1) => \`Hello, \${name}!\`.repeat(times));
export async function use(): Promise<string> {
  const future = await taskRef<typeof greet>('greet').delay('Ada', 2);
  // @ts-expect-error a number is no name
  await greet.delay(1);
  return future.result();
}
void [createClient, serve, getRun];
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bgtask-package-'));
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  await run('npm', ['install', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder });
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the installed command answers with its version', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const { stdout } = await run('npx', ['--no-install', 'bgtask', '--version'], { cwd: folder });
  expect(stdout.trim()).toBe(`bgtask ${version}`);
});

test.each([
  ['--module nodenext', 'use.ts'],
  ['--module node20', 'use.cts'],
  ['--module commonjs --moduleResolution node10 --ignoreDeprecations 6.0', 'use.cts'],
  ['--module esnext --moduleResolution bundler', 'use.ts'],
])('all entries compile under strict with %s, without the types of Node and with every declaration checked', async (how, file) => {
  await writeFile(join(folder, file), SOURCE);
  const flags = ['--strict', '--noEmit', '--target', 'es2022', ...how.split(' '), file];
  const compiled = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  expect(compiled.stdout).toBe('');
});

test('every entry of the package loads', async () => {
  const script =
    "for (const entry of ['bgtask', 'bgtask/worker', 'bgtask/client']) console.log(Object.keys(await import(entry)).length > 0)";
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
  expect(stdout).toBe('true\ntrue\ntrue\n');
});
