/** One server to a store: who holds it is found out, and nobody is locked out by the dead. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realDisk } from '../../../src/store/file/disk.ts';
import { Lock } from '../../../src/store/file/lock.ts';
import { isDead, processIdentity } from '../../../src/system/processes.ts';
import { systemClock, systemRandom } from '../../../src/system/system.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bgtask-lock-'));
  path = join(folder, 'server.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const take = (over: { breakLock?: boolean; notices?: string[] } = {}) =>
  Lock.take({
    ...{ disk: realDisk, folder, clock: systemClock, nonce: systemRandom.token(), breakLock: over.breakLock ?? false },
    onNotice: (notice) => over.notices?.push(notice),
  });
const LOCKED = { code: 'BGTASK_STORE_LOCKED', exitCode: 75 };
const leave = (owner: object) => writeFile(path, JSON.stringify({ ...processIdentity(), nonce: 'old', ...owner }), { mode: 0o600 });

/** The pid of a process that has ended, and what it said of itself. */
async function deadProcess() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
  await new Promise((resolve) => child.once('spawn', resolve));
  const identity = { ...processIdentity(), pid: child.pid as number };
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  return identity;
}

describe('a lock', () => {
  test('is held by one, and free again after it', async () => {
    const lock = await take();
    lock.check();
    await expect(take()).rejects.toMatchObject({ ...LOCKED, message: expect.stringContaining(`pid ${process.pid} on ${hostname()}`) });
    await lock.release();
    const again = await take();
    await again.release();
    await expect(readFile(path)).rejects.toThrow();
  });

  test('of a process that has ended is taken over, with a word', async () => {
    const { pid } = await deadProcess();
    await leave({ pid });
    const notices: string[] = [];
    const lock = await take({ notices });
    expect(notices).toEqual([expect.stringContaining(`from pid ${pid} on ${hostname()}, which is gone`)]);
    await lock.release();
  });

  test('of another boot is taken over, and so is one whose pid is used by another process now', async (context) => {
    context.skip(processIdentity().machine === null, 'this system cannot tell');
    for (const owner of [{ machine: 'another-boot pid:[1]' }, { startTicks: '1' }]) {
      await leave({ pid: process.pid, ...owner });
      await (await take()).release();
    }
  });

  test('of another machine is left alone, unless it is broken', async () => {
    await leave({ host: 'elsewhere' });
    await expect(take()).rejects.toMatchObject({
      ...LOCKED,
      suggestions: expect.arrayContaining([expect.stringContaining('--break-lock')]),
    });
    const notices: string[] = [];
    const lock = await take({ breakLock: true, notices });
    expect(notices).toEqual([expect.stringMatching(/from pid \d+ on elsewhere, as asked/)]);
    await lock.release();
  });

  test('that says nothing was left by a server that died while it took it', async () => {
    await writeFile(path, '', { mode: 0o600 });
    const notices: string[] = [];
    const lock = await take({ notices });
    expect(notices).toEqual([expect.stringContaining('a server that died while it took it')]);
    await lock.release();
  });

  test('that was broken is noticed by the one that held it, who does not remove the new one', async () => {
    const old = await take();
    const fresh = await take({ breakLock: true });
    expect(() => old.check()).toThrow(/taken over/);
    await old.release();
    fresh.check();
    await fresh.release();
  });

  test('goes to one of many that want it at once', async () => {
    const { pid } = await deadProcess();
    await leave({ pid });
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => take()));
    const taken = answers.filter((answer) => answer.status === 'fulfilled');
    expect(taken).toHaveLength(1);
    await taken[0]?.value.release();
  });

  test('is refused to a reader only while its holder lives', async () => {
    await Lock.refuseHeld(realDisk, folder);
    const lock = await take();
    await expect(Lock.refuseHeld(realDisk, folder)).rejects.toMatchObject(LOCKED);
    await lock.release();
    const dead = await deadProcess();
    await leave({ pid: dead.pid });
    await Lock.refuseHeld(realDisk, folder);
    expect(isDead(processIdentity())).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')('stands by the kernel alone where its file was removed', async () => {
    const lock = await take();
    await rm(path);
    await expect(take()).rejects.toMatchObject(LOCKED);
    await lock.release();
  });
});
