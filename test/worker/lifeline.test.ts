import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CHILD_ENV } from '../../src/worker/ipc.ts';
import { isAlive } from './pools.ts';

vi.setConfig({ testTimeout: 90_000 });

const TSX = createRequire(import.meta.url).resolve('tsx');
const LIFELINE = new URL('../../src/worker/lifeline.ts', import.meta.url).href;

/** A process with the lifeline, which runs `code` and prints. */
async function aChild(code: string, mark: string | null = '5') {
  const env = { ...process.env, ...(mark === null ? {} : { [CHILD_ENV]: mark }) };
  const child = spawn(process.execPath, ['--import', TSX, '--import', LIFELINE, '--input-type=module', '-e', code], {
    ...{ env, stdio: ['ignore', 'pipe', 'inherit', 'pipe'], detached: true },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [first] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, said: String(first).trim() };
}

const MARK = `globalThis[Symbol.for('bgtask.child')]`;

test('a process whose code never lets go of the thread dies when its worker is gone', async () => {
  const { child } = await aChild("console.log('on'); setTimeout(() => { for (;;); }, 100);");
  await new Promise((resolve) => setTimeout(resolve, 500)); // the thread of the lifeline and the loop are at work
  expect(isAlive(child.pid as number)).toBe(true);
  (child.stdio[3] as unknown as { destroy(): void }).destroy(); // what the kernel does for a dead worker
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});

test('and takes the processes along that it started', async () => {
  const { child, said } = await aChild(
    "import { spawn } from 'node:child_process'; console.log(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' }).pid);",
  );
  const grandchild = Number(said);
  expect(isAlive(grandchild)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 500));
  (child.stdio[3] as unknown as { destroy(): void }).destroy();
  await once(child, 'exit');
  await expect.poll(() => isAlive(grandchild)).toBe(false);
});

test('the lifeline holds nobody back: a process ends when it wants to', async () => {
  const { child } = await aChild("console.log('on'); setTimeout(() => process.exit(7), 200);");
  expect(await once(child, 'exit')).toEqual([7, null]);
});

test('the mark of a child is out of the environment before any other code runs', async () => {
  const { said } = await aChild(`console.log(JSON.stringify([${MARK}, process.env.${CHILD_ENV} ?? null]));`);
  expect(JSON.parse(said)).toEqual([5, null]);
});

test('without the mark it does nothing', async () => {
  const { child, said } = await aChild(`console.log(JSON.stringify([${MARK} ?? null])); setTimeout(() => {}, 300);`, null);
  expect(JSON.parse(said)).toEqual([null]);
  (child.stdio[3] as unknown as { destroy(): void }).destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
