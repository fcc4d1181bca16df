import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import StoreVerify from '../../../commands/store/verify.ts';
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

test('a sound store exits 0; --json is what the contract says', async () => {
  const output = await bgtask(StoreVerify, [folder, '--json'], home.env);
  expect(output.exit).toBe(0);
  expect(output.json()).toEqual({ ok: true, runs: 3, lastSequence: expect.any(Number), problem: null });
});

test('a damaged store exits 65, says what is wrong, and is left as it is', async () => {
  const file = damage(folder);
  const before = readFileSync(file);
  const output = await bgtask(StoreVerify, [folder, '--json'], home.env);
  expect(output.exit).toBe(65);
  expect(output.json()).toMatchObject({ ok: false, problem: expect.stringContaining('journal-') });
  expect(readFileSync(file)).toEqual(before);
  const { stdout } = await bgtask(StoreVerify, [folder], home.env);
  expect(stdout).toContain(`bgtask store repair ${folder} --out NEWDIR`);
});

test('without a folder the store of the settings is meant, also as a URL', async () => {
  expect((await bgtask(StoreVerify, [], home.env)).stdout).toBe((await bgtask(StoreVerify, [`file:${folder}`], home.env)).stdout);
});

test('an empty folder is no store: 65. No folder at all, or memory, is a mistake: 2', async () => {
  mkdirSync(join(home.folder, 'empty'));
  expect((await bgtask(StoreVerify, [join(home.folder, 'empty')], home.env)).exit).toBe(65);
  expect((await bgtask(StoreVerify, [join(home.folder, 'none')], home.env)).exit).toBe(2);
  expect((await bgtask(StoreVerify, ['memory:'], home.env)).exit).toBe(2);
});

test('it writes nothing', async () => {
  const before = readdirSync(folder).sort();
  writeFileSync(join(home.folder, 'mark'), '');
  await bgtask(StoreVerify, [folder], home.env);
  expect(readdirSync(folder).sort()).toEqual(before);
});
