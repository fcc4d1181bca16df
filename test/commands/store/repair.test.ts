import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import StoreRepair from '../../../commands/store/repair.ts';
import StoreVerify from '../../../commands/store/verify.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';
import { damage, fillStore } from '../../helpers/cli-store.ts';

let home: TestHome;
let folder: string;
let out: string;
beforeEach(async () => {
  home = testHome();
  folder = join(home.folder, 'store');
  out = join(home.folder, 'new');
  await fillStore(folder, 3);
  damage(folder);
});
afterEach(() => home.remove());

test('without the exact loss nothing is written; it says what is lost: exit 65', async () => {
  const { stdout, exit } = await bgtask(StoreRepair, [folder, '--out', out], home.env);
  expect(exit).toBe(65);
  expect(stdout).toMatch(/^Lost: \d+ records? \(sequence [\d, -]+\)$/m);
  expect(stdout).toContain('--accept-loss');
  expect(existsSync(out)).toBe(false);
  expect((await bgtask(StoreRepair, [folder, '--out', out, '--accept-loss', '99'], home.env)).exit).toBe(65);
  expect(existsSync(out)).toBe(false);
});

test('with it a new, sound store is written', async () => {
  const { lost } = (await bgtask(StoreRepair, [folder, '--out', out, '--json'], home.env)).json<{ lost: number }>();
  const output = await bgtask(StoreRepair, [folder, '--out', out, '--accept-loss', String(lost)], home.env);
  expect(output.exit).toBe(0);
  expect(output.stdout).toContain(`bgtask server start --store file:${out}`);
  expect((await bgtask(StoreVerify, [out, '--json'], home.env)).json()).toMatchObject({ ok: true, runs: 2 });
});

test('a folder that is not empty is refused: exit 73', async () => {
  const { lost } = (await bgtask(StoreRepair, [folder, '--out', out, '--json'], home.env)).json<{ lost: number }>();
  expect((await bgtask(StoreRepair, [folder, '--out', folder, '--accept-loss', String(lost)], home.env)).exit).toBe(73);
});

test('--out has to be said: exit 2', async () => {
  const { exit, stderr } = await bgtask(StoreRepair, [folder], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('--out is missing');
});
