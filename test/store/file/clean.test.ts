import { expect, test } from 'vitest';
import { checkClean, readClean, writeClean } from '../../../src/store/file/clean.ts';
import { FOLDER, inStore, SimDisk } from '../sim-disk.ts';

const END = { segment: 'journal-1-1.ndjson', bytes: 1_234, crc: 0xabc, seq: 56 };

test('a clean stop is written whole or not at all, and read back', async () => {
  const disk = new SimDisk();
  await disk.makeFolder(FOLDER);
  await writeClean(disk, FOLDER, END, 'nonce');
  expect(disk.calls).toEqual([
    'open clean.json.nonce.tmp',
    'write clean.json.nonce.tmp',
    'sync clean.json.nonce.tmp',
    'rename clean.json.nonce.tmp',
    'syncFolder store',
  ]);
  const clean = await readClean(disk, FOLDER);
  expect(clean).toEqual({ segment: 'journal-1-1.ndjson', s: 56, bytes: 1_234, crc: '00000abc' });
  checkClean(FOLDER, clean, END, false);
});

test('a journal that ends elsewhere is damaged, in each of the four', async () => {
  const clean = { segment: END.segment, s: END.seq, bytes: END.bytes, crc: '00000abc' };
  for (const over of [{ segment: 'journal-2-57.ndjson' }, { bytes: 1_233 }, { crc: 1 }, { seq: 55 }]) {
    expect(() => checkClean(FOLDER, clean, { ...END, ...over }, false)).toThrow(/stopped at byte 1234 of journal-1-1.ndjson/);
  }
  expect(() => checkClean(FOLDER, clean, END, true)).toThrow(/it ends here/);
});

test('one that cannot be read is damage', async () => {
  const disk = new SimDisk();
  disk.put(inStore('clean.json'), Buffer.from('{"s":'));
  await expect(readClean(disk, FOLDER)).rejects.toMatchObject({ exitCode: 65 });
});
