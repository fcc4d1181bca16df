/**
 * The server of this machine as commands run it: its store, its key, the record by which others find it, and its greeting. What a
 * store and a server are stands elsewhere; both come in as arguments.
 */
import type { Settings } from '../config/config.ts';
import { ensureToken, keepToken, removeServerRecord, tokenFileOf, writeServerRecord } from '../config/servers.ts';
import type { RunCounts, ServerRecord, ServerStatus } from '../core/api.ts';
import { ConfigError, type StoreError } from '../core/errors.ts';
import { isLoopback } from '../core/loopback.ts';
import type { ServerLimits } from '../core/protocol.ts';
import { count, paint, tildePath } from './text.ts';

export type Durability = 'durable' | 'relaxed';

/** What is used of a store. */
export interface LocalStore {
  readonly url: string;
  readonly durability: ServerStatus['durability'];
  counts(): Promise<RunCounts>;
  close(): Promise<void>;
}
/** What is used of a running server. */
export interface LocalServer {
  readonly url: string;
  readonly closed: Promise<StoreError | null>;
  rotateToken(token: string): void;
  close(): Promise<void>;
}
export interface OpenOptions {
  readonly durability: Durability;
  readonly breakLock: boolean;
  readonly limits: ServerLimits;
  readonly onNotice: (line: string) => void;
}
/** How the two are made. */
export interface Doors<Store extends LocalStore> {
  openStore(url: string, options: OpenOptions): Promise<Store>;
  startServer(options: {
    store: Store;
    host: string;
    port: number;
    token: string | null;
    allowHosts: readonly string[];
    version: string;
    limits: ServerLimits;
    keep: { completedMs: number; completedCount: number; failedMs: number; failedCount: number };
  }): Promise<LocalServer>;
}
export interface LocalServerOptions {
  readonly host: string;
  readonly port: number;
  readonly allowHosts: readonly string[];
  readonly durability: Durability;
  readonly breakLock: boolean;
  readonly auth: boolean;
  readonly version: string;
  /** A line for whoever runs it. */
  readonly onNotice: (line: string) => void;
}
export interface RunningLocalServer {
  readonly status: ServerStatus;
  /** As `RunningServer.closed`: null after `stop`, the error where the store cannot go on. */
  readonly closed: Promise<StoreError | null>;
  stop(): Promise<void>;
}

/** `auth rotate` sends it when it has put a new key into the key file. */
export const ROTATE_SIGNAL = 'SIGUSR2';

/**
 * @throws {ConfigError} It would be open to other machines without a key or without the name they call it by.
 * @throws {PortTakenError} Another process listens there.
 * @throws {StoreError} The store cannot be opened.
 */
export async function startLocalServer<Store extends LocalStore>(
  doors: Doors<Store>,
  settings: Settings,
  options: LocalServerOptions,
): Promise<RunningLocalServer> {
  checkExposure(options);
  const { durability, breakLock, onNotice } = options;
  const { limits } = settings;
  const store = await doors.openStore(settings.store, { durability, breakLock, limits, onNotice });
  try {
    const tokenFile = options.auth ? tokenFileOf(settings.store, settings.home) : null;
    const token = tokenFile === null ? null : tokenOf(settings, tokenFile);
    const { host, port, allowHosts, version } = options;
    const server = await listen(settings, port, () =>
      doors.startServer({ store, host, port, token, allowHosts, version, limits, keep: keepOf(settings) }),
    );
    const given = settings.apiKey === null ? {} : { keyGiven: true };
    const record = { url: server.url, pid: process.pid, store: settings.store, tokenFile, ...given };
    leaveRecord(settings, record, onNotice);
    return running(settings, server, store, record, await statusOf(server, store, version));
  } catch (error) {
    await store.close();
    throw error;
  }
}

