/** Waits that give up. */
import type { Clock } from '../core/seams.ts';

/** Whether `done` came within `ms`. */
export function within(clock: Clock, ms: number, done: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(false));
    void done.then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
