import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { folderOf, openStore } from '../../src/store/open.ts';

test('a URL names a folder, absolute, relative or as a file URL', () => {
  expect(folderOf('file:/var/lib/bgtask')).toBe(resolve('/var/lib/bgtask'));
  expect(folderOf('file:.bgtask/store')).toBe(resolve('.bgtask/store'));
  expect(folderOf(pathToFileURL(resolve('/a b/store')).href)).toBe(resolve('/a b/store'));
});

test('a URL that names no store is refused, and the error says which do', async () => {
  for (const url of ['', 'file:', 'mem:', 'redis://x', 'file://host/share', '/var/lib/bgtask']) {
    await expect(openStore(url), url).rejects.toMatchObject({
      code: 'BGTASK_STORE_URL',
      exitCode: 78,
      message: expect.stringContaining('file:<folder>'),
    });
  }
  await expect(openStore('postgres://localhost/x')).rejects.toMatchObject({
    exitCode: 78,
    message: expect.stringContaining('in files only'),
  });
});

test('a store tells its URL in full, and how durable it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bgtask-open-'));
  for (const durability of ['durable', 'relaxed'] as const) {
    const store = await openStore(`file:${folder}/../${folder.split(/[\\/]/).at(-1)}/store`, { durability });
    expect(store).toMatchObject({ url: `file:${join(folder, 'store')}`, durability });
    await store.close();
  }
  const memory = await openStore('memory:');
  expect(memory).toMatchObject({ url: 'memory:', durability: 'memory' });
  await memory.close();
  await rm(folder, { recursive: true });
});
