/** The library as it is built: one light file, with errors of one class whoever throws them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bgtask-library-'));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules/bgtask'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, code);
  const env = { ...process.env, BGTASK_HOME: folder, BGTASK_API_URL: 'http://127.0.0.1:1' };
  return execFileSync(process.execPath, [file], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('the built library', () => {
  test('is one file beside its errors', () => {
    const code = readFileSync(join(root, 'dist/src/index.js'), 'utf8');
    const from = [...code.matchAll(/^(?:import|export) .*? from "([^"]+)";$/gm)].map(([, name]) => name);
    expect(from.sort()).toEqual(['./core/errors.js', 'node:async_hooks', 'node:os', 'node:util']);
  });

  test('can be required from CommonJS', () => {
    const code = "const { task } = require('bgtask'); task('greet', (name) => 'Hello, ' + name)('Marvin').then(console.log);";
    expect(run('app.cjs', code)).toBe('Hello, Marvin\n');
  });

  test('throws errors of the classes it exports, also from parts that are loaded later', () => {
    const code = `import { task, serve, InvalidOptionError, ServerUnreachableError, ConfigError } from 'bgtask';
      const greet = task('greet', () => 1);
      const thrown = async (fn) => { try { await fn(); } catch (error) { return error; } };
      const errors = [await thrown(() => serve([])), await thrown(() => greet.delay())];
      console.log(errors[0] instanceof InvalidOptionError, errors[1] instanceof ServerUnreachableError, typeof ConfigError);`;
    expect(run('app.mjs', code)).toBe('true true function\n');
  });
});
