/** What `task serve` and `dev` both take, and what it means to a worker. Their variables have no scope, as those of the server. */
import { boolean, string } from '@oclif/core/flags';
import type { Settings } from '../config/config.ts';
import { type Address, addressOf } from '../config/servers.ts';
import { settingFlag, wholeFlag, withEnv } from './flags.ts';
import { durationOf } from './submit.ts';

const MOST_PROCESSES = 256;

export const workerFlags = withEnv('', {
  limit: settingFlag('LIMIT', { helpValue: 'N', showsDefault: true }),
  processes: wholeFlag({ least: 1, most: MOST_PROCESSES, default: 1, description: 'processes that hold the code; they share the limit' }),
  'no-watch': boolean({ description: 'do not load again when files change' }),
  name: string({ helpValue: 'NAME', description: 'name of the worker; default: host and pid' }),
  drain: string({ helpValue: 'DURATION', default: '30s', description: 'how long runs may go on when it is stopped' }),
  grace: string({
    helpValue: 'DURATION',
    default: '5s',
    description: 'how long code may go on when it was asked to stop; then it is killed',
  }),
  'log-level': settingFlag('LOG_LEVEL', { helpValue: 'LEVEL', showsDefault: true }),
});

export interface WorkerFlags {
  readonly processes: number;
  readonly 'no-watch': boolean;
  readonly name?: string | undefined;
  readonly drain: string;
  readonly grace: string;
}
/** As `serveFiles` takes them. */
export interface WorkerSettings {
  readonly limit: number;
  readonly processes: number;
  readonly watch: boolean;
  readonly drain: number | undefined;
  readonly grace: number | undefined;
  readonly name: string | undefined;
  readonly address: () => Promise<Address>;
}

export function workerSettings(flags: WorkerFlags, settings: Settings): WorkerSettings {
  return {
    limit: settings.limit,
    processes: flags.processes,
    watch: !flags['no-watch'],
    drain: durationOf(flags.drain, '--drain'),
    grace: durationOf(flags.grace, '--grace'),
    name: flags.name,
    address: addressOf(settings),
  };
}
