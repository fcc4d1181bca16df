import { expect, test } from 'vitest';
import { cacheTable } from '../../src/cli/cache.ts';

const at = '2026-11-24T12:00:00.000Z';
const entry = { task: 'resize', key: '0123456789abcdef', run: 'run-1', at, expiresAt: null };

test('a kept result has its task, the beginning of its key, its run, its age and its end', () => {
  const expiresAt = '2026-11-24T13:00:00.000Z';
  const table = cacheTable([entry, { ...entry, expiresAt }], Date.parse(at) + 3_000);
  expect(table.split('\n').slice(1)).toEqual([
    'resize  0123456789ab  run-1  3s ago  with its run',
    'resize  0123456789ab  run-1  3s ago  in 59m',
  ]);
});
