/**
 * The door of the worker: `serve` for the tasks of a script, `serveFiles` for files that are loaded. It wires the parts and loads them
 * only when it is called: importing this costs next to nothing.
 * @module bgtask-worker
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidOptionError, TasksNotLoadedError } from '../core/errors.ts';
import { ECHO_MS } from '../core/protocol.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import type { Definition } from '../task/definition.ts';
import { definitionOf } from '../task/definition.ts';
import type { AnyTask } from '../task/types.ts';
import { fileCommand, scriptCommand, tsconfigFor } from './commands.ts';
import type { OnEvent } from './events.ts';
import type { LoadedTasks } from './ipc.ts';
import { CHILD_MARK, type Preparation } from './ipc.ts';
import { around } from './middleware.ts';
import type { RunPool } from './run-pool.ts';
import { type CheckedOptions, checkOptions, type FileOptions, type WorkerOptions } from './serve-options.ts';
import type { TaskWorker, TaskWorkerOptions, Worker } from './worker.ts';

export type { WorkerEvent } from './events.ts';
export type { FileOptions, WorkerOptions } from './serve-options.ts';
export type { Worker } from './worker.ts';

/** How many times `serve` was called in this process: a child is one call's, and counts to it. */
let calls = 0;

/**
 * Serves tasks of this script until it is stopped; Ctrl-C and SIGTERM stop it too. The tasks run in children that run the same script
 * again, up to this call, which never returns there: what must happen once belongs after it.
 * @throws {InvalidOptionError} An option is wrong, or two tasks have one name.
 */
export async function serve(tasks: readonly AnyTask[], options: WorkerOptions = {}): Promise<Worker> {
  const { middleware = [] } = options;
  const definitions = definitionsOf(tasks).map((definition) => around(definition, middleware));
  calls += 1;
  const mark = (globalThis as { [CHILD_MARK]?: number })[CHILD_MARK];
  if (mark !== undefined) return mark === calls ? serveAsChild(definitions) : inert();
  const checked = checkOptions(options, 'serve');
  const [{ TaskWorker }, pool, onEvent] = await Promise.all([
    import('./worker.ts'),
    checked.isolation === 'none' ? inlinePool(definitions) : scriptPool(checked, calls),
    checked.onEvent ?? import('./console-report.ts').then(({ reportOnConsole }) => reportOnConsole),
  ]);
  const worker = new TaskWorker(await workerOptions(checked, pool, onEvent));
  await loadOrClose(pool);
  worker.connect();
  stopOnSignals(worker);
  return worker;
}

/**
 * Serves the tasks that files export.
 * @throws {TasksNotLoadedError} They do not load, and `watch` is off. With `watch` it is told as an event, and mended code is served.
 */
export async function serveFiles(files: readonly string[], options: FileOptions): Promise<Worker> {
  const checked = checkOptions(options, 'serveFiles');
  const paths = existingFiles(files);
  const { onEvent } = options;
  const { watch } = checked;
  const typescript = paths.some((path) => /\.[cm]?tsx?$|\.jsx$/.test(path));
  const how = { typescript, tsconfig: typescript ? tsconfigFor(paths) : null, watch };
  const [{ TaskWorker }, { openPool }, { Reloader }] = await Promise.all([
    import('./worker.ts'),
    import('./pool.ts'),
    import('./reloader.ts'),
  ]);
  const pool = await openPool({ ...poolOptions(checked, how), files: paths, command: fileCommand(how.tsconfig) });
  let names = new Set<string>();
  const served = ({ tasks }: LoadedTasks) => {
    const before = names;
    names = new Set(tasks.map(({ name }) => name));
    worker.connect();
    return {
      tasks: [...names],
      added: [...names].filter((name) => !before.has(name)),
      removed: [...before].filter((name) => !names.has(name)),
    };
  };
  const reloader = new Reloader({
    load: () => pool.load(),
    clock: systemClock,
    onReloaded: (loaded, ms) => {
      const isFirst = pool.generation === 1;
      const changes = served(loaded);
      if (!isFirst) onEvent({ type: 'reloaded', generation: pool.generation, files: loaded.files, ms, ...changes });
    },
    onProblem: (problem) => onEvent({ type: 'load-failed', serving: pool.hasRoom && pool.generation > 0, ...problem }),
  });
  const worker: TaskWorker = new TaskWorker({ ...(await workerOptions(checked, pool, onEvent)), onStop: () => reloader.close() });
  const watching = watch ? reloader.watch(paths) : undefined;
  try {
    const loaded = await loadOrClose(pool, watch);
    await watching;
    reloader.begin(loaded.files);
    served(loaded);
  } catch (error) {
    if (!watch || !(error instanceof TasksNotLoadedError)) throw error;
    onEvent({ type: 'load-failed', serving: false, ...error.problem });
    await watching;
    reloader.begin(error.files);
  }
  return worker;
}

