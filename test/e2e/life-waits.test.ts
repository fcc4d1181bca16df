/** What waits, waits in the server: retry delays, upstream runs and runs that wait for runs, over kills of it, with a single slot. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Shell, type Started } from '../helpers/shell.ts';

vi.setConfig({ testTimeout: 120_000 });

const TASKS = `
import { appendFileSync } from 'node:fs';
import { NonRetryableError, RetryAfterError, runContext, task } from 'bgtask';

const note = (...words: unknown[]) => appendFileSync('ledger', [...words, Date.now()].join(' ') + '\\n');
const failing = (what: string) => async () => {
  note(what);
  throw new Error('no');
};
export const list = task('list', { retries: 3, retryDelay: ['100ms', '400ms'] }, failing('list'));
export const growing = task('growing', { retries: 3, retryDelay: { delay: '100ms', factor: 3, max: '500ms' } }, failing('growing'));
export const asked = task('asked', { retries: 2, retryDelay: (error: unknown, { attempt }) => attempt * 200 }, failing('asked'));
export const spread = task('spread', { retries: 1, retryDelay: '1s', retryJitter: 0.5 }, async (i: number) => {
  note('spread' + i);
  throw new Error('no');
});
export const choosy = task('choosy', { retries: 9, retryIf: async (error: unknown) => (error as Error).message === 'again' }, async () => {
  throw new Error(runContext().attempt < 3 ? 'again' : 'enough');
});
export const never = task('never', { retries: 9 }, async () => {
  throw new NonRetryableError('no use');
});
export const later = task('later', { retries: 1, retryDelay: '1h' }, async () => {
  note('later');
  if (runContext().attempt === 1) throw new RetryAfterError('busy', '300ms');
  return 'done';
});
export const survives = task('survives', { retries: 1, retryDelay: '3s' }, async () => {
  note('survives');
  if (runContext().attempt === 1) throw new Error('later');
  return 'done';
});

export const number = task('number', async (n: number) => {
  if (n < 0) throw new RangeError('below zero');
  return n;
});
export const join = task('join', async (left: unknown, right: unknown) => ({ left, right }));
export const chain = task('chain', { concurrency: 1 }, async (n: number): Promise<number> => {
  if (n === 0) return 1;
  const next = await chain.delay(n - 1);
  return 1 + (await next.result());
});
export const fan = task('fan', { concurrency: 1 }, async (n: number): Promise<number> => {
  if (n === 0) return 1;
  const parts = await fan.map([n - 1, n - 1]);
  return (await Promise.all(parts.map((part) => part.result()))).reduce((sum, one) => sum + one, 0);
});
`;
const PREAMBLE = `
import { allowFailure, getRun } from 'bgtask';
import * as tasks from './tasks.ts';
const told = (run: any) => [run.stateName, run.attempt, run.error?.cause?.name ?? null, run.result ?? null];
const say = (value: unknown) => console.log(JSON.stringify(value));
`;

let shell: Shell;
let server: Started;
beforeEach(async () => {
  shell = await Shell.open();
  write('tasks.ts', TASKS);
  server = await shell.serve('npx bgtask server start');
  await shell.serve('npx bgtask task serve tasks.ts --limit 1');
});
afterEach(async () => {
  await shell.close();
});

const write = (file: string, text: string) => writeFileSync(join(shell.home, file), text);
async function script(text: string): Promise<unknown[]> {
  write('script.ts', PREAMBLE + text);
  const said = await shell.done('npx tsx script.ts');
  return said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
async function killServer(): Promise<void> {
  server.signal('SIGKILL');
  await server.ended;
  server = await shell.serve('npx bgtask server start');
}
/** Milliseconds from each note of `word` to the next. */
function gaps(word: string): number[] {
  const ledger = join(shell.home, 'ledger');
  const notes = existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : [];
  const times = notes.map((line) => line.split(' ')).flatMap(([what, at]) => (what === word ? [Number(at)] : []));
  return times.slice(1).map((time, index) => time - (times[index] as number));
}
/** A timer never fires early, but the clock of the machine that times it is read a little apart. */
const atLeast = (ms: number) => expect.toSatisfy((gap: number) => gap >= ms - 20 && gap < ms + 5_000, `${ms} ms or more`);