function running(
  settings: Settings,
  server: LocalServer,
  store: LocalStore,
  record: ServerRecord,
  status: ServerStatus,
): RunningLocalServer {
  const rotate = (): void => {
    if (record.tokenFile !== null) server.rotateToken(ensureToken(record.tokenFile));
  };
  process.on(ROTATE_SIGNAL, rotate);
  const stop = async (): Promise<void> => {
    process.off(ROTATE_SIGNAL, rotate);
    removeServerRecord(settings.home, record);
    await server.close();
    await store.close();
  };
  const closed = server.closed.then(async (failure) => {
    if (failure) await stop().catch(() => {}); // why it ended says more than what went wrong after that
    return failure;
  });
  return { status, closed, stop };
}

async function listen(settings: Settings, port: number, start: () => Promise<LocalServer>): Promise<LocalServer> {
  try {
    return await start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw (await import('./port.ts')).portTaken(settings, port);
  }
}

/** The key it was given as API_KEY, else one of its own. */
function tokenOf({ apiKey }: Settings, tokenFile: string): string {
  if (apiKey !== null) keepToken(tokenFile, apiKey);
  return ensureToken(tokenFile);
}

function keepOf({ keep: { completed, failed } }: Settings) {
  return { completedMs: completed.ms, completedCount: completed.count, failedMs: failed.ms, failedCount: failed.count };
}

function checkExposure({ host, allowHosts, auth }: LocalServerOptions): void {
  if (isLoopback(host)) return;
  if (!auth) throw new ConfigError(`With --no-auth the server must stay on 127.0.0.1; ${host} can be reached from elsewhere.`, 'env');
  if (allowHosts.length > 0) return;
  throw new ConfigError(`${host} can be reached from elsewhere; say by which name the server may be called.`, 'env', [
    'bgtask server start --host HOST --allow-host NAME',
  ]);
}

/** Without a record it runs all the same, but others have to be told its key. */
function leaveRecord({ home }: Settings, record: ServerRecord, onNotice: (line: string) => void): void {
  try {
    writeServerRecord(home, record);
  } catch (error) {
    onNotice(`Others cannot find this server's key by themselves (${(error as Error).message}); give it to them as BGTASK_API_KEY.`);
  }
}

async function statusOf(server: LocalServer, store: LocalStore, version: string): Promise<ServerStatus> {
  const startedAt = new Date().toISOString();
  const { url, durability } = store;
  return { url: server.url, pid: process.pid, store: url, version, durability, startedAt, counts: await store.counts() };
}

/** @throws {StoreError} Its store cannot go on. Resolves when it was stopped. */
export async function untilFailed(server: RunningLocalServer): Promise<void> {
  const failure = await server.closed;
  if (failure) throw failure;
}

/** `command` as it reaches this server: with its address, where that is not what the settings say. */
export function reaching(command: string, { url }: Pick<ServerStatus, 'url'>, settings: Pick<Settings, 'apiUrl'>): string {
  return settings.apiUrl === `${url}/api` ? command : `${command} --api-url ${url}`;
}

/** The block a person reads when the server is up. In a pipe: one line. */
export function greeting(status: ServerStatus, readyMs: number, next: string): string {
  const { version, url, store, durability, counts } = status;
  const runs = count(
    Object.values(counts).reduce((sum, number) => sum + number, 0),
    'run',
  );
  if (!process.stdout.isTTY) return `bgtask ${version} listens on ${url} (store ${store}, ${durability}, ${runs})`;
  const where = store.startsWith('file:') ? tildePath(store.slice('file:'.length)) : 'in memory';
  const lines: [string, string][] = [
    ['Server', paint('cyan', url)],
    ['Store', `${where} ${paint('dim', `(${runs}, ${durability})`)}`],
    ['Next', next],
  ];
  const head = `${paint('bold', 'bgtask')} ${version}  ${paint('dim', `ready in ${Math.round(readyMs)} ms`)}`;
  return ['', `  ${head}`, '', ...lines.map(([label, text]) => `  ${paint('dim', label.padEnd(7))} ${text}`), ''].join('\n');
}
