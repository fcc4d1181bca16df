/** Each hook, however its run got there, is called exactly once: where the run is executed, or by a worker that the server asks. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Shell } from '../helpers/shell.ts';

vi.setConfig({ testTimeout: 120_000 });

let shell: Shell;
let ledger: string;
beforeEach(async () => {
  shell = await Shell.open();
  ledger = join(shell.home, 'ledger');
  shell.setEnv('LEDGER', ledger);
  await shell.serve('npx bgtask server start');
  write('tasks.ts', TASKS);
});
afterEach(async () => {
  await shell.close();
});

const TASKS = `
import { appendFileSync } from 'node:fs';
import { runContext, task } from 'bgtask';

const told = (kind: string) => (run: any, what: string) =>
  appendFileSync(process.env.LEDGER as string, [what, kind, run.stateName, run.attempt, run.error?.name ?? '-', runContext().runId === run.id].join(' ') + '\\n');
const hooked = (one: any) => {
  for (const kind of ['onRunning', 'onCompleted', 'onFailed', 'onCrashed', 'onCancelled', 'onExpired', 'onRetrying']) one[kind](told(kind));
  return one;
};
const untilAborted = () => {
  const { signal } = runContext();
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
};

const act = async (what: string): Promise<string> => {
  if (what.startsWith('throws')) throw new TypeError('no');
  if (what.startsWith('polite')) await untilAborted();
  if (what.startsWith('deaf')) await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (what.startsWith('busy')) for (;;);
  if (what.startsWith('dies')) process.exit(3);
  return what;
};
export const plain = hooked(task('plain', act));
export const again = hooked(task('again', { retries: 1 }, act));
export const hasty = hooked(task('hasty', { timeout: '200ms' }, act));
export const hastyAgain = hooked(task('hastyAgain', { timeout: '200ms', retries: 1 }, act));
/** Its hook is no good; the next one is called all the same. */
export const clumsy = task('clumsy', act).onFailed(() => { throw new Error('a hook that throws'); }).onFailed(told('onFailed') as never);
`;
/** What \`submit.ts\` has to do, said by both modes. */
const PREAMBLE = `
import { clumsy, again, hasty, hastyAgain, plain } from './tasks.ts';
const running = async (future: any) => { for await (const event of future.events()) if (event.type === 'state' && event.run.state === 'RUNNING') return; };
const cancelled = async (future: any) => { await running(future); await future.cancel(); return future; };
const everywhere = async () => {
  const waits = await plain.applyAsync(['waits'], { delay: '1h' });
  await waits.cancel();
  const fails = await plain.delay('throws');
  return [
    waits, fails,
    await plain.delay('works'), await again.delay('throws-twice'), await hasty.delay('polite-timeout'),
    await cancelled(await plain.delay('polite-cancel')),
    await plain.applyAsync(['expires'], { delay: '1h', ttl: '300ms' }),
    await plain.applyAsync(['follows'], { waitFor: [fails] }),
    await clumsy.delay('throws-clumsily'),
  ];
};
`;
const EVERYWHERE = [
  'waits onCancelled Cancelled 0 TaskRunError true',
  'throws onRunning Running 1 - true',
  'throws onFailed Failed 1 TaskRunError true',
  'works onRunning Running 1 - true',
  'works onCompleted Completed 1 - true',
  'throws-twice onRunning Running 1 - true',
  'throws-twice onRetrying AwaitingRetry 1 TypeError true',
  'throws-twice onRunning Retrying 2 - true',
  'throws-twice onFailed Failed 2 TaskRunError true',
  'polite-timeout onRunning Running 1 - true',
  'polite-timeout onFailed TimedOut 1 TaskRunError true',
  'polite-cancel onRunning Running 1 - true',
  'polite-cancel onCancelled Cancelled 1 TaskRunError true',
  'expires onExpired Expired 0 TaskRunError true',
  'follows onFailed UpstreamFailed 0 TaskRunError true',
  'throws-clumsily onFailed Failed 1 TaskRunError true',
];

const write = (file: string, text: string) => writeFileSync(join(shell.home, file), text);
const lines = () => (existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : []);

/** Waits until all of `expected` is there, lets whatever else is under way arrive, and compares. */
async function expectLedger(expected: readonly string[]): Promise<void> {
  await expect.poll(() => expected.filter((line) => !lines().includes(line)), { timeout: 60_000 }).toEqual([]);
  await shell.done('npx bgtask task run plain last --wait');
  await expect.poll(() => lines().filter((line) => line.startsWith('last onCompleted'))).toHaveLength(1);
  expect(
    lines()
      .filter((line) => !line.startsWith('last '))
      .sort(),
  ).toEqual([...expected].sort());
}

describe('hooks are called exactly once for each move', () => {
  test('in children, also where the code had to be killed or its process died', async () => {
    write(
      'submit.ts',
      `${PREAMBLE}
      const futures = [...(await everywhere()), await hastyAgain.delay('busy-timeout'), await cancelled(await plain.delay('deaf-cancel'))];
      for (const future of futures) await future.wait();
      await (await plain.delay('dies')).wait();`,
    );
    await shell.serve('npx bgtask task serve tasks.ts --limit 20 --processes 2');
    await shell.done('npx tsx submit.ts');
    await expectLedger([
      ...EVERYWHERE,
      'busy-timeout onRunning Running 1 - true',
      'busy-timeout onRetrying AwaitingRetry 1 TaskTimeoutError true',
      'busy-timeout onRunning Retrying 2 - true',
      'busy-timeout onFailed TimedOut 2 TaskRunError true',
      'deaf-cancel onRunning Running 1 - true',
      'deaf-cancel onCancelled Cancelled 1 TaskRunError true',
      'dies onRunning Running 1 - true',
      'dies onRetrying AwaitingRetry 1 ProcessCrashedError true',
      'dies onRunning Retrying 2 - true',
      'dies onRetrying AwaitingRetry 2 ProcessCrashedError true',
      'dies onRunning Retrying 3 - true',
      'dies onCrashed Crashed 3 TaskRunError true',
    ]);
  });

  test('in the process of a script', async () => {
    write(
      'script.ts',
      `import { serve } from 'bgtask';
      ${PREAMBLE}
      const worker = await serve([plain, again, hasty, hastyAgain, clumsy], { isolation: 'none', limit: 20 });
      await worker.ready;
      for (const future of [...(await everywhere()), await cancelled(await plain.delay('deaf-cancel'))]) await future.wait();
      console.log('all have ended');`,
    );
    const script = shell.start('npx tsx script.ts');
    await script.says(/all have ended/);
    await expectLedger([...EVERYWHERE, 'deaf-cancel onRunning Running 1 - true', 'deaf-cancel onCancelled Cancelled 1 TaskRunError true']);
  });

  test('of direct calls, and by a worker where the caller died', async () => {
    await shell.serve('npx bgtask task serve tasks.ts');
    write(
      'call.ts',
      `${PREAMBLE}
      await plain('works');
      await Promise.allSettled([plain('throws'), again('throws-twice'), hasty('polite-timeout')]);
      console.log('all have ended');
      await plain('deaf');`,
    );
    const script = shell.start('npx tsx call.ts');
    await script.says(/all have ended/);
    await expect.poll(async () => JSON.parse(await shell.done('npx bgtask task ls --state RUNNING --json')).length).toBe(1);
    script.signal('SIGKILL');
    const direct = EVERYWHERE.filter((line) => /^(works|throws|throws-twice|polite-timeout) /.test(line));
    await expectLedger([...direct, 'deaf onRunning Running 1 - true', 'deaf onCrashed Crashed 1 TaskRunError true']);
  });
});

test('hooks of a task that no worker has wait for one', async () => {
  const id = JSON.parse(await shell.done('npx bgtask task run plain early --json')).id;
  await shell.done(`npx bgtask run cancel ${id}`);
  await shell.serve('npx bgtask task serve tasks.ts');
  await expectLedger(['early onCancelled Cancelled 0 TaskRunError true']);
});
