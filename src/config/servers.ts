/**
 * How the parts of one machine find each other: a running server leaves a record under its port, and its key in a file of its own.
 * Client, worker and commands look both up by the API address, each time they connect, since a server may have been started anew.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerRecord } from '../core/api.ts';
import { ConfigError, StoreError } from '../core/errors.ts';
import { isLoopbackName } from '../core/loopback.ts';
import type { Settings } from './config.ts';
import { createPrivately, readText, writePrivately } from './files.ts';
import type { Home } from './home.ts';

/** Where to send requests, and the key that opens the door there. */
export interface Address {
  /** API base, as in `http://127.0.0.1:4200/api`. */
  readonly url: string;
  readonly apiKey: string | null;
}

/** As `URL.hostname` has them: a server that listens on every address of its machine answers on the loopback too. */
const ANY_ADDRESS = new Set(['0.0.0.0', '[::]']);
/** A key of ours is 256 bits as text; anything much shorter is none. */
const KEY_BYTES = 32;
const SHORTEST_KEY = 32;

/** Says how to reach the server of `settings`. Ask anew before each try. */
export function addressOf(settings: Settings): () => Promise<Address> {
  return async () => ({ url: settings.apiUrl, apiKey: settings.apiKey ?? localKey(settings.home, settings.apiUrl) });
}

/** The key that the local server at `apiUrl` left; null where no server of ours runs there or it asks for none. */
export function localKey(home: Home, apiUrl: string): string | null {
  const file = readServerRecord(home, apiUrl)?.tokenFile;
  return file ? readToken(file) : null;
}

/** The record of the live server that answers at `apiUrl`. A key is never looked up for another machine. */
export function readServerRecord(home: Home, apiUrl: string): ServerRecord | null {
  const url = new URL(apiUrl);
  if (!isLoopbackName(url.hostname)) return null;
  const record = readRecord(recordFile(home, portOf(url)));
  if (!record || !isAlive(record.pid)) return null;
  const host = new URL(record.url).hostname;
  return isLoopbackName(host) || ANY_ADDRESS.has(host) ? record : null;
}

/** Every server that runs on this machine under this home, by port. */
export function listServerRecords(home: Home): ServerRecord[] {
  const files = namesIn(join(home.data, 'servers')).filter((name) => /^\d+\.json$/.test(name));
  return files
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => readRecord(join(home.data, 'servers', name)))
    .filter((record) => record !== null && isAlive(record.pid)) as ServerRecord[];
}

export function writeServerRecord(home: Home, record: ServerRecord): void {
  writePrivately(recordFile(home, portOf(new URL(record.url))), `${JSON.stringify(record)}\n`);
}

/** Takes a server's own record away; one that another server wrote since then stays. */
export function removeServerRecord(home: Home, record: ServerRecord): void {
  const file = recordFile(home, portOf(new URL(record.url)));
  if (readRecord(file)?.pid === record.pid) rmSync(file, { force: true });
}

/** Where the key of a server with this store lies: in the store's folder, or in the home where it has none. */
export function tokenFileOf(store: string, home: Home): string {
  return join(store.startsWith('file:') ? store.slice('file:'.length) : home.data, 'token');
}

/**
 * The key in `file`, made where there is none.
 * @throws {StoreError} `unsafe`: someone else may read, change or have planted the file.
 */
export function ensureToken(file: string): string {
  createPrivately(file, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
  checkPrivate(file);
  const token = readToken(file);
  if (token === null || token.length < SHORTEST_KEY) {
    throw new StoreError('unsafe', `${file} does not hold a key.`, [`Remove it, and the server makes a new one: rm ${file}`]);
  }
  return token;
}

/** Puts a new key in the place of the old one. A server takes it up when it is told. */
export function replaceToken(file: string): string {
  return keepToken(file, randomBytes(KEY_BYTES).toString('base64url'));
}

/** Puts a key that somebody chose into `file`, where others find it as they find one of ours. @throws {ConfigError} It is too short. */
export function keepToken(file: string, token: string): string {
  if (token.length < SHORTEST_KEY) {
    throw new ConfigError(`The API_KEY for this server has ${token.length} characters; ${SHORTEST_KEY} are the least.`, 'env', [
      'Make one: openssl rand -hex 32',
    ]);
  }
  if (readToken(file) !== token) writePrivately(file, `${token}\n`);
  return token;
}

/** The key in `file`; null where it cannot be read by us. */
export function readToken(file: string): string | null {
  try {
    return readText(file)?.trim() ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null; // another user's server: it will say that it wants a key
    throw error;
  }
}

/** Whether a process of this number lives. One we may not signal lives too; one that ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const stat = process.platform === 'linux' ? readText(`/proc/${pid}/stat`) : null;
  return stat === null || !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function checkPrivate(file: string): void {
  const found = lstatSync(file);
  const foreign = process.getuid !== undefined && found.uid !== process.getuid();
  const open = process.platform !== 'win32' && (found.mode & 0o077) !== 0;
  if (!found.isFile() || foreign) throw new StoreError('unsafe', `${file} is not a plain file of ours; it may have been planted.`);
  if (open) throw new StoreError('unsafe', `${file} can be read by other users.`, [`chmod 600 ${file}`]);
}

function recordFile(home: Home, port: number): string {
  return join(home.data, 'servers', `${port}.json`);
}

function portOf(url: URL): number {
  return url.port ? Number(url.port) : url.protocol === 'https:' ? 443 : 80;
}

function readRecord(file: string): ServerRecord | null {
  try {
    const found = JSON.parse(readText(file) ?? 'null') as ServerRecord | null;
    return found !== null && Number.isInteger(found.pid) && found.pid > 0 && URL.canParse(found.url) ? found : null;
  } catch {
    return null; // not ours, or not ours to read: as good as no record
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
