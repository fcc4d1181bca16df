/** How children are started: which file, with which flags, and what they are told of TypeScript. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { BgtaskError } from '../core/errors.ts';
import { CHILD_ENV } from './ipc.ts';
import type { ChildCommand } from './run-pool.ts';

/** As this file is, compiled or not. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const own = (name: string) => new URL(`./${name}${EXTENSION}`, import.meta.url);
/** From sources a child needs tsx to read its own. */
const OWN_FLAGS = EXTENSION === '.ts' ? ['--import', createRequire(import.meta.url).resolve('tsx')] : [];

/** A child that loads files when it is told to. */
export function fileCommand(tsconfig: string | null): ChildCommand {
  // From sources, the tsx that reads them gets to see the user's files first.
  const env = OWN_FLAGS.length > 0 && tsconfig !== null ? { TSX_TSCONFIG_PATH: tsconfig } : {};
  return { args: [...OWN_FLAGS, '--import', own('lifeline').href, fileURLToPath(own('child'))], env: { ...env, [CHILD_ENV]: '0' } };
}

/** Not for a child: its own debugger, and code that is no file. */
const NOT_INHERITED = /^--(inspect|debug|watch)/;
const NO_FILE = /^(-e|--eval|-p|--print|-i|--interactive)$/;

/** A child that runs this very script again, as far as its `call`-th call of `serve`. */
export function scriptCommand(call: number): ChildCommand {
  const script = process.argv[1];
  if (!isMainThread || script === undefined || script === '-' || process.execArgv.some((flag) => NO_FILE.test(flag))) {
    throw new BgtaskError(
      "serve() starts its children by running this script again, but there is no script file. Serve files with bgtask task serve, or use { isolation: 'none' }.",
    );
  }
  const flags = process.execArgv.filter((flag) => !NOT_INHERITED.test(flag));
  const own_ = [...OWN_FLAGS.filter((flag) => !flags.includes(flag)), '--import', own('lifeline').href];
  return { args: [...flags, ...own_, script, ...process.argv.slice(2)], env: { [CHILD_ENV]: String(call) } };
}

/** The nearest one above the first file; null where there is none, or the environment names another. */
export function tsconfigFor(paths: readonly string[]): string | null {
  if (process.env.TSX_TSCONFIG_PATH) return null;
  for (let folder = dirname(paths[0] as string); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return null;
  }
}
