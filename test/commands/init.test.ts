import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import Init from '../../commands/init.ts';
import { bgtask, ROOT, type TestHome, testHome } from '../helpers/cli.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
});
afterEach(() => home.remove());

test('a new project has its name, this very bgtask, and says what to do next', async () => {
  const dir = join(home.folder, 'My Tasks!');
  const { stdout, stderr, exit } = await bgtask(Init, [dir], home.env);
  expect({ stdout, exit }).toEqual({ stdout: '', exit: 0 });
  expect(readdirSync(dir).sort()).toEqual(['.gitignore', 'README.md', 'package.json', 'submit.ts', 'tasks.ts', 'tsconfig.json']);
  const made = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  expect(made).toMatchObject({ name: 'my-tasks', dependencies: { bgtask: `file:${ROOT.replace(/\/$/, '')}` } });
  expect(readFileSync(join(dir, 'README.md'), 'utf8')).toMatch(/^# my-tasks\n/);
  expect(stderr).toMatch(/cd ".*My Tasks!"\n {2}npm install\n {2}npx bgtask dev tasks\.ts\n {2}npx tsx submit\.ts\n$/);
  for (const file of readdirSync(dir)) expect(readFileSync(join(dir, file), 'utf8')).not.toContain('{{');
});

test('nothing that is there is written over: exit 2', async () => {
  const dir = join(home.folder, 'there');
  mkdirSync(dir);
  writeFileSync(join(dir, 'tasks.ts'), 'mine');
  const { exit, stderr } = await bgtask(Init, [dir], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('has tasks.ts already');
  expect(readdirSync(dir)).toEqual(['tasks.ts']);
});

test('other files in the folder do not matter', async () => {
  const dir = join(home.folder, 'repo');
  mkdirSync(join(dir, '.git'), { recursive: true });
  expect((await bgtask(Init, [dir, '--json'], home.env)).json()).toMatchObject({ dir, files: expect.arrayContaining(['tasks.ts']) });
});

test('a template that is none is refused with those there are: exit 2', async () => {
  const { exit, stderr } = await bgtask(Init, [join(home.folder, 'x'), '--template', 'helo'], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('did you mean hello?');
  expect((await bgtask(Init, [join(home.folder, 'x'), '--template', '../src'], home.env)).exit).toBe(2);
  expect(existsSync(join(home.folder, 'x'))).toBe(false);
});
