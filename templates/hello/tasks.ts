import { setTimeout as sleep } from 'node:timers/promises';
import { runContext, task } from 'bgtask';

/** Call it here with greet('Marvin'), or hand it to a worker with greet.delay('Marvin'). */
export const greet = task('greet', async (name: string) => {
  console.log(`Greeting ${name}`); // ends up in the log of the run
  return `Hello, ${name}!`;
});

/** Takes its time, tells how far it is, and is tried again when it fails. */
export const count = task('count', { retries: 3, retryDelay: '1s', timeout: '1m' }, async (to: number) => {
  const { progress, signal } = runContext();
  for (let n = 1; n <= to; n += 1) {
    await sleep(200, undefined, { signal }); // a cancelled run ends here
    progress(n, to);
  }
  return to;
});