test('a retry waits as its task says, in the slot of nobody', async () => {
  const runs = await script(`
    const spread = await tasks.spread.map([1, 2, 3, 4, 5, 6, 7, 8]);
    const { list, growing, asked, choosy, never, later } = tasks;
    const futures = [await list.delay(), await growing.delay(), await asked.delay(), await choosy.delay(), await never.delay(), await later.delay()];
    for (const future of futures) say(told(await future.wait()));
    for (const future of spread) await future.wait();`);
  expect(runs).toEqual([
    ['Failed', 4, 'Error', null],
    ['Failed', 4, 'Error', null],
    ['Failed', 3, 'Error', null],
    ['Failed', 3, 'Error', null],
    ['Failed', 1, 'NonRetryableError', null],
    ['Completed', 2, null, 'done'],
  ]);
  expect(gaps('list')).toEqual([atLeast(100), atLeast(400), atLeast(400)]);
  expect(gaps('growing')).toEqual([atLeast(100), atLeast(300), atLeast(500)]);
  expect(gaps('asked')).toEqual([atLeast(200), atLeast(400)]);
  expect(gaps('later')).toEqual([atLeast(300)]);
  const spread = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((i) => gaps(`spread${i}`));
  expect(spread).toEqual(spread.map(() => atLeast(500)));
  expect(Math.max(...spread) - Math.min(...spread)).toBeGreaterThan(50);
});

test('the timer of a retry goes on over a kill of the server', async () => {
  const [id] = await script(`
    const future = await tasks.survives.delay();
    for await (const event of future.events()) if (event.type === 'state' && event.run.stateName === 'AwaitingRetry') break;
    say(future.id);`);
  await killServer();
  expect(await script(`say(told(await getRun('${id}').wait({ timeout: '60s' })));`)).toEqual([['Completed', 2, null, 'done']]);
  expect(gaps('survives')).toEqual([atLeast(3_000)]);
});

test('a diamond waits for its arms, and fails with one of them unless it takes how they settled', async () => {
  const said = await script(`
    const top = await tasks.number.applyAsync([5], { delay: '2s' });
    const [left, right] = [await tasks.join.delay(top, await tasks.number.delay(-1)), await tasks.join.delay(top, [top, { deep: top }])];
    const strict = await tasks.join.delay(left, right);
    const lenient = await tasks.join.delay(allowFailure(left), right);
    say((await right.get()).stateName);
    say([strict.id, lenient.id]);`);
  expect(said[0]).toBe('AwaitingDependency');
  await killServer();
  const [strict, lenient] = said[1] as [string, string];
  const ended = await script(`
    say(told(await getRun('${strict}').wait({ timeout: '60s' })));
    const { left, right } = await getRun('${lenient}').result({ timeout: '60s' }) as any;
    say([left.status, left.reason.name, right]);
    const mapped = await tasks.number.map([await tasks.number.delay(1), 2]);
    say(await Promise.all(mapped.map((future) => future.result())));`);
  expect(ended).toEqual([
    ['UpstreamFailed', 0, 'UpstreamFailed', null],
    ['rejected', 'UpstreamFailed', { left: 5, right: [5, { deep: 5 }] }],
    [1, 2],
  ]);
});

test('runs that wait for runs of their own task cannot lock each other out, with one slot and a limit of one', async () => {
  expect(await script(`say(await (await tasks.chain.delay(6)).result({ timeout: '60s' }));`)).toEqual([7]);
  expect(await script(`say(await (await tasks.fan.delay(4)).result({ timeout: '60s' }));`)).toEqual([16]);
});
