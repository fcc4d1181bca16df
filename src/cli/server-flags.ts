/** What `server start` and `dev` both take. Their variables have no scope: an operator writes BGTASK_PORT, not BGTASK_SERVER_START_PORT. */
import { boolean, option, string } from '@oclif/core/flags';
import { listed, settingFlag, wholeFlag, withEnv } from './flags.ts';
import type { Durability, LocalServerOptions } from './local-server.ts';

const LAST_PORT = 65_535;

export const portFlag = wholeFlag({
  most: LAST_PORT,
  helpValue: 'PORT',
  description: 'port to listen on; 0 picks a free one',
  default: 4200,
});

export const serverFlags = withEnv('', {
  host: string({ helpValue: 'HOST', description: 'address to listen on', default: '127.0.0.1' }),
  port: portFlag,
  store: settingFlag('STORE', { helpValue: 'URL', showsDefault: true }),
  durability: option({
    options: ['durable', 'relaxed'] as const,
    default: 'durable' as const,
    helpValue: 'durable|relaxed',
    description: 'durable: answered when it is on disk; relaxed: up to 100 ms later, which a power cut may take',
  })(),
  'keep-completed': settingFlag('KEEP_COMPLETED', { helpValue: 'AGE,COUNT', showsDefault: true }),
  'keep-failed': settingFlag('KEEP_FAILED', { helpValue: 'AGE,COUNT', showsDefault: true }),
  limits: settingFlag('LIMITS', { helpValue: 'NAME=VALUE,…' }),
  'allow-host': string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'NAME',
    description: 'a name by which other machines may call the server',
  }),
  'no-auth': boolean({ description: 'ask for no key; on 127.0.0.1 only' }),
  'break-lock': boolean({ description: 'take the store over from a server on another machine that is surely gone' }),
  background: boolean({ description: 'leave it running and come back when it is up' }),
});

export interface ServerFlags {
  readonly host: string;
  readonly port: number;
  readonly durability: string;
  readonly 'allow-host'?: readonly string[] | undefined;
  readonly 'no-auth': boolean;
  readonly 'break-lock': boolean;
}

export function serverOptions(flags: ServerFlags, version: string, onNotice: (line: string) => void): LocalServerOptions {
  return {
    host: flags.host,
    port: flags.port,
    allowHosts: listed(flags['allow-host']),
    durability: flags.durability as Durability,
    breakLock: flags['break-lock'],
    auth: !flags['no-auth'],
    version,
    onNotice,
  };
}

/** A server that is only for this terminal: what `server start` does without flags, at that port. */
export function plainServer(port: number, version: string, onNotice: (line: string) => void): LocalServerOptions {
  return { host: '127.0.0.1', port, allowHosts: [], durability: 'durable', breakLock: false, auth: true, version, onNotice };
}
