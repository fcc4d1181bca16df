/** The one real disk, and the simulated one beside it: what the store relies on holds for both. */
import { lstat, mkdtemp, readFile, rm, symlink, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Disk, realDisk, writeFile } from '../../../src/store/file/disk.ts';
import { SimDisk } from '../sim-disk.ts';

let real: string;
beforeAll(async () => {
  real = await mkdtemp(join(tmpdir(), 'bgtask-disk-'));
});
afterAll(() => rm(real, { recursive: true }));

for (const kind of ['real', 'simulated'] as const) {
  describe(`a ${kind} disk`, () => {
    let disk: Disk;
    let at: (name: string) => string;
    beforeAll(async () => {
      disk = kind === 'real' ? realDisk : new SimDisk();
      const folder = kind === 'real' ? join(real, 'folder') : '/sim/folder';
      at = (name) => join(folder, name);
      await disk.makeFolder(folder);
    });

    test('writes where it is told, reads it back, and cuts', async () => {
      const file = await disk.open(at('a'), 'create');
      await file.write(Buffer.from('hello'), 0);
      file.writeNow(Buffer.from('y!'), 4);
      await file.sync();
      file.syncNow();
      expect(await file.size()).toBe(6);
      const into = Buffer.alloc(10);
      expect(await file.read(into, 1)).toBe(5);
      expect(into.toString('utf8', 0, 5)).toBe('elly!');
      await file.truncate(2);
      expect(await file.size()).toBe(2);
      await file.close();
      await file.close();
      await expect(disk.open(at('a'), 'create')).rejects.toMatchObject({ code: 'EEXIST' });
      await expect(disk.open(at('nothing'), 'read')).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('appends, renames and removes; what is not there is removed already', async () => {
      await disk.append(at('b'), Buffer.from('one'));
      await disk.append(at('b'), Buffer.from('two'));
      await disk.rename(at('b'), at('c'));
      expect(disk.look(at('b'))).toBeUndefined();
      expect(disk.look(at('c'))).toMatchObject({ kind: 'file', size: 6, isOurs: true, isShared: false });
      expect(await disk.list(at(''))).toContain('c');
      await disk.syncFolder(at('').replace(/[\\/]$/, ''));
      await disk.remove(at('c'));
      await disk.remove(at('c'));
      expect(disk.look(at('c'))).toBeUndefined();
    });

    test('tells a file from another that took its name', async () => {
      await writeFile(disk, at('d'), Buffer.from('x'));
      const before = disk.look(at('d'))?.identity;
      expect(disk.look(at('d'))?.identity).toBe(before);
      await disk.remove(at('d'));
      await writeFile(disk, at('d'), Buffer.from('x'));
      expect(disk.look(at('d'))?.identity).not.toBe(before);
    });

    test('tells how much room there is', async () => {
      const { free, total } = await disk.space(at(''));
      expect(total).toBeGreaterThanOrEqual(free);
      expect(free).toBeGreaterThan(0);
    });
  });
}

test('a new file that cannot be written whole is not left behind', async () => {
  const disk = new SimDisk();
  await disk.makeFolder('/sim');
  disk.capacity = 10;
  await expect(writeFile(disk, '/sim/a', Buffer.alloc(20))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(disk.has('/sim/a')).toBe(false);
});

test.skipIf(process.platform === 'win32')('the real disk follows no link, and makes files for their owner alone', async () => {
  const [victim, link] = [join(real, 'victim'), join(real, 'link')];
  await writeFile(realDisk, victim, Buffer.from('precious'));
  await symlink(victim, link);
  for (const how of ['read', 'write'] as const) await expect(realDisk.open(link, how)).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(realDisk.open(link, 'create')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(realDisk.append(link, Buffer.from('x'))).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readFile(victim, 'utf8')).toBe('precious');
  expect(realDisk.look(link)?.kind).toBe('link');
  expect((await lstat(victim)).mode & 0o777).toBe(0o600);
  await truncate(victim, 0);
});
