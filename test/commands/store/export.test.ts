import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import StoreExport from '../../../commands/store/export.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';
import { damage, fillStore } from '../../helpers/cli-store.ts';

let home: TestHome;
let folder: string;
beforeEach(async () => {
  home = testHome();
  folder = join(home.folder, 'store');
  await fillStore(folder, 3);
});
afterEach(() => home.remove());

test('what happened is printed as NDJSON, oldest first', async () => {
  const { stdout, stderr, exit } = await bgtask(StoreExport, [folder], home.env);
  expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { k: string; id: string });
  expect(events.map(({ k, id }) => `${k} ${id}`)).toEqual(['run.submitted run-1', 'run.submitted run-2', 'run.submitted run-3']);
});

test('a damaged store exits 65', async () => {
  damage(folder);
  expect(await bgtask(StoreExport, [folder], home.env)).toMatchObject({ exit: 65, stdout: '' });
});
