import { setTimeout as sleep } from 'node:timers/promises';
import { task } from 'bgtask';

/** Takes up to two seconds, fails one time in five, and gives its own number back. */
export const ping = task('ping', { retries: 10, retryDelay: '1s' }, async (n: number) => {
  await sleep(Math.random() * 2_000);
  if (Math.random() < 0.2) throw new Error(`ping ${n} had no luck`);
  return n;
});

/** Takes its process along, and with it whatever else runs there. */
export const crashMe = task('crashMe', async (code: number): Promise<never> => process.exit(code));
