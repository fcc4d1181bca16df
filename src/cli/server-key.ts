/** The key of the local server, whether it runs now or has run before. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { Settings } from '../config/config.ts';
import { readServerRecord, readToken, replaceToken, tokenFileOf } from '../config/servers.ts';
import { ServerUnreachableError, UnauthorizedError } from '../core/errors.ts';
import { ROTATE_SIGNAL } from './local-server.ts';
import { runningServer } from './server-status.ts';
import { NotInTimeError, UsageError } from './usage.ts';

const ROTATE_MS = 5_000;
const LOOK_MS = 25;

/** @throws {ServerUnreachableError} None has run yet. @throws {UsageError} It asks for no key. */
export function serverKey(settings: Settings): string {
  const key = readToken(keyFile(settings));
  if (key === null) throw new ServerUnreachableError(settings.apiUrl);
  return key;
}

/**
 * Puts a new key in place of the old one; a server that runs takes it up, and sends away who came in with the old one.
 * @throws {UsageError} It would come back with the old one: that was given as API_KEY.
 */
export async function rotateKey(settings: Settings, client: Client): Promise<string> {
  const file = keyFile(settings);
  const record = readServerRecord(settings.home, settings.apiUrl);
  if (record?.keyGiven) {
    throw new UsageError(`The server at ${record.url} was given its key as API_KEY.`, ['Give it another one, and start it again']);
  }
  if (record === null) {
    serverKey(settings); // without one there is nothing to replace
    return replaceToken(file);
  }
  const { pid } = await runningServer(settings, client);
  const key = replaceToken(file);
  process.kill(pid, ROTATE_SIGNAL);
  await takenUp(client);
  return key;
}

function keyFile(settings: Settings): string {
  const record = readServerRecord(settings.home, settings.apiUrl);
  if (record && record.tokenFile === null) throw new UsageError(`The server at ${record.url} asks for no key (--no-auth).`);
  return record?.tokenFile ?? tokenFileOf(settings.store, settings.home);
}

/** The client reads the new key from its file: the server is done when it lets that in. */
async function takenUp(client: Client): Promise<void> {
  for (const until = performance.now() + ROTATE_MS; performance.now() < until; await sleep(LOOK_MS)) {
    try {
      await client.request('GET', '/version');
      return;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
  }
  throw new NotInTimeError('The server did not take the new key up.', ['Start it again: bgtask server stop && bgtask server start']);
}
