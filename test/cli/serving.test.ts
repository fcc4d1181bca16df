import { afterEach, expect, test, vi } from 'vitest';
import { serveUntilStopped } from '../../src/cli/serving.ts';
import { WorkerConsole } from '../../src/cli/worker-console.ts';
import type { ShownEvent } from '../../src/cli/worker-lines.ts';
import { loadSettings } from '../../src/config/config.ts';
import { UnauthorizedError } from '../../src/core/errors.ts';

afterEach(() => vi.useRealTimers());
const settings = loadSettings({}, { BGTASK_HOME: '/nowhere' });
const shown = () => new WorkerConsole({ json: false, level: 'error', write: () => {}, now: () => new Date() });

function aWorker() {
  let end = (): void => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const worker = { closed, stop: vi.fn(async () => end()) };
  let tell: (event: ShownEvent) => void = () => {};
  const start = async (onEvent: (event: ShownEvent) => void) => {
    tell = onEvent;
    return worker;
  };
  return { worker, start, tell: (event: ShownEvent) => tell(event) };
}
const READY: ShownEvent = { type: 'ready', name: 'a', tasks: [], files: [], slots: 1 };
const REFUSED: ShownEvent = { type: 'unauthorized', error: null };

test('a signal drains the worker, and that is the end', async () => {
  const { worker, start } = aWorker();
  const served = serveUntilStopped(settings, shown(), start);
  await new Promise(setImmediate);
  process.emit('SIGTERM', 'SIGTERM');
  await served;
  expect(worker.stop).toHaveBeenCalled();
});

test('the end of what goes on meanwhile stops the worker', async () => {
  const { worker, start } = aWorker();
  await serveUntilStopped(settings, shown(), start, async () => {});
  expect(worker.stop).toHaveBeenCalled();
});

test('a worker that is never let in gives up, one that was goes on', async () => {
  vi.useFakeTimers();
  const never = aWorker();
  const given = serveUntilStopped(settings, shown(), never.start);
  await vi.advanceTimersByTimeAsync(0);
  never.tell(REFUSED);
  const outcome = expect(given).rejects.toBeInstanceOf(UnauthorizedError);
  await vi.advanceTimersByTimeAsync(5_000);
  await outcome;
  expect(never.worker.stop).toHaveBeenCalled();

  const once = aWorker();
  const going = serveUntilStopped(settings, shown(), once.start);
  await vi.advanceTimersByTimeAsync(0);
  once.tell(REFUSED); // the server was just starting
  once.tell(READY);
  once.tell(REFUSED); // its key was replaced
  await vi.advanceTimersByTimeAsync(60_000);
  expect(once.worker.stop).not.toHaveBeenCalled();
  await once.worker.stop();
  await going;
});
