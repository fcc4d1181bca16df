import { expect, test } from 'vitest';
import { Shared } from '../../src/core/shared.ts';

test('active runs of all tasks count in a limit they share, and nothing is left of a name nobody uses', () => {
  const shared = new Shared();
  const [db, api] = [
    { name: 'db', limit: 2 },
    { name: 'api', limit: 1 },
  ];
  shared.add([db], 1);
  expect(shared.full([db, api])).toBeUndefined();
  shared.add([db, api], 1);
  expect(shared.full([db])).toBe(db);
  expect(shared.full([{ name: 'db', limit: 3 }])).toBeUndefined();
  shared.add([db, api], -1);
  shared.add([db], -1);
  expect(shared.size).toBe(0);
});
