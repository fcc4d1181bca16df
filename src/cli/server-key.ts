/** The key of the local server, whether it runs now or has run before. */
import type { Settings } from '../config/config.ts';
import { readServerRecord, readToken, tokenFileOf } from '../config/servers.ts';
import { ServerUnreachableError } from '../core/errors.ts';
import { UsageError } from './usage.ts';

/** @throws {ServerUnreachableError} None has run yet. @throws {UsageError} It asks for no key. */
export function serverKey(settings: Settings): string {
  const record = readServerRecord(settings.home, settings.apiUrl);
  if (record && record.tokenFile === null) throw new UsageError(`The server at ${record.url} asks for no key (--no-auth).`);
  const key = readToken(record?.tokenFile ?? tokenFileOf(settings.store, settings.home));
  if (key === null) throw new ServerUnreachableError(settings.apiUrl);
  return key;
}
