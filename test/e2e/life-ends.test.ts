/** How runs end, and what is left of them: stopped code and its neighbours, refused input, logs, results, and old runs that go. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Shell } from '../helpers/shell.ts';

vi.setConfig({ testTimeout: 120_000 });

const TASKS = `
import { setTimeout as sleep } from 'node:timers/promises';
import { runContext, task } from 'bgtask';
import { z } from 'zod';

export const blocks = task('blocks', { timeout: '1s' }, async () => {
  for (;;);
});
export const calm = task('calm', async (ms: number) => {
  await sleep(ms);
  return 'calm';
});
export const order = task('order', { input: z.object({ id: z.string().min(3), count: z.coerce.number().default(1) }) }, async (it) => it);
export const writes = task('writes', async (name: string) => {
  const { log, progress, meta } = runContext();
  for (let line = 0; line < 10; line += 1) {
    console.log(name, line);
    await Promise.resolve().then(() => log.warn(name, 'again'));
    await sleep(2);
    progress(line + 1, 10);
  }
  meta.set('name', name);
});
let tries = 0;
export const third = task('third', { retries: 5, retryDelay: [0, '200ms'] }, async () => {
  tries += 1;
  if (tries < 3) throw new RangeError('not yet');
  return tries;
});
export const gives = task('gives', async (what: string): Promise<unknown> => {
  if (what === 'text thrown') throw 'just text';
  if (what === 'nothing thrown') throw undefined;
  const values: Record<string, unknown> = { undefined: undefined, null: null, zero: 0, empty: '', large: 'x'.repeat(2_000_000) };
  return what === 'function' ? { rows: [{ save: () => 1 }] } : values[what];
});
`;
const PREAMBLE = `
import { taskRef, waitAll } from 'bgtask';
import * as tasks from './tasks.ts';
const say = (value: unknown) => console.log(JSON.stringify(value));
const running = async (future: any) => { for await (const event of future.events()) if (event.type === 'state' && event.run.state === 'RUNNING') return; };
`;

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
  write('tasks.ts', TASKS);
});
afterEach(async () => {
  await shell.close();
});

const write = (file: string, text: string) => writeFileSync(join(shell.home, file), text);
async function start(server = '', worker = ''): Promise<void> {
  await shell.serve(`npx bgtask server start ${server}`);
  await shell.serve(`npx bgtask task serve tasks.ts ${worker}`);
}
async function script(text: string): Promise<unknown[]> {
  write('script.ts', PREAMBLE + text);
  const said = await shell.done('npx tsx script.ts');
  return said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('a loop that blocks is stopped after its timeout and the grace, and its neighbours are done again without a charge', async () => {
  await start('', '--grace 500ms');
  const said = await script(`
    const neighbours = await tasks.calm.map([4_000, 4_000]);
    await Promise.all(neighbours.map(running));
    const since = Date.now();
    const { stateName, error } = await (await tasks.blocks.delay()).wait();
    say([stateName, (error as any).cause.name, Date.now() - since < 30_000]);
    const runs = await waitAll(neighbours);
    say(runs.map(({ state, crashes, maxAttempts, result }) => [state, crashes, maxAttempts, result]));
    const expired = await tasks.calm.applyAsync([1], { delay: '1h', ttl: '200ms' });
    say((await expired.wait()).state);`);
  expect(said).toEqual([
    ['TimedOut', 'TaskTimeoutError', true],
    [
      ['COMPLETED', 0, 1, 'calm'],
      ['COMPLETED', 0, 1, 'calm'],
    ],
    'EXPIRED',
  ]);
});

test('an input that does not fit is refused where it is made: by the task, and by the server for those who know its name alone', async () => {
  await start();
  const said = await script(`
    const ref = taskRef<typeof tasks.order>('order');
    const refusal = async (made: Promise<unknown>) => made.then(() => 'taken', (error) => [error.name, error.issues?.map((issue: any) => issue.path)]);
    say([await refusal(tasks.order.delay({ id: 'x' })), await refusal(ref.delay({ id: 'x' })), await refusal(tasks.order({ id: 'x' }))]);
    say([await (await ref.delay({ id: 'towel', count: '3' })).result(), await (await tasks.order.delay({ id: 'towel' })).result()]);`);
  const refused = ['InvalidInputError', [['id']]];
  expect(said).toEqual([
    [refused, refused, refused],
    [
      { id: 'towel', count: 3 },
      { id: 'towel', count: 1 },
    ],
  ]);
  const { code, stderr } = await shell.run(`npx bgtask task run order '{"id":"x"}'`);
  expect([code, stderr]).toEqual([2, expect.stringContaining("The input of task 'order' is not valid: id: ")]);
  const runs = JSON.parse(await shell.done('npx bgtask task ls --json')) as { state: string }[];
  expect(runs.map(({ state }) => state).sort()).toEqual(['COMPLETED', 'COMPLETED', 'FAILED']); // the last: the record of the direct call
});

test('an input that does not fit is refused also by a server that was started anew, before any worker is there', async () => {
  const server = await shell.serve('npx bgtask server start');
  const worker = await shell.serve('npx bgtask task serve tasks.ts');
  await shell.done(`npx bgtask task run order '{"id":"towel"}' --wait`);
  await worker.stop();
  await server.stop();
  await shell.serve('npx bgtask server start');
  const { code, stderr } = await shell.run(`npx bgtask task run order '{"id":"x"}'`);
  expect([code, stderr]).toEqual([2, expect.stringContaining("The input of task 'order' is not valid: id: ")]);
  await shell.done(`npx bgtask task run order '{"id":"towel"}'`);
});

test('a call that was tried again in its own process has all of its attempts in its record', async () => {
  await shell.serve('npx bgtask server start');
  await script('say(await tasks.third());');
  const [{ id }] = JSON.parse(await shell.done('npx bgtask task ls --json')) as [{ id: string }];
  const run = JSON.parse(await shell.done(`npx bgtask run inspect ${id} --json`)) as {
    history: { name: string; attempt: number; at: string }[];
  };
  expect(run).toMatchObject({ state: 'COMPLETED', attempt: 3, maxAttempts: 6, result: 3 });
  const waits = ['AwaitingRetry 1', 'Pending 1', 'Retrying 2', 'AwaitingRetry 2', 'Pending 2', 'Retrying 3'];
  expect(run.history.map(({ name, attempt }) => `${name} ${attempt}`)).toEqual([
    'Scheduled 0',
    'Pending 0',
    'Running 1',
    ...waits,
    'Completed 3',
  ]);
  const times = run.history.map(({ at }) => Date.parse(at));
  expect(times.toSorted((a, b) => a - b)).toEqual(times);
});

test('runs that write at the same time keep their logs apart, and events tell them from the first line', async () => {
  await start();
  const [events, other] = await script(`
    const [one, two] = await tasks.writes.map(['one', 'two']);
    const events = [];
    for await (const event of one.events()) events.push(event.type === 'log' ? event.text : event.type);
    await two.wait();
    say(events);
    say(two.id);`);
  const lines = Array.from({ length: 10 }, (_, line) => [`one ${line}`, 'one again']).flat();
  expect((events as string[]).filter((event) => event.startsWith('one') || event.startsWith('two'))).toEqual(lines);
  expect(events).toEqual(expect.arrayContaining(['progress', 'meta']));
  expect((events as string[]).at(-1)).toBe('state');
  const logs = JSON.parse(await shell.done(`npx bgtask run logs ${other} --json`)) as { text: string; level: string }[];
  expect(logs.map(({ level, text }) => `${level} ${text}`)).toEqual(
    Array.from({ length: 10 }, (_, line) => [`info two ${line}`, 'warn two again']).flat(),
  );
});

test('a result is what was returned, and what cannot be kept fails the run and says why', async () => {
  await start();
  const said = await script(`
    for (const what of ['undefined', 'null', 'zero', 'empty', 'large', 'function', 'text thrown', 'nothing thrown']) {
      const { state, result, error } = await (await tasks.gives.delay(what)).wait();
      say(state === 'COMPLETED' ? [state, typeof result, result ?? null] : [state, error.message]);
    }`);
  expect(said).toEqual([
    ['COMPLETED', 'undefined', null],
    ['COMPLETED', 'object', null],
    ['COMPLETED', 'number', 0],
    ['COMPLETED', 'string', ''],
    ['FAILED', expect.stringContaining('the most is 1048576')],
    ['FAILED', 'result.rows[0].save is a function and cannot be stored.'],
    ['FAILED', 'just text'],
    ['FAILED', 'undefined'],
  ]);
});

test('what is too much or too old goes within seconds, failures by a number of their own, with its logs', async () => {
  await start('--keep-completed 5 --keep-failed 2');
  await script(`
    await waitAll(await tasks.writes.map(Array.from({ length: 20 }, (_, i) => String(i))));
    await waitAll(await tasks.gives.map(['text thrown', 'text thrown', 'text thrown', 'text thrown']));
    say('done');`);
  const counts = async () => {
    const { COMPLETED, FAILED } = JSON.parse(await shell.done('npx bgtask server status --json')).counts;
    return [COMPLETED, FAILED];
  };
  await expect.poll(counts, { timeout: 30_000 }).toEqual([5, 2]);
  const kept = JSON.parse(await shell.done('npx bgtask task ls --state COMPLETED --json')) as { args: string[] }[];
  expect(kept).toHaveLength(5);
  await expect.poll(async () => (await shell.done('ls .home/store/logs')).trim().split('\n')).toHaveLength(5);
});