// ---- Parts -------------------------------------------------------------------------------------------------------------------

async function workerOptions(checked: CheckedOptions, pool: RunPool, onEvent: OnEvent): Promise<TaskWorkerOptions> {
  const [{ nodeConnect }, { processIdentity }] = await Promise.all([import('../client/node.ts'), import('../system/processes.ts')]);
  const { name, slots, drainMs, graceMs, address } = checked;
  const seams = { clock: systemClock, random: systemRandom, connect: nodeConnect, process: processIdentity() };
  return { name, slots, drainMs, graceMs, address, pool, onEvent, ...seams };
}

async function inlinePool(definitions: readonly Definition[]): Promise<RunPool> {
  const { InlinePool } = await import('./inline.ts');
  return new InlinePool(definitions, systemClock, systemRandom);
}

async function scriptPool(checked: CheckedOptions, call: number): Promise<RunPool> {
  const command = scriptCommand(call);
  const { openPool } = await import('./pool.ts');
  return openPool({ ...poolOptions(checked, { typescript: false, tsconfig: null, watch: false }), files: [], command });
}

function poolOptions({ processes, graceMs }: CheckedOptions, how: Preparation) {
  return { processes, graceMs, how, clock: systemClock, random: systemRandom };
}

/** @throws {TasksNotLoadedError} Nothing of the pool is left then, unless it is to be kept. */
async function loadOrClose(pool: RunPool, keep = false): Promise<LoadedTasks> {
  try {
    return await pool.load();
  } catch (error) {
    if (!keep) await pool.close();
    throw error;
  }
}

// ---- Tasks and files ---------------------------------------------------------------------------------------------------------

function definitionsOf(tasks: readonly AnyTask[]): Definition[] {
  if (!Array.isArray(tasks) || tasks.length === 0)
    throw new InvalidOptionError('What serve is given', tasks, 'a list of tasks, as in [greet]');
  const found = new Map<string, { definition: Definition; at: number }>();
  for (const [at, task] of tasks.entries()) {
    const definition = definitionOf(task);
    if (definition === undefined) throw new InvalidOptionError(`tasks[${at}] of serve`, task, "a task made by task('name', …)");
    const before = found.get(definition.name);
    if (before !== undefined && before.definition !== definition) {
      throw new InvalidOptionError(
        `Two tasks are named '${definition.name}': tasks[${before.at}] and tasks[${at}]. The name is what a task is known by: rename one of them.`,
      );
    }
    found.set(definition.name, { definition, at });
  }
  return [...found.values()].map(({ definition }) => definition);
}

function existingFiles(files: readonly string[]): string[] {
  if (files.length === 0) throw new InvalidOptionError('What serveFiles is given', files, "a list of files, as in ['tasks.ts']");
  return files.map((file) => {
    const path = resolve(file);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw new InvalidOptionError(`There is no file ${path}.`);
    if (found.isDirectory()) throw new InvalidOptionError(`${path} is a folder. Name the files in it that export tasks.`);
    return path;
  });
}

// ---- In a child of a script --------------------------------------------------------------------------------------------------

/** From here on the process takes runs. The script does not go on. */
async function serveAsChild(definitions: readonly Definition[]): Promise<never> {
  const { becomeChild } = await import('./child-main.ts');
  becomeChild({ prepare: async () => {}, load: async () => ({ definitions, problem: null, files: [] }) });
  return new Promise<never>(() => {});
}

/** A child belongs to one call of `serve`; the ones before it do nothing there. */
function inert(): Worker {
  return { name: '', ready: Promise.resolve(), closed: new Promise(() => {}), stop: async () => {} };
}

// ---- Signals -----------------------------------------------------------------------------------------------------------------

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The first signal drains and ends the script, unless it listens itself; the second ends it at once. */
function stopOnSignals(worker: Worker): void {
  let first = 0;
  const onSignal = (signal: keyof typeof EXIT_CODES) => {
    if (first > 0 && systemClock.monotonic() - first < ECHO_MS) return;
    if (first > 0) process.exit(EXIT_CODES[signal]);
    first = systemClock.monotonic();
    void worker.stop().then(() => process.listenerCount(signal) === 0 && process.exit());
  };
  const signals = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];
  for (const signal of signals) process.on(signal, onSignal);
  void worker.closed.then(() => {
    for (const signal of signals) process.off(signal, onSignal);
  });
}
