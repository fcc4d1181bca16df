import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createProject, dependencyOn, nextSteps } from '../../src/cli/project.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bgtask-project-'));
  mkdirSync(join(folder, 'templates', 'plain'), { recursive: true });
  writeFileSync(join(folder, 'templates', 'plain', 'gitignore'), 'x');
  writeFileSync(join(folder, 'templates', 'plain', 'package.json'), '{"name":"{{name}}","v":"{{bgtask}}","other":"{{unknown}}"}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const create = (dir: string) => createProject(join(folder, 'templates'), 'plain', join(folder, dir), '^1.2.3');

test('names that npm would leave out have their own again, and what is known is filled in', () => {
  expect(create('app').files.toSorted()).toEqual(['.gitignore', 'package.json']);
  expect(JSON.parse(readFileSync(join(folder, 'app', 'package.json'), 'utf8'))).toEqual({ name: 'app', v: '^1.2.3', other: '{{unknown}}' });
});

test.each([
  ['My App', 'my-app'],
  ['_app', 'app'],
  ['日本', 'my-tasks'],
  ['a.b_c-D!', 'a.b_c-d'],
])('the folder %s makes the package %s', (dir, name) => {
  create(dir);
  expect(JSON.parse(readFileSync(join(folder, dir, 'package.json'), 'utf8')).name).toBe(name);
});

test('a project depends on where this bgtask came from: a clone, a packed file, or a registry by its version', () => {
  const app = join(folder, 'app');
  const installed = (resolved: string) => {
    mkdirSync(join(app, 'node_modules'), { recursive: true });
    writeFileSync(join(app, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: { 'node_modules/bgtask': { resolved } } }));
    return dependencyOn(join(app, 'node_modules', 'bgtask'), '1.2.3');
  };
  expect(dependencyOn(join(folder, 'clone'), '1.2.3')).toBe(`file:${join(folder, 'clone')}`);
  expect(installed('file:../bgtask-1.2.3.tgz')).toBe(`file:${join(folder, 'bgtask-1.2.3.tgz')}`);
  expect(installed('https://registry.npmjs.org/bgtask/-/bgtask-1.2.3.tgz')).toBe('^1.2.3');
  expect(dependencyOn(join(folder, 'lib', 'node_modules', 'bgtask'), '1.2.3')).toBe('^1.2.3');
});

test('where one file is there already nothing is written', () => {
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app', '.gitignore'), 'mine');
  expect(() => create('app')).toThrow('has .gitignore already');
  expect(readdirSync(join(folder, 'app'))).toEqual(['.gitignore']);
});

test('the steps begin with the way there, unless one is there', () => {
  expect(nextSteps({ dir: process.cwd(), files: [] })[0]).toBe('npm install');
  expect(nextSteps({ dir: join(process.cwd(), 'a b'), files: [] })[0]).toBe('cd "a b"');
  expect(nextSteps({ dir: folder, files: [] })[0]).toBe(`cd ${folder}`);
});
