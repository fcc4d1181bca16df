/** What can be said with one submit on the command line. */
import { boolean, string } from '@oclif/core/flags';
import { ON_CONFLICT } from '../core/run.ts';
import { revealFlags, wholeFlag, withEnv } from './flags.ts';

const MOST_RETRIES = 1_000_000;

export const runFlags = withEnv('TASK_RUN', {
  args: string({ helpValue: 'JSON|-', description: 'all arguments as a JSON array; - reads it from stdin' }),
  delay: string({ helpValue: 'DURATION', description: 'not before so long from now', exclusive: ['at'] }),
  at: string({ helpValue: 'TIME', description: 'not before this moment, as in 2026-11-24T15:00' }),
  id: string({ helpValue: 'ID', description: 'id of the run: the same id and arguments again are the same run' }),
  wait: boolean({ description: 'wait for the end and print the result; ends with 1 where it did not complete' }),
  priority: string({ helpValue: 'DURATION', description: 'head start in the queue' }),
  tag: string({ multiple: true, multipleNonGreedy: true, helpValue: 'TAG', description: 'tags to find it by' }),
  key: string({ helpValue: 'KEY', description: 'idempotency key: while a run with it is kept, that one is answered with' }),
  'on-conflict': string({
    ...{ options: [...ON_CONFLICT], helpValue: 'WHAT', dependsOn: ['key'] },
    description: 'where another run has the key: return it, reject, replace it if it has not started, or cancel it; default: return',
  }),
  ttl: string({ helpValue: 'DURATION', description: 'not at all where it did not start within' }),
  retries: wholeFlag({ most: MOST_RETRIES, description: 'tries after the first one fails; default: what the task says' }),
  timeout: string({ helpValue: 'DURATION', description: 'longest time of one attempt; default: what the task says' }),
  name: string({ helpValue: 'NAME', description: 'a name for people' }),
  ...revealFlags('TASK_RUN'),
});
