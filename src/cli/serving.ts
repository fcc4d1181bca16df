/** A worker as a command runs it: until it is stopped, or until it is clear that the server will never let it in. */
import type { Settings } from '../config/config.ts';
import { UnauthorizedError } from '../core/errors.ts';
import { untilStopped } from './stop.ts';
import type { WorkerConsole } from './worker-console.ts';
import type { ShownEvent } from './worker-lines.ts';

/** What is used of a worker. */
export interface ServingWorker {
  readonly closed: Promise<void>;
  stop(): Promise<void>;
}

/** A server that was just started may not have left its key yet. */
const UNAUTHORIZED_MS = 5_000;

/**
 * Starts a worker that tells `console`, and waits for its end. The first signal drains it, the second leaves at once.
 * @param meanwhile Begins when the worker has; its end ends the worker too.
 * @throws {UnauthorizedError} It was never let in.
 */
export async function serveUntilStopped(
  settings: Settings,
  console: WorkerConsole,
  start: (onEvent: (event: ShownEvent) => void) => Promise<ServingWorker>,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  const entry = new Entry(settings.apiUrl);
  const worker = await start((event) => {
    entry.see(event);
    console.show(event);
  });
  try {
    const ends = [worker.closed, entry.refused, ...(meanwhile ? [meanwhile()] : [])];
    await untilStopped(Promise.race(ends), () => worker.stop());
  } finally {
    entry.close();
    await worker.stop();
    console.close();
  }
}

/** Whether the worker was ever let in. */
class Entry {
  /** Rejects; never resolves. */
  readonly refused: Promise<never>;
  #isIn = false;
  #timer: NodeJS.Timeout | undefined;
  #refuse: () => void = () => {};

  constructor(url: string) {
    this.refused = new Promise((_, reject) => {
      this.#refuse = () => reject(new UnauthorizedError(url));
    });
    this.refused.catch(() => {}); // whoever waits for it hears of it
  }

  see(event: ShownEvent): void {
    if (event.type === 'ready' || event.type === 'connected') this.#isIn = true;
    if (this.#isIn) this.close();
    else if (event.type === 'unauthorized') this.#timer ??= setTimeout(this.#refuse, UNAUTHORIZED_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
