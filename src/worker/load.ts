/**
 * Loads the files of a user and finds the tasks in them: the only place where that is done. Each process loads once; new code is
 * loaded by a new process. Runs in the child.
 */
import { existsSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { LoadProblem } from '../core/errors.ts';
import { type Definition, findTasks } from '../task/definition.ts';
import type { Preparation } from './ipc.ts';
import { folderOfMissing, problemOf } from './load-problem.ts';

/** Makes TypeScript loadable and tells of each module that is. */
export type RegisterTypeScript = (tsconfig: string | null, onImport: (url: string) => void) => Promise<void>;

export type Loaded =
  | { readonly definitions: readonly Definition[]; readonly problem: null; readonly files: readonly string[] }
  | { readonly definitions: null; readonly problem: LoadProblem; readonly files: readonly string[] };

export class Loader {
  readonly #registerTypeScript: RegisterTypeScript;
  /** URLs of what was imported, oldest first. */
  readonly #imported = new Set<string>();
  #heard: MessagePort | null = null;

  constructor(registerTypeScript: RegisterTypeScript) {
    this.#registerTypeScript = registerTypeScript;
  }

  async prepare({ typescript, tsconfig, watch }: Preparation): Promise<void> {
    if (typescript) await this.#registerTypeScript(tsconfig, (url) => this.#imported.add(url));
    else if (watch) this.#heard = listenToImports();
  }

  /** Never rejects. `files` is what to watch: all that was imported and, where something was not found, the folder to find it in. */
  async load(files: readonly string[]): Promise<Loaded> {
    const found = new Map<string, { definition: Definition; file: string }>();
    let file = '';
    try {
      for (file of files) {
        for (const definition of findTasks(await exportsOf(file))) enter(found, definition, file);
      }
      if (found.size === 0) throw new NoTaskError(files);
      await this.#hear();
      return { definitions: [...found.values()].map(({ definition }) => definition), problem: null, files: this.#files(files) };
    } catch (error) {
      await this.#hear();
      const missing = existsSync(file) ? folderOfMissing(error) : dirname(file);
      const watched = this.#files(files);
      const said = error instanceof SaidError ? { ...NOWHERE, message: error.message, file } : problemOf(error, watched);
      return { definitions: null, problem: said, files: missing === null ? watched : [...watched, missing] };
    }
  }

  /** What the thread of the module hooks had to tell is on its way when an import settles. */
  async #hear(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const received = this.#heard === null ? undefined : receiveMessageOnPort(this.#heard);
      if (received === undefined) return;
      this.#imported.add(received.message);
    }
  }

  #files(served: readonly string[]): string[] {
    const imported = [...this.#imported].filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url.replace(/[?#].*$/, '')));
    const required = Object.keys(createRequire(import.meta.url).cache);
    return [...new Set([...imported, ...required, ...served])].filter((path) => !/[/\\]node_modules[/\\]/.test(path));
  }
}

const NOWHERE: LoadProblem = { message: '', file: null, line: null, column: null, frame: null, stack: null };

/** Something is wrong with what the files export, and the message says it all. */
class SaidError extends Error {}

class NoTaskError extends SaidError {
  constructor(files: readonly string[]) {
    const names = files.map((file) => basename(file)).join(', ');
    super(`No task is exported by ${names}. Export one: export const greet = task('greet', async (name: string) => …)`);
  }
}

async function exportsOf(file: string): Promise<object> {
  if (!existsSync(file)) throw new SaidError(`There is no file ${basename(file)} any more. Its tasks are served again when it is back.`);
  return import(pathToFileURL(file).href);
}

function enter(found: Map<string, { definition: Definition; file: string }>, definition: Definition, file: string): void {
  const before = found.get(definition.name);
  if (before === undefined) found.set(definition.name, { definition, file });
  else if (before.definition !== definition) throw new SaidError(twoOfOneName(definition.name, before.file, file));
}

function twoOfOneName(name: string, one: string, other: string): string {
  const where = one === other ? `both in ${one}` : `one in ${one}, one in ${other}`;
  return `Two tasks are named '${name}', ${where}. The name is what a task is known by: rename one of them.`;
}

const HOOKS = `
let port;
export function initialize(data) { port = data.port; }
export async function load(url, context, next) { port.postMessage(url); return next(url, context); }
`;

/** For plain JavaScript: Node tells of each module it is about to load. */
function listenToImports(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
    parentURL: import.meta.url,
    data: { port: port2 },
    transferList: [port2],
  });
  port1.unref();
  return port1;
}
