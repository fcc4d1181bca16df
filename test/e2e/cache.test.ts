/** Results that are kept for later calls: with real children, a real server, and restarts of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Shell } from '../helpers/shell.ts';

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
  write('tasks.ts', TASKS);
  write('calls.txt', '');
});
afterEach(async () => {
  await shell.close();
});

/** Each call of a function writes a line. */
const TASKS = `
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { task } from 'bgtask';
const called = (what: string) => appendFileSync('calls.txt', what + '\\n');
const calls = () => readFileSync('calls.txt', 'utf8').split('\\n').length - 1;
export const square = task('square', { cache: { key: ['inputs'] } }, async (n: { of: number }) => {
  called('square');
  await sleep(300);
  return new Map([['is', n.of * n.of]]);
});
square.onCompleted(({ stateName, result }) => called(stateName + ' ' + result.get('is')));
export const shaky = task('shaky', { cache: { key: () => 'all' } }, async (n: number) => {
  called('shaky');
  await sleep(100);
  if (calls() < 3) throw new Error('not yet');
  return n;
});
export const short = task('short', { cache: { key: ['inputs'], expires: '1s' } }, async () => (called('short'), 1));
export const fresh = task('fresh', { cache: { key: ['inputs'], refresh: true } }, async () => (called('fresh'), calls()));
`;
const write = (file: string, text: string) => writeFileSync(join(shell.home, file), text);
const calls = () => readFileSync(join(shell.home, 'calls.txt'), 'utf8').trim().split('\n');
const script = async (text: string) => {
  write('script.ts', `import { fresh, shaky, short, square } from './tasks.ts';\n${text}`);
  return (await shell.done('npx tsx script.ts')).trim().split('\n');
};

test('fifty runs with one key call the function once; the others get its result without a slot or an attempt', async () => {
  await shell.serve('npx bgtask server start');
  await shell.serve('npx bgtask task serve tasks.ts');
  const said = await script(`
    const futures = await square.map(Array.from({ length: 50 }, () => ({ of: 7 })));
    const runs = await Promise.all(futures.map((future) => future.wait()));
    console.log(JSON.stringify(runs.map(({ stateName, attempt, cachedFrom, result, id }) => [stateName, attempt, cachedFrom, result?.get('is'), id])));`);
  const runs = JSON.parse(said[0] as string) as [string, number, string | null, number, string][];
  const made = runs.filter(([name]) => name === 'Completed');
  expect(made).toHaveLength(1);
  expect(runs.filter(([name, attempt, from]) => name === 'Cached' && attempt === 0 && from === made[0]?.[4])).toHaveLength(49);
  expect(runs.every(([, , , result]) => result === 49)).toBe(true);
  expect(calls().filter((line) => line === 'square')).toHaveLength(1);
  expect(calls().filter((line) => line === 'Cached 49')).toHaveLength(49);
});

test('a result is there after a restart of the server, until its run is removed', async () => {
  const server = await shell.serve('npx bgtask server start');
  await shell.serve('npx bgtask task serve tasks.ts');
  const [first] = await script(`const one = await square.delay({ of: 3 }); await one.result(); console.log(one.id);`);
  server.signal('SIGKILL');
  await server.ended;
  await shell.serve('npx bgtask server start');
  const call = `const run = await (await square.delay({ of: 3 })).wait(); console.log(run.stateName, run.cachedFrom);`;
  expect(await script(call)).toEqual([`Cached ${first}`]);
  const entries = JSON.parse(await shell.done('npx bgtask cache ls --json')) as { run: string }[];
  expect(entries.map(({ run }) => run)).toEqual([first]);
  await shell.done(`npx bgtask run rm ${first}`);
  expect(await script(call)).toEqual(['Completed null']);
  expect(JSON.parse(await shell.done('npx bgtask cache clear --task square --json'))).toEqual({ cleared: 1 });
  expect(await script(call)).toEqual(['Completed null']);
});

test('where the run that makes it fails, the next one makes it', async () => {
  await shell.serve('npx bgtask server start');
  await shell.serve('npx bgtask task serve tasks.ts');
  const said = await script(`
    const runs = await Promise.all((await shaky.map([1, 2, 3, 4, 5, 6])).map((future) => future.wait()));
    console.log(runs.map(({ stateName }) => stateName).sort().join(' '));`);
  expect(said).toEqual(['Cached Cached Cached Completed Failed Failed']);
  expect(calls()).toEqual(['shaky', 'shaky', 'shaky']);
});

test('a result is over after its time, and one to be made anew is made anew', async () => {
  await shell.serve('npx bgtask server start');
  await shell.serve('npx bgtask task serve tasks.ts');
  const said = await script(`
    const one = async () => (await (await short.delay()).wait()).stateName;
    console.log(await one(), await one());
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    console.log(await one());
    const next = async () => (await (await fresh.delay()).wait()).stateName;
    console.log(await next(), await next());`);
  expect(said).toEqual(['Completed Cached', 'Completed', 'Completed Completed']);
});
