import { type ChildProcess, spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/core/seams.ts';
import { systemClock } from '../../src/system/system.ts';
import { Child, describeExit } from '../../src/worker/child-process.ts';
import type { Report } from '../../src/worker/ipc.ts';
import { JumpClock } from './jump-clock.ts';
import { aWork, fixture } from './pools.ts';

function aChild(args: readonly string[], clock: Clock = systemClock) {
  const process_: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'], detached: true });
  const lines: string[] = [];
  const reports: Report[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  let gone = 0;
  const child = new Child(
    process_,
    {
      reported: (_child, report) => {
        reports.push(report);
        wake();
      },
      grown: () => {},
      wrote: (_child, stream, line) => {
        lines.push(`${stream} ${line}`);
        wake();
      },
      gone: () => {
        gone += 1;
        wake();
      },
    },
    clock,
  );
  onTestFinished(() => {
    child.kill('The test is over');
    return child.gone;
  });
  const until = async (look: () => boolean) => {
    while (!look()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { child, lines, reports, until, goneCount: () => gone };
}

const messages = (mode: string, clock?: Clock) => aChild([fixture('messages.mjs'), mode], clock);

test('nothing is sent before the child listens, and then all of it in order', async () => {
  const { child, lines, until } = messages('late');
  child.prepare({ typescript: false, tsconfig: null, watch: false });
  expect(await child.load(['/a'])).toMatchObject({ tasks: [], files: ['/a'] });
  expect(child.state).toBe('ready');
  await until(() => lines.length === 2);
  expect(lines.map((line) => JSON.parse(line.slice('stdout '.length)).type)).toEqual(['prepare', 'load']);
});

test('runs and orders of one turn travel in one message each, orders behind runs', async () => {
  const { child, lines, until } = messages('late');
  await child.load([]);
  const runs = [aWork('a'), aWork('b')];
  child.stop({ id: 7, why: 'cancel', reason: 'y' });
  for (const run of runs) child.run(run);
  await until(() => lines.length === 3);
  const heard = lines.slice(1).map((line) => JSON.parse(line.slice('stdout '.length)));
  expect(heard).toEqual([
    { type: 'runs', runs },
    { type: 'stop', runs: [{ id: 7, why: 'cancel', reason: 'y' }] },
  ]);
  expect(child.runs).toBe(2);
});

test('messages of the user’s own are nothing to it', async () => {
  const { child, reports } = messages('own');
  await child.load([]);
  expect(reports).toEqual([]);
  expect(await child.ping()).toBe(true);
});

test('a child that does not answer is no longer turning', async () => {
  const clock = new JumpClock();
  const { child } = messages('stays', clock);
  await child.load([]);
  const alive = child.ping();
  clock.jump(2_000);
  expect(await alive).toBe(false);
});

test('one that may leave and does not is killed after the grace', async () => {
  const clock = new JumpClock();
  const { child, lines, until, goneCount } = messages('stays', clock);
  await child.load([]);
  child.leave();
  await until(() => lines.length === 2);
  expect(child.state).toBe('leaving');
  clock.jump(5_000);
  await child.gone;
  expect(child).toMatchObject({ state: 'gone', exit: { code: null, signal: 'SIGKILL' }, endedBecause: 'It was not needed any more' });
  expect(goneCount()).toBe(1);
});

test('one that is not even here yet needs no goodbye', async () => {
  const { child } = messages('never');
  child.leave();
  await child.gone;
  expect(child.exit).toEqual({ code: null, signal: 'SIGKILL' });
});

test('its lines are told one by one, the last also without an end, before its death', async () => {
  const code = `process.stdout.write('one\\r\\ntw'); process.stdout.write('o\\n'); process.stderr.write('bad\\nrest'); process.exitCode = 3;`;
  const { child, lines, goneCount } = aChild(['-e', code]);
  await child.gone;
  expect(goneCount()).toBe(1);
  expect(lines.sort()).toEqual(['stderr bad', 'stderr rest', 'stdout one', 'stdout two']);
  expect(child.exit).toEqual({ code: 3, signal: null });
  expect(child.endedBecause).toBeNull();
});

test('of many lines it keeps the last', async () => {
  const { child } = aChild(['-e', 'for (let n = 0; n < 1000; n += 1) console.log(n)']);
  await child.gone;
  expect(child.tail.at(-1)).toBe('999');
  expect(child.tail.length).toBeLessThanOrEqual(100);
  expect(child.tail.length).toBeGreaterThanOrEqual(50);
});

test('a line without an end does not grow for ever', async () => {
  const { child, lines } = aChild(['-e', "process.stdout.write('x'.repeat(200_000))"]);
  await child.gone;
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.map((line) => line.slice('stdout '.length)).join('')).toBe('x'.repeat(200_000));
});

test('a grandchild that holds its pipes does not hold the news of its death', async () => {
  const code = `require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit', detached: true }).unref(); process.exit(1);`;
  const { child } = aChild(['-e', code]);
  await child.gone;
  expect(child.exit).toEqual({ code: 1, signal: null });
});

test('a death while it loads is a load that failed', async () => {
  const { child } = aChild(['-e', "console.error('no such luck'); process.exit(9)"]);
  await expect(child.load(['/a'])).rejects.toThrow(/while it loaded the files \(exit code 9\):\nno such luck/);
  await child.gone;
  await expect(child.load(['/a'])).rejects.toThrow(/ended before it could load/);
});

test('an end is told in the words of the system', () => {
  expect(describeExit({ code: 42, signal: null })).toBe('exit code 42');
  expect(describeExit({ code: null, signal: 'SIGSEGV' })).toBe('signal SIGSEGV');
  expect(describeExit({ code: null, signal: null })).toBe('it could not be started');
});
