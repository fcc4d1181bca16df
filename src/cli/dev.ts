/** What `dev` needs beside server, worker and viewer: its own store, and a place for the worker's lines while the viewer has the screen. */
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Settings } from '../config/config.ts';
import type { ServerStatus } from '../core/api.ts';
import { settingFlag, withEnv } from './flags.ts';
import { type Doors, type LocalStore, startLocalServer, untilFailed } from './local-server.ts';
import { plainServer, portFlag } from './server-flags.ts';
import { type ServingWorker, serveUntilStopped } from './serving.ts';
import type { WorkerConsole } from './worker-console.ts';
import { type WorkerFlags, type WorkerSettings, workerFlags, workerSettings } from './worker-flags.ts';
import type { ShownEvent } from './worker-lines.ts';

/** Seen from the folder it is started in. */
const DEV_STORE = '.bgtask/store';
const store = settingFlag('STORE', { helpValue: 'URL', showsDefault: `file:./${DEV_STORE}` });
export const devFlags = withEnv('', { port: portFlag, store, ...workerFlags });

/** How the parts are made. */
export interface DevDoors<Store extends LocalStore> extends Doors<Store> {
  serveFiles(files: readonly string[], options: WorkerSettings & { onEvent: (event: ShownEvent) => void }): Promise<ServingWorker>;
}
export interface DevOptions {
  readonly settings: Settings;
  readonly files: readonly string[];
  readonly flags: WorkerFlags & { readonly port: number };
  readonly version: string;
  readonly note: (line: string) => void;
  /** The server is up; `next` is what to type in another terminal. */
  readonly up: (status: ServerStatus, next: string) => void;
  readonly console: (write?: (line: string) => void) => Promise<WorkerConsole>;
  /** Shows the runs until the person quits. Null: nobody watches, lines are printed. */
  readonly view: ((beside: Settings, notices: Notices) => Promise<void>) | null;
}

/** Runs all three until a signal, or until the person quits the viewer. */
export async function develop<Store extends LocalStore>(doors: DevDoors<Store>, options: DevOptions): Promise<void> {
  const { settings, files, flags, version, note, view } = options;
  const server = await startLocalServer(doors, settings, plainServer(flags.port, version, note));
  try {
    const beside: Settings = { ...settings, apiUrl: `${server.status.url}/api`, apiKey: null };
    if (view === null) options.up(server.status, nextToDev(settings, server.status));
    const notices = new Notices((line) => process.stdout.write(`${line}\n`));
    const shown = await options.console(view === null ? undefined : (line) => notices.write(line));
    const start = (onEvent: (event: ShownEvent) => void) => doors.serveFiles(files, { ...workerSettings(flags, beside), onEvent });
    const ends = () => Promise.race([untilFailed(server), ...(view === null ? [] : [view(beside, notices)])]);
    await serveUntilStopped(beside, shown, start, ends);
  } finally {
    await server.stop();
  }
}

/** The store of the project and a key of its own, unless a flag or the environment names one: what a profile says is meant for everyday servers. */
export function devSettings({ sources, ...settings }: Settings): Settings {
  const isNamed = (source: Settings['sources']['STORE']) => source === 'flag' || source === 'env';
  const store = isNamed(sources.STORE) ? settings.store : `file:${resolve(DEV_STORE)}`;
  return { ...settings, sources, store, apiKey: isNamed(sources.API_KEY) ? settings.apiKey : null };
}

/** What to type in another terminal. */
function nextToDev(settings: Settings, { url }: ServerStatus): string {
  return settings.apiUrl === `${url}/api` ? 'npx tsx submit.ts' : `BGTASK_API_URL=${url} npx tsx submit.ts`;
}

/** What is told beside a screen that may not be there yet or any more: kept until it is, printed plainly when it is gone. The screen has room for a line. */
export class Notices {
  readonly #print: (text: string) => void;
  #early: string[] | null = [];
  #show: ((line: string) => void) | null = null;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  write(text: string): void {
    if (this.#show) this.#show(stripVTControlCharacters(text).split('\n', 1)[0] as string);
    else if (this.#early) this.#early.push(text);
    else this.#print(text);
  }

  /** For the viewer: begins to show, and returns how to stop. */
  readonly subscribe = (show: (line: string) => void): (() => void) => {
    this.#show = show;
    for (const text of this.#early?.splice(0) ?? []) this.write(text);
    this.#early = null;
    return () => {
      this.#show = null;
    };
  };
}
