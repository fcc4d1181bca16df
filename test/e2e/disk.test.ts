/**
 * The server on a disk that fails: killed by the kernel inside a sync, told that a sync failed, and without room. Real system calls,
 * made to fail by strace; a small disk of its own where this may be mounted. What is missing here is skipped, and says so.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Shell, type Started } from '../helpers/shell.ts';

vi.setConfig({ testTimeout: 120_000 });

let shell: Shell;
let undo: (() => void)[] = [];
beforeEach(async () => {
  shell = await Shell.open();
  shell.setEnv('UV_THREADPOOL_SIZE', '1'); // strace counts by thread: with one, the Nth call is the Nth
  shell.setEnv('UV_USE_IO_URING', '0');
});
afterEach(async () => {
  for (const one of undo) one();
  undo = [];
  await shell.close();
});

const works = (command: string, args: string[]) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const hasStrace = works('strace', ['-o', '/dev/null', 'true']);
const canMount = works('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt']);

interface Answer {
  readonly status: number;
  readonly body: { readonly id: string; readonly error?: { readonly code: string } };
}

/** What a client gets; status 0: no answer. */
async function ask(path: string, body?: object): Promise<Answer> {
  const token = (shell.env.BGTASK_API_KEY ?? '') as string;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${shell.port}/api${path}`;
  try {
    const answer = await fetch(url, { method: body ? 'POST' : 'GET', headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  } catch {
    return { status: 0, body: { id: '' } };
  }
}

/** A server whose system calls are tampered with; null where it ended before it could say that it listens. */
async function tampered(inject: string): Promise<Started | null> {
  const [call] = inject.split(':');
  const started = shell.start(`strace -f -o /dev/null -e trace=${call} -e inject=${inject} bgtask server start`);
  return started.says(/http:\/\/127\.0\.0\.1:\d+/).then(
    () => started,
    () => null,
  );
}

/** Submits one run after the other until that fails; the ids that were acknowledged. */
async function submitAll(most = 200): Promise<{ ids: string[]; last: Answer }> {
  const ids: string[] = [];
  let last: Answer = { status: 0, body: { id: '' } };
  for (let n = 0; n < most; n += 1) {
    last = await ask('/runs', { task: 'noop', args: [n] });
    if (last.status !== 201) break;
    ids.push(last.body.id);
  }
  return { ids, last };
}

async function knowsAll(ids: readonly string[]): Promise<void> {
  for (const id of ids) expect(await ask(`/runs/${id}`), id).toMatchObject({ status: 200, body: { state: 'SCHEDULED' } });
}

/** The key is made by the first start; every server on the store has the same. */
async function makeStore(): Promise<void> {
  const first = await shell.serve('npx bgtask server start');
  shell.setEnv('BGTASK_API_KEY', (await shell.done('npx bgtask auth token')).trim());
  await first.stop();
}

describe.skipIf(!hasStrace)('system calls (skipped where strace cannot trace)', () => {
  test.each([2, 5, 21])('killed inside its sync number %i, the server loses nothing it acknowledged', async (nth) => {
    await makeStore();
    const doomed = await tampered(`fdatasync:signal=KILL:when=${nth}`);
    const { ids } = doomed ? await submitAll() : { ids: [] };
    if (doomed) await doomed.ended;
    await shell.serve('npx bgtask server start');
    await knowsAll(ids);
    expect(JSON.parse(await shell.done('npx bgtask store verify --json'))).toMatchObject({ ok: true });
    if (nth > 8) expect(ids.length).toBeGreaterThan(0);
  });

  test('a sync that fails ends the server with 74, acknowledges nothing after it, and the next start finds all before', async () => {
    await makeStore();
    const doomed = (await tampered('fdatasync:error=EIO:when=9+')) as Started;
    const { ids, last } = await submitAll();
    expect((await doomed.ended).code).toBe(74);
    expect(last.status === 0 || last.status === 503).toBe(true);
    expect(ids.length).toBeGreaterThan(0);
    await shell.serve('npx bgtask server start');
    await knowsAll(ids);
  });
});

describe.skipIf(!canMount)('a disk that is full (skipped where none may be mounted)', () => {
  test('refuses new runs with 507, answers questions, and takes runs again by itself once there is room', async () => {
    const small = join(shell.home, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=0700', 'tmpfs', small]);
    undo.push(() => works('umount', ['-l', small]));
    const store = join(small, 'store');
    await shell.serve(`npx bgtask server start --store file:${store}`);
    shell.setEnv('BGTASK_API_KEY', (await shell.done('npx bgtask auth token')).trim());
    const { ids } = await submitAll(10);
    const filler = join(small, 'filler');
    expect(() => writeFileSync(filler, Buffer.alloc(64 << 20))).toThrow(/ENOSPC/);
    let refused: Answer;
    do refused = await ask('/runs', { task: 'noop', args: ['x'.repeat(50_000)] });
    while (refused.status === 201);
    expect(refused).toMatchObject({ status: 507, body: { error: { code: 'disk_full' } } });
    await knowsAll(ids);
    rmSync(filler);
    await expect.poll(async () => (await ask('/runs', { task: 'noop', args: [] })).status, { timeout: 10_000, interval: 250 }).toBe(201);
    expect(JSON.parse(await shell.done(`npx bgtask store verify ${store} --json`))).toMatchObject({ ok: true });
  });
});
