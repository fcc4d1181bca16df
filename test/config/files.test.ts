import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPrivately, readText, writePrivately } from '../../src/config/files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bgtask-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a file is 0600 in a folder of 0700, whatever the umask', () => {
  const before = process.umask(0);
  try {
    writePrivately(join(folder, 'inner', 'one'), 'text');
    createPrivately(join(folder, 'inner', 'two'), 'text');
  } finally {
    process.umask(before);
  }
  expect(statSync(join(folder, 'inner')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'inner', 'one')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'inner', 'two')).mode & 0o777).toBe(0o600);
});

test('a planted symlink is replaced, and what it points to stays as it was', () => {
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'untouched');
  symlinkSync(victim, join(folder, 'planted'));
  writePrivately(join(folder, 'planted'), 'ours');
  expect(readFileSync(victim, 'utf8')).toBe('untouched');
  expect(readFileSync(join(folder, 'planted'), 'utf8')).toBe('ours');
});

test('creating leaves a file that is there as it is, a dangling symlink too', () => {
  const path = join(folder, 'once');
  expect(createPrivately(path, 'first')).toBe(true);
  expect(createPrivately(path, 'second')).toBe(false);
  expect(readText(path)).toBe('first');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  expect(createPrivately(join(folder, 'dangling'), 'x')).toBe(false);
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});

test('no temporary file is left behind, also where it fails', () => {
  writePrivately(join(folder, 'a'), 'x');
  createPrivately(join(folder, 'a'), 'x');
  expect(() => writePrivately(join(folder, 'a', 'below-a-file'), 'x')).toThrow();
  expect(readdirSync(folder)).toEqual(['a']);
});

test('a missing file reads as null', () => {
  expect(readText(join(folder, 'none'))).toBeNull();
  expect(readText(join(folder, 'none', 'below'))).toBeNull();
});
