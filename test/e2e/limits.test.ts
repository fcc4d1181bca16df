/** Keys, limits and rates with real workers: what holds over all of them, counted in a file to which every run writes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { root, Shell } from '../helpers/shell.ts';

vi.setConfig({ testTimeout: 120_000 });

const FOLDER = join(root, 'test/fixtures/limits');
let shell: Shell;
let ledger: string;
beforeAll(async () => {
  shell = await Shell.open();
  ledger = join(shell.home, 'ledger');
  shell.setEnv('LEDGER', ledger);
  await shell.serve('npx bgtask server start');
  for (const name of ['a', 'b']) await shell.serve(`npx bgtask task serve tasks.ts --no-watch --limit 20 --name ${name}`, FOLDER);
});
afterAll(() => shell.close());

const submit = (what: string) => shell.done(`npx tsx submit.ts ${what}`, FOLDER);
const notes = (...words: string[]) =>
  (existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : [])
    .map((line) => line.split(' '))
    .filter(([word = '']) => words.includes(word));

test('a thousand runs on ten keys: all are done, and never more of one key at once than its limit', async () => {
  expect(await submit('keyed')).toBe('COMPLETED 1000\n');
  const active = new Map<string, number>();
  const most = new Map<string, number>();
  for (const [word, key = ''] of notes('begin', 'end')) {
    active.set(key, (active.get(key) ?? 0) + (word === 'begin' ? 1 : -1));
    most.set(key, Math.max(most.get(key) ?? 0, active.get(key) ?? 0));
  }
  expect(most.size).toBe(10);
  expect(Math.max(...most.values())).toBeLessThanOrEqual(2);
});

test('a hundred submits with one key from ten processes are one run', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => submit('once')));
  expect(new Set(ids.map((id) => id.trim())).size).toBe(1);
  await shell.done(`npx bgtask run wait ${ids[0]?.trim()}`);
  expect(notes('once')).toHaveLength(1);
});

test('of sixty runs at twenty in a second all are done, and no second sees more', async () => {
  expect(await submit('paced')).toBe('COMPLETED 60\n');
  const starts = notes('paced').map(([, at]) => Number(at));
  const first = Math.min(...starts);
  // What the server hands out evenly may reach the code a little late, and then closer together.
  for (const from of starts) expect(starts.filter((at) => at >= from && at < from + 800).length).toBeLessThanOrEqual(20);
  expect(Math.max(...starts) - first).toBeGreaterThanOrEqual(2_500);
});

test('ten calls of a debounced task are one run with the last arguments', async () => {
  expect(await submit('settled')).toBe('CANCELLED 9\nCOMPLETED 1\n10\n');
  expect(notes('settled')).toEqual([['settled', '10']]);
});
