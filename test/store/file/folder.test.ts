/** Whose folder it is. On a real disk: rights, owners and links are its business. */
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realDisk } from '../../../src/store/file/disk.ts';
import { listFolder, prepareFolder } from '../../../src/store/file/folder.ts';
import { openStore } from '../../../src/store/open.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { line } from '../contract.ts';

let base: string;
let folder: string;
let umask: number;
beforeEach(async () => {
  umask = process.umask();
  base = await mkdtemp(join(tmpdir(), 'bgtask-folder-'));
  folder = join(base, 'deep', 'store');
});
afterEach(async () => {
  process.umask(umask);
  await rm(base, { recursive: true });
});

const open = () => openStore(`file:${folder}`);
const mode = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);
const UNSAFE = { code: 'BGTASK_STORE_UNSAFE', exitCode: 73 };

async function used(): Promise<void> {
  const store = await open();
  await store.submit([aSubmit({ id: 'a' })], T0);
  store.appendLogs('a', [line('hello')]);
  await store.logs('a');
  await store.close();
}

describe.skipIf(process.platform === 'win32')('rights', () => {
  for (const mask of [0o000, 0o022, 0o077, 0o277]) {
    test(`are 0700 and 0600 under a umask of ${mask.toString(8)}`, async () => {
      await mkdir(join(base, 'deep'));
      process.umask(mask);
      const store = await open();
      await store.submit([aSubmit({ id: 'a' })], T0);
      store.appendLogs('a', [line('hello')]);
      await store.logs('a');
      expect(await mode(folder)).toBe('700');
      const names = await readdir(folder, { recursive: true });
      expect(names).toEqual(expect.arrayContaining(['journal-1-1.ndjson', 'logs', 'reserve', 'server.lock']));
      for (const name of names) expect([name, await mode(join(folder, name))]).toEqual([name, name === 'logs' ? '700' : '600']);
      await store.close();
      expect(await mode(join(folder, 'clean.json'))).toBe('600');
    });
  }

  test('of a folder that others may read are tightened; what is in no store keeps the rights it has', async () => {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await chmod(folder, 0o755);
    await used();
    expect(await mode(folder)).toBe('700');
    const project = join(base, 'project');
    await mkdir(project);
    await chmod(project, 0o755);
    await writeFile(join(project, 'package.json'), '{}');
    await prepareFolder(realDisk, project);
    expect(await mode(project)).toBe('755');
  });

  test('that let others write are refused, of the folder and of any file in it', async () => {
    await used();
    for (const name of ['', 'journal-1-1.ndjson', 'clean.json', 'logs']) {
      const path = join(folder, name);
      const before = (await lstat(path)).mode;
      await chmod(path, before | 0o022);
      await expect(open(), name).rejects.toMatchObject({ ...UNSAFE, message: expect.stringContaining('can be written by other users') });
      await chmod(path, before);
    }
    await (await open()).close();
  });

  test('of somebody else are refused', async (context) => {
    context.skip(process.getuid?.() !== 0, 'only root can give files away');
    await used();
    const { chown } = await import('node:fs/promises');
    for (const name of ['', 'journal-1-1.ndjson']) {
      await chown(join(folder, name), 65_534, 65_534);
      await expect(open(), name).rejects.toMatchObject({ ...UNSAFE, message: expect.stringContaining('belongs to another user') });
      await chown(join(folder, name), process.getuid?.() as number, process.getgid?.() as number);
    }
    await (await open()).close();
  });
});

describe('links', () => {
  test('in place of the folder are refused, and nothing is written where they lead', async () => {
    const victim = join(base, 'victim');
    await mkdir(victim);
    await mkdir(join(base, 'deep'));
    await symlink(victim, folder);
    await expect(open()).rejects.toMatchObject({ ...UNSAFE, message: expect.stringContaining('is a symlink') });
    expect(await readdir(victim)).toEqual([]);
  });

  test('in place of any file of the store are refused, and their victim is untouched', async () => {
    const victim = join(base, 'victim');
    await writeFile(victim, 'precious');
    await used();
    for (const name of ['server.lock', 'clean.json', 'journal-1-1.ndjson', 'journal-2-9.ndjson', 'snapshot-5.ndjson', 'reserve', 'logs']) {
      await rm(join(base, 'copy'), { recursive: true, force: true });
      await import('node:fs/promises').then((fs) => fs.cp(folder, join(base, 'copy'), { recursive: true }));
      await chmod(join(base, 'copy'), 0o700);
      await rm(join(base, 'copy', name), { recursive: true, force: true });
      await symlink(victim, join(base, 'copy', name));
      await expect(openStore(`file:${join(base, 'copy')}`), name).rejects.toMatchObject(UNSAFE);
      expect(await readFile(victim, 'utf8')).toBe('precious');
    }
  });

  test('in place of a log are never followed', async () => {
    const victim = join(base, 'victim');
    await writeFile(victim, 'precious');
    const store = await open();
    await store.submit([aSubmit({ id: 'a' })], T0);
    await symlink(victim, join(folder, 'logs', 'a.ndjson'));
    store.appendLogs('a', [line('evil')]);
    await store.logs('a').catch(() => []);
    await store.close();
    expect(await readFile(victim, 'utf8')).toBe('precious');
  });
});

test('a store in place of a file is refused', async () => {
  await mkdir(join(base, 'deep'));
  await writeFile(folder, '');
  await expect(open()).rejects.toMatchObject({ ...UNSAFE, message: expect.stringContaining('is not a folder') });
});

test('files that a stop left unfinished are cleared away, and are no store', async () => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'journal-1-1.ndjson.abc.tmp'), 'x', { mode: 0o600 });
  expect(await listFolder(realDisk, folder)).toMatchObject({ isUsed: false, unfinished: ['journal-1-1.ndjson.abc.tmp'] });
  await used();
  expect((await listFolder(realDisk, folder)).unfinished).toEqual([]);
});

test('a network file system is refused, and memory is warned of', async () => {
  const { SimDisk } = await import('../sim-disk.ts');
  const { openOn } = await import('../helpers.ts');
  const disk = new SimDisk();
  disk.kind = 'network';
  await expect(openOn(disk)).rejects.toMatchObject(UNSAFE);
  disk.kind = 'memory';
  const notices: string[] = [];
  await (await openOn(disk, { notices })).close();
  expect(notices.join()).toMatch(/lies in memory \(tmpfs\)/);
});
