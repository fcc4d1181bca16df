/** Limits that were set, as the server, its workers and its callers keep to them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Shell } from '../helpers/shell.ts';

vi.setConfig({ testTimeout: 120_000 });

const LIMITS = 'openRuns=20,argsBytes=4MiB,resultBytes=3MiB,logLineBytes=64KiB,logRunBytes=1MiB';
const TASKS = `
import { task } from 'bgtask';
export const give = task('give', (bytes, padding = '') => 'x'.repeat(bytes));
export const write = task('write', (lines, bytes) => { for (let i = 0; i < lines; i += 1) console.log('y'.repeat(bytes)); });
`;
const SUBMIT = `
import { give } from './tasks.mjs';
const told = (error) => \`\${error.name} \${error.reason ?? error.message}\`;
const ended = async (bytes, padding) => (await give.delay(bytes, padding)).result().then((text) => text.length);
console.log(JSON.stringify([
  await ended(2_500_000, 'x'.repeat(3_500_000)).catch(told),
  await ended(3_500_000).catch(told),
  await ended(1, 'x'.repeat(4_500_000)).catch(told),
]));
`;

let shell: Shell;
beforeAll(async () => {
  shell = await Shell.open();
  writeFileSync(join(shell.home, 'tasks.mjs'), TASKS);
  writeFileSync(join(shell.home, 'submit.mjs'), SUBMIT);
  await shell.serve(`npx bgtask server start --limits ${LIMITS}`);
  await shell.serve('npx bgtask task serve tasks.mjs --no-watch');
});
afterAll(() => shell.close());

test('arguments and results may be larger, up to the limit, from the program to the task and back', async () => {
  const [good, large, refused] = JSON.parse(await shell.done('node submit.mjs')) as unknown[];
  expect(good).toBe(2_500_000);
  expect(large).toMatch(/^TaskRunError result has 3500002 bytes as it is stored; the most is 3145728/);
  expect(refused).toBe('RefusedError too_large');
});

test('lines may be longer, and the log of a run ends where it was told to', async () => {
  const logOf = async (args: string) => {
    const { id } = JSON.parse(await shell.done(`npx bgtask task run write --args ${args} --wait --json`)) as { id: string };
    return JSON.parse(await shell.done(`npx bgtask run logs ${id} --json`)) as { text: string }[];
  };
  expect((await logOf('[1,60000]')).map(({ text }) => text.length)).toEqual([60_000]);
  const all = await logOf('[100,20000]');
  expect(all.length).toBeLessThan(60);
  expect(all.at(-1)?.text).toMatch(/1048576 bytes|reached its limit/);
});

test('the 21st open run is refused', async () => {
  for (let n = 0; n < 20; n += 1) await shell.done('npx bgtask task run nobody');
  expect((await shell.run('npx bgtask task run nobody')).stderr).toMatch(/20 runs are open already/);
});

test('what is no limit, or out of bounds, ends the start with the names and the bounds', async () => {
  const start = async (limits: string) => shell.run(`npx bgtask server start --port 0 --store memory: --limits ${limits}`);
  expect((await start('openRun=5')).stderr).toMatch(/did you mean openRuns\? The limits are openRuns, argsBytes, .*logTotalBytes/);
  expect((await start('argsBytes=1GiB')).stderr).toMatch(/argsBytes must be from 1KiB to 16MiB/);
});
