/** What `task serve` and `dev` both take. Their variables have no scope, as those of the server. */
import { boolean, string } from '@oclif/core/flags';
import { settingFlag, wholeFlag, withEnv } from './flags.ts';

const MOST_PROCESSES = 256;

export const workerFlags = withEnv('', {
  limit: settingFlag('LIMIT', { helpValue: 'N' }),
  processes: wholeFlag({ most: MOST_PROCESSES, default: 1, description: 'processes that hold the code; they share the limit' }),
  'no-watch': boolean({ description: 'do not load again when files change' }),
  name: string({ helpValue: 'NAME', description: 'name of the worker; default: host and pid' }),
  drain: string({ helpValue: 'DURATION', default: '30s', description: 'how long runs may go on when it is stopped' }),
  'log-level': settingFlag('LOG_LEVEL', { helpValue: 'LEVEL' }),
});
