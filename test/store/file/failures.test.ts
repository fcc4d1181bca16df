import { expect, test } from 'vitest';
import { StoreError } from '../../../src/core/errors.ts';
import { damaged, diskError, isFull } from '../../../src/store/file/failures.ts';
import { failure } from '../sim-disk.ts';

test('damage names folder, file, byte and number, and the commands that help', () => {
  const error = damaged('/data/store', 'journal-1-1.ndjson', { byte: 12, seq: 3 }, 'its checksum is wrong');
  expect(error).toMatchObject({ code: 'BGTASK_STORE_DAMAGED', exitCode: 65 });
  expect(error.message).toBe(
    'The store /data/store is damaged: journal-1-1.ndjson at byte 12 (sequence number 3): its checksum is wrong. Nothing was changed.',
  );
  expect(error.suggestions.join()).toMatch(/bgtask store verify \/data\/store.*bgtask store repair \/data\/store --out/);
});

test('an error of the disk is told by what can be done about it', () => {
  const codeOf = (code: string) => diskError('write', '/f', failure(code, '/f')).code;
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) expect(codeOf(code)).toBe('BGTASK_STORE_FULL');
  for (const code of ['ELOOP', 'EACCES', 'EPERM']) expect(codeOf(code)).toBe('BGTASK_STORE_UNSAFE');
  expect(codeOf('EIO')).toBe('BGTASK_STORE_FAILED');
  const known = new StoreError('locked', 'x');
  expect(diskError('write', '/f', known)).toBe(known);
  expect(isFull(new Error('x'))).toBe(false);
});
