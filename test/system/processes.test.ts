import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isDead, processIdentity } from '../../src/system/processes.ts';

const hasProof = existsSync('/proc/self/stat');

test('a process that runs is not dead, by its own word', () => {
  expect(processIdentity().pid).toBe(process.pid);
  expect(isDead(processIdentity())).toBe(false);
});

test.runIf(hasProof)('a process whose pid is free is dead', async () => {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  expect(isDead({ ...processIdentity(), pid: child.pid as number })).toBe(true);
});

test.runIf(hasProof)('a pid that another process has by now is dead', () => {
  expect(isDead({ ...processIdentity(), startTicks: '1' })).toBe(true);
});

test('what runs on another machine, or says nothing of its own, is never proven dead', () => {
  const gone = { ...processIdentity(), pid: 2 ** 22 + 1 };
  expect(isDead({ ...gone, machine: 'another boot' })).toBe(false);
  expect(isDead({ ...gone, machine: null })).toBe(false);
  expect(isDead({ ...gone, startTicks: null })).toBe(false);
});
