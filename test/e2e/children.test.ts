/** Runs that start runs and wait for them, in children and without isolation. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Shell } from '../helpers/shell.ts';

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
  await shell.serve('npx bgtask server start');
});
afterEach(async () => {
  await shell.close();
});

const TASKS = `
import { task, waitAll, asCompleted } from 'bgtask';
/** Each level waits in another way for the next. */
export const level = task('level', { concurrency: { limit: 1, key: () => 'all' } }, async (left: number): Promise<string> => {
  if (left === 0) return '0';
  const future = await level.delay(left - 1);
  if (left === 1) return left + ' ' + (await future.result());
  if (left === 2) for await (const one of asCompleted([future])) return left + ' ' + (await one.result());
  if (left === 3) return left + ' ' + (await waitAll([future]))[0].result;
  for await (const event of future.events()) if (event.type === 'state' && event.run.state === 'COMPLETED') return left + ' ' + event.run.result;
  throw new Error('no end');
});
export const wide = task('wide', { concurrency: 1 }, async (depth: number): Promise<number> => {
  if (depth === 0) return 1;
  const futures = await wide.map([depth - 1, depth - 1, depth - 1]);
  const results = await Promise.all(futures.map((future) => future.result()));
  return results.reduce((sum, one) => sum + one, 0);
});
`;
const write = (file: string, text: string) => writeFileSync(join(shell.home, file), text);

describe('with one slot and a limit of one', () => {
  test('runs that wait for runs of their own task all complete, in children', async () => {
    write('tasks.ts', TASKS);
    await shell.serve('npx bgtask task serve tasks.ts --limit 1');
    expect((await shell.done('npx bgtask task run level 4 --wait')).trim()).toBe('4 3 2 1 0');
    expect((await shell.done('npx bgtask task run wide 3 --wait')).trim()).toBe('27');
  });

  test('and in the process of a script, and where the first of them is called there', async () => {
    write('tasks.ts', TASKS);
    write(
      'script.ts',
      `import { serve } from 'bgtask';
      import { level, wide } from './tasks.ts';
      const worker = await serve([level, wide], { limit: 1, isolation: 'none' });
      await worker.ready;
      console.log(await (await level.delay(4)).result(), await (await wide.delay(2)).result());
      console.log(await level(3), await wide(2));
      await worker.stop();`,
    );
    const said = await shell.done('npx tsx script.ts');
    expect(said).toContain('4 3 2 1 0 9\n');
    expect(said).toContain('3 2 1 0 9\n');
  });
});

test('a cancel ends everything a run has started, at every depth, and says why', async () => {
  write(
    'tasks.ts',
    `import { runContext, task } from 'bgtask';
    export const deep = task('deep', async (left: number) => {
      const child = left > 0 ? await deep.delay(left - 1) : null;
      if (child) return await child.result();
      const { signal } = runContext();
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });`,
  );
  await shell.serve('npx bgtask task serve tasks.ts');
  const json = async (line: string) => JSON.parse(await shell.done(line));
  const { id } = await json('npx bgtask task run deep 3 --json');
  const running = () => json('npx bgtask task ls --state RUNNING --json') as Promise<{ id: string; parentId: string | null }[]>;
  await expect.poll(async () => (await running()).length, { timeout: 20_000 }).toBe(4);
  expect(await shell.done(`npx bgtask run inspect ${id}`)).toMatch(
    /this run\n└ RUNNING {2}deep {2}\S+\n {2}└ RUNNING {2}deep {2}\S+\n {4}└ RUNNING/,
  );
  await shell.done(`npx bgtask run cancel ${id}`);
  await expect.poll(async () => (await json('npx bgtask task ls --state CANCELLED --json')).length, { timeout: 20_000 }).toBe(4);
  for (const { id: one, parentId } of await json('npx bgtask task ls --json')) {
    const reasons = (await json(`npx bgtask run inspect ${one} --json`)).history.map(({ reason }: { reason: string | null }) => reason);
    expect(reasons).toContain(parentId === null ? 'Cancelled by a client' : `Its parent run ${parentId} was cancelled`);
  }
});
