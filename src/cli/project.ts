/** A new project from a template of this package. Nothing that is there is ever written over. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { nearest } from '../config/nearest.ts';
import { UsageError } from './usage.ts';

/** npm leaves files of this name out of packages, so the template has another. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

export interface NewProject {
  readonly dir: string;
  readonly files: readonly string[];
}

/**
 * What a project depends on to get the bgtask at `root`: its version where it came from a registry, else where it came from, a clone or a
 * packed file.
 */
export function dependencyOn(root: string, version: string): string {
  const modules = dirname(root);
  if (basename(modules) !== 'node_modules') return `file:${resolve(root)}`;
  const lock = join(modules, '.package-lock.json'); // what npm has installed there, and from where
  const { packages = {} } = existsSync(lock)
    ? (JSON.parse(readFileSync(lock, 'utf8')) as { packages?: Record<string, { resolved?: string }> })
    : {};
  const packed = /^file:(.*)/.exec(packages['node_modules/bgtask']?.resolved ?? '')?.[1];
  return packed === undefined ? `^${version}` : `file:${resolve(dirname(modules), packed)}`;
}

/**
 * @param bgtask What the project shall depend on, as `dependencyOn` tells it.
 * @throws {UsageError} There is no such template, or one of its files is there already.
 */
export function createProject(templates: string, template: string, dir: string, bgtask: string): NewProject {
  const source = join(templates, checkTemplate(templates, template));
  const target = resolve(dir);
  const files = readdirSync(source).map((name) => ({ from: join(source, name), name: RENAMED[name] ?? name }));
  const there = files.filter(({ name }) => existsSync(join(target, name))).map(({ name }) => name);
  if (there.length > 0) throw new UsageError(`${target} has ${there.join(', ')} already.`, ['Name another folder: bgtask init DIR']);
  mkdirSync(target, { recursive: true });
  const values: Readonly<Record<string, string>> = { name: packageName(target), bgtask };
  for (const { from, name } of files) {
    const text = readFileSync(from, 'utf8').replace(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole);
    writeFileSync(join(target, name), text, { flag: 'wx' });
  }
  return { dir: target, files: files.map(({ name }) => name) };
}

/** What to type next, in order. */
export function nextSteps({ dir }: NewProject): string[] {
  const path = relative('', dir);
  const folder = path.startsWith('..') ? dir : path;
  return [
    ...(folder ? [`cd ${/\s/.test(folder) ? `"${folder}"` : folder}`] : []),
    'npm install',
    'npx bgtask dev tasks.ts',
    'npx tsx submit.ts',
  ];
}

function checkTemplate(templates: string, template: string): string {
  const names = readdirSync(templates).sort();
  if (names.includes(template)) return template;
  const near = nearest(template, names);
  throw new UsageError(`There is no template ${JSON.stringify(template)}${near ? `; did you mean ${near}?` : '.'}`, [
    `Templates: ${names.join(', ')}`,
  ]);
}

/** The name of the folder as npm lets a package be called. */
function packageName(dir: string): string {
  const name = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '');
  return name || 'my-tasks';
}
