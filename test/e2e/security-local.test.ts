/** What other users and programs of the same machine can see, plant and reach: files, ports, process lists, output. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root, Shell } from '../helpers/shell.ts';
import { CANARY, faultsOf, Target } from '../helpers/target.ts';

const isRoot = process.getuid?.() === 0;
const hasNobody = isRoot && spawnSync('runuser', ['-u', 'nobody', '--', 'true']).status === 0;
const SECRET = 'secret-3b9ac9f2';
const TASKS = `
import { task } from 'bgtask';
export const login = task('login', async (user: { password: string }) => {
  if (user.password === 'wrong') throw new Error('no entry');
  return { token: user.password };
});
`;

/** Each file under `folder` with its mode. */
function filesUnder(folder: string): { path: string; mode: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return { path, mode: (statSync(path).mode & 0o777).toString(8), text: entry.isFile() ? readFileSync(path, 'latin1') : '' };
  });
}

describe('a server that ran with umask 0 and did some work', () => {
  let target: Target;
  let said = '';
  beforeAll(async () => {
    const before = process.umask(0);
    target = await Target.open();
    writeFileSync(join(target.shell.home, 'tasks.ts'), TASKS);
    const worker = await target.shell.serve('npx bgtask task serve tasks.ts --no-watch');
    process.umask(before);
    for (const password of [SECRET, 'wrong']) {
      writeFileSync(join(target.shell.home, 'args.json'), JSON.stringify([{ password }]));
      await target.shell.run('npx bgtask task run login --args - --wait < args.json');
    }
    said = target.server.stdout + target.server.stderr + worker.stdout + worker.stderr;
  });
  afterAll(() => target.close());

  test('has folders of 0700 and files of 0600, all of them', () => {
    const files = filesUnder(join(target.shell.home, '.home'));
    expect(files.length).toBeGreaterThanOrEqual(6);
    const own = files.filter(({ path }) => !path.endsWith('/.home'));
    expect(own.filter(({ path, mode }) => mode !== (statSync(path).isDirectory() ? '700' : '600'))).toEqual([]);
  });

  test('has its key in its own file and nowhere else: no other file, no output, no answer, no process list', async () => {
    for (let i = 0; i < 3; i += 1) await target.knock({ target: `/api/runs?key=${i}` });
    const holders = filesUnder(join(target.shell.home, '.home')).filter(({ text }) => text.includes(target.key));
    expect(holders.map(({ path }) => path.replace(/.*\//, ''))).toEqual(['token']);
    expect(said).not.toContain(target.key);
    expect(faultsOf(target)).toEqual([]);
    expect(spawnSync('ps', ['axww']).stdout.toString()).not.toContain(target.key);
  });

  test('has nothing of its environment anywhere', () => {
    const holders = filesUnder(join(target.shell.home, '.home')).filter(({ text }) => text.includes(CANARY));
    expect(holders).toEqual([]);
    expect(said).not.toContain(CANARY);
    expect(spawnSync('ps', ['axww']).stdout.toString()).not.toContain(CANARY);
  });

  test('prints arguments and results neither in its own output nor in lists', async () => {
    expect(said).not.toContain(SECRET);
    expect(await target.shell.done('npx bgtask task ls')).not.toContain(SECRET);
    expect(spawnSync('ps', ['axww']).stdout.toString()).not.toContain(SECRET);
  });

  test('masks what is named like a secret for people, and only for them', async () => {
    const [, run] = JSON.parse(await target.shell.done('npx bgtask task ls --json')) as { id: string }[];
    const page = await target.shell.done(`npx bgtask run inspect ${run?.id}`);
    expect(page).toContain("password: '***'");
    expect(page).not.toContain(SECRET);
    expect(await target.shell.done(`npx bgtask run inspect ${run?.id} --reveal`)).toContain(SECRET);
    expect(await target.shell.done(`npx bgtask run inspect ${run?.id} --json`)).toContain(SECRET);
  });

  test('listens on 127.0.0.1 only', () => {
    const hex = target.port.toString(16).toUpperCase().padStart(4, '0');
    const lines = ['tcp', 'tcp6'].flatMap((file) =>
      existsSync(`/proc/net/${file}`) ? readFileSync(`/proc/net/${file}`, 'utf8').split('\n') : [],
    );
    const listening = lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hex}`));
    expect(listening.map(([, local]) => local)).toEqual([`0100007F:${hex}`]);
  });

  test.skipIf(!hasNobody)('is closed to another user of the machine', () => {
    const nobody = (...line: string[]) => spawnSync('runuser', ['-u', 'nobody', '--', ...line]);
    const ask = `fetch('http://127.0.0.1:${target.port}/api/runs').then((answer) => console.log(answer.status))`;
    expect(nobody(process.execPath, '-e', ask).stdout.toString().trim()).toBe('401');
    for (const file of ['token', 'server.lock', '']) {
      const { status, stdout } = nobody('ls', join(target.shell.home, '.home/store', file));
      expect({ status, stdout: stdout.toString() }).toEqual({ status: 2, stdout: '' });
    }
  });
});

describe('a store that is not safe is refused with 73, and nothing that it leads to changes', () => {
  let shell: Shell;
  let store: string;
  let victim: string;
  beforeEach(async () => {
    shell = await Shell.open();
    store = join(shell.home, 'store');
    victim = join(shell.home, 'victim');
    mkdirSync(store, { mode: 0o700 });
    writeFileSync(victim, 'untouched');
  });
  afterEach(() => shell.close());

  test.each<[string, () => void]>([
    ['it is a symlink', () => symlinkSync(store, join(shell.home, 'link'))],
    ['its group may write to it', () => chmodSync(store, 0o770)],
    ['everybody may write to it', () => chmodSync(store, 0o707)],
    ['its key is a symlink', () => symlinkSync(victim, join(store, 'token'))],
    ['its lock is a symlink', () => symlinkSync(victim, join(store, 'server.lock'))],
    ['its journal is a symlink', () => symlinkSync(victim, join(store, 'journal-1-1.ndjson'))],
    ['a snapshot is a symlink', () => symlinkSync(victim, join(store, 'snapshot-1.ndjson'))],
    ['its reserve is a symlink', () => symlinkSync(victim, join(store, 'reserve'))],
    ['its logs are a symlink', () => symlinkSync(shell.home, join(store, 'logs'))],
    ['its key can be read by others', () => writeFileSync(join(store, 'token'), 'x'.repeat(43), { mode: 0o644 })],
    [
      'a file in it can be written by others',
      () => {
        writeFileSync(join(store, 'journal-1-1.ndjson'), '');
        chmodSync(join(store, 'journal-1-1.ndjson'), 0o666);
      },
    ],
  ])('%s', async (_, plant) => {
    plant();
    const at = existsSync(join(shell.home, 'link')) ? join(shell.home, 'link') : store;
    const { code, stderr } = await shell.run(`npx bgtask server start --store file:${at}`);
    expect({ code, stderr }).toEqual({ code: 73, stderr: expect.stringContaining('Error: ') });
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
  });

  test.skipIf(!isRoot)('it belongs to somebody else', async () => {
    chownSync(store, 65_534, 65_534);
    expect((await shell.run(`npx bgtask server start --store file:${store}`)).code).toBe(73);
  });

  test('a link at a name that is only passed through leads nowhere', async () => {
    for (const name of ['.db.json.tmp', 'token.tmp', 'snapshot.tmp', 'server.lock.tmp', 'clean.json.tmp'])
      symlinkSync(victim, join(store, name));
    const server = await shell.serve(`npx bgtask server start --store file:${store}`);
    await shell.done('npx bgtask task run greet');
    await server.stop();
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
  });
});

describe('a server that others can reach', () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = await Shell.open();
  });
  afterAll(() => shell.close());

  test.each([
    ['--host 0.0.0.0'],
    ['--host 0.0.0.0 --no-auth'],
    ['--host 0.0.0.0 --no-auth --allow-host runs.example'],
    ['--host :: --no-auth'],
    ['--host 127.evil.example --no-auth'],
  ])('is not started by %s', async (flags) => {
    expect((await shell.run(`npx bgtask server start ${flags}`)).code).toBe(78);
  });

  test('has a name to be called by, and a key', async () => {
    const target = await Target.open('--host 0.0.0.0 --allow-host runs.example');
    expect(await target.answer({ host: 'runs.example' })).toBe('200');
    expect(await target.answer({ host: 'runs.example', key: null })).toBe('401 unauthorized');
    expect(await target.answer({ host: 'evil.example' })).toBe('403 host_not_allowed');
    await target.close();
  });

  test('takes its key from no flag', async () => {
    for (const flag of ['--token', '--api-key', '--key']) expect((await shell.run(`npx bgtask server start ${flag} x`)).code).toBe(2);
  });
});

test('a server without a key says so at each start, and keeps out browsers all the same', async () => {
  const target = await Target.open('--no-auth');
  await target.server.says(/asks for no key/);
  expect(await target.answer({ key: null })).toBe('200');
  expect(await target.answer({ key: null, host: 'evil.example' })).toBe('403 host_not_allowed');
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
    expect(await target.answer({ method, key: null, headers: ['Origin: http://evil.example'] })).toBe('403 origin_not_allowed');
    expect(await target.answer({ method, key: null, headers: ['Sec-Fetch-Site: same-site'] })).toBe('403 cross_site');
  }
  const form = { method: 'POST', key: null, headers: ['Content-Type: text/plain'], body: '{"task":"x"}' };
  expect(await target.answer(form)).toBe('415 unsupported_media_type');
  expect((await target.upgrade({ key: null, headers: ['Origin: null'] })).status).toBe(403);
  expect((await target.upgrade({ key: null }, null)).status).toBe(400);
  expect(faultsOf(target)).toEqual([]);
  await target.close();
});

test('nothing that is built makes code of text', () => {
  const built = filesUnder(join(root, 'dist')).filter(({ path }) => /dist\/(src|commands)\/.*\.js$/.test(path));
  expect(built.length).toBeGreaterThan(100);
  expect(built.filter(({ text }) => /\beval\(|new Function\b|node:vm|from 'vm'/.test(text)).map(({ path }) => path)).toEqual([]);
});
