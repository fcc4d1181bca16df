/** How a long-lived command ends: the first signal asks it to stop, the second leaves at once. */
import { constants } from 'node:os';
import { ECHO_MS } from '../core/protocol.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

/**
 * Resolves when `ended` does; after a signal, when `stop` is through.
 * @param stop Called once, with the first signal.
 */
export async function untilStopped<T>(ended: Promise<T>, stop: (signal: NodeJS.Signals) => Promise<void>): Promise<T | undefined> {
  let first = 0;
  let onSignal: (signal: NodeJS.Signals) => void = () => {};
  const stopped = new Promise<void>((resolve, reject) => {
    onSignal = (signal) => {
      if (first > 0 && performance.now() - first < ECHO_MS) return;
      if (first > 0) process.exit(128 + constants.signals[signal]);
      first = performance.now();
      stop(signal).then(resolve, reject);
    };
  });
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const result = await Promise.race([ended, stopped.then(() => undefined)]);
    if (first > 0) await stopped; // what it waited for may end while it is being stopped
    return result;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
