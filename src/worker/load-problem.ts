/** Turns what an import threw into what a person needs: which file, which line, what is wrong there. Runs in the child. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadProblem } from '../core/errors.ts';

interface Place {
  readonly file: string;
  readonly line: number;
  /** From 1. */
  readonly column: number | null;
}

/** esbuild, for a file that is not TypeScript. */
const TRANSFORM = /^(.+):(\d+):(\d+): ERROR: (.+)$/m;
/** What V8 puts before the stack of a syntax error, and what `node --check` prints. */
const ABOVE_STACK = /^((?:file:\/\/)?\/.+|[A-Za-z]:\\.+):(\d+)\n/;
const FRAME = /^\s+at (?:.*\()?((?:file:\/\/)?(?:\/|[A-Za-z]:\\)[^()]*):(\d+):(\d+)\)?$/gm;
const MISSING = /^Cannot find (?:module|package) '(.+?)' imported from (.+)$/m;
/** Own code: this folder, in whatever form it runs. */
const OWN = dirname(fileURLToPath(import.meta.url));
/** How many of the newest files are looked through for a syntax error that does not say where it is. */
const MOST_CHECKED = 5;

/** `loaded`: what was imported so far, oldest first. */
export function problemOf(thrown: unknown, loaded: readonly string[]): LoadProblem {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const transform = TRANSFORM.exec(error.message);
  const place = placeOf(error) ?? (error.name === 'SyntaxError' ? checked(loaded) : null);
  const message = transform ? (transform[4] as string) : `${error.name}: ${error.message.split('\nRequire stack:')[0]}`;
  return {
    message,
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
    frame: place === null ? null : frameAt(place),
    stack: transform ? null : (error.stack ?? null),
  };
}

/** Where the import that was not found would be looked for: a file that appears there may mend it. */
export function folderOfMissing(thrown: unknown): string | null {
  const { code, message, requireStack } = Object(thrown) as { code?: unknown; message?: string; requireStack?: string[] };
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const [, wanted = '', importer = ''] = MISSING.exec(message ?? '') ?? [];
    return [dirname(plainPath(wanted)), dirname(plainPath(importer))].find((folder) => folder !== '.' && existsSync(folder)) ?? null;
  }
  return code === 'MODULE_NOT_FOUND' && requireStack?.[0] ? dirname(requireStack[0]) : null;
}

function placeOf(error: Error): Place | null {
  const transform = TRANSFORM.exec(error.message);
  if (transform) return { file: transform[1] as string, line: Number(transform[2]), column: Number(transform[3]) + 1 };
  const stack = error.stack ?? '';
  const above = ABOVE_STACK.exec(stack);
  if (above) return { file: plainPath(above[1] as string), line: Number(above[2]), column: null };
  const missing = MISSING.exec(error.message);
  if (missing) return importOf(missing[1] as string, plainPath(missing[2] as string));
  for (const [, file = '', line, column] of stack.matchAll(FRAME)) {
    const path = plainPath(file);
    if (!path.startsWith(OWN) && !path.includes('/node_modules/')) return { file: path, line: Number(line), column: Number(column) };
  }
  return null;
}

/** The line of `importer` that names what was not found. */
function importOf(wanted: string, importer: string): Place {
  const base = plainPath(wanted).split(/[/\\]/).pop() as string;
  const name = base.slice(0, base.length - extname(base).length);
  const lines = readLines(importer);
  const at = lines.findIndex((line) => /['"`]/.test(line) && line.includes(name));
  return { file: importer, line: Math.max(1, at + 1), column: null };
}

/** V8 keeps to itself where a syntax error of an ES module is; `node --check` tells. */
function checked(loaded: readonly string[]): Place | null {
  const candidates = loaded.filter((file) => /\.[cm]?js$/.test(file)).slice(-MOST_CHECKED);
  for (const file of candidates.reverse()) {
    const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5_000 });
    const above = ABOVE_STACK.exec(stderr ?? '');
    if (above) return { file: plainPath(above[1] as string), line: Number(above[2]), column: null };
  }
  return null;
}

function frameAt({ file, line, column }: Place): string | null {
  const lines = readLines(file);
  if (lines.length < line) return null;
  const from = Math.max(1, line - 2);
  const width = String(line + 1).length;
  const rows: string[] = [];
  for (let at = from; at <= Math.min(lines.length, line + 1); at += 1) {
    rows.push(`${at === line ? '>' : ' '} ${String(at).padStart(width)} | ${lines[at - 1]}`);
    if (at === line && column !== null) rows.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
  }
  return rows.join('\n');
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return []; // it may be gone again; the place is told without the lines around
  }
}

/** In stacks of TypeScript a path may be encoded as in a URL. */
function plainPath(path: string): string {
  if (path.startsWith('file:')) return fileURLToPath(path);
  return existsSync(path) || !path.includes('%') ? resolve(path) : fileURLToPath(`file://${path}`);
}
