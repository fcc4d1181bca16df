import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { untilStopped } from '../../src/cli/stop.ts';

afterEach(() => vi.restoreAllMocks());
const never = new Promise<never>(() => {});
function deferred(): { promise: Promise<void>; through: () => void } {
  let through = (): void => {};
  const promise = new Promise<void>((resolve) => {
    through = resolve;
  });
  return { promise, through };
}

test('it ends when what it waits for does, and then listens to no signal any more', async () => {
  const before = process.listenerCount('SIGTERM');
  expect(await untilStopped(Promise.resolve('done'), async () => {})).toBe('done');
  expect(process.listenerCount('SIGTERM')).toBe(before);
});

test('the first signal asks to stop, once; it ends when that is through', async () => {
  const { promise, through } = deferred();
  const stop = vi.fn(() => promise);
  const ended = untilStopped(never, stop);
  process.emit('SIGTERM', 'SIGTERM');
  expect(stop).toHaveBeenCalledExactlyOnceWith('SIGTERM');
  through();
  expect(await ended).toBeUndefined();
});

test('what it waits for may end while it is being stopped: it waits for both', async () => {
  const { promise, through } = deferred();
  const { promise: waited, through: endIt } = deferred();
  let isOver = false;
  const ended = untilStopped(waited, () => promise).then(() => {
    isOver = true;
  });
  process.emit('SIGTERM', 'SIGTERM');
  endIt();
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  through();
  await ended;
});

test('the same signal again at once is an echo of npm, later it leaves at once', async () => {
  const left = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  const { promise, through } = deferred();
  const ended = untilStopped(never, () => promise);
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGINT', 'SIGINT');
  expect(left).not.toHaveBeenCalled();
  await sleep(200); // the echo is told apart by time alone
  process.emit('SIGINT', 'SIGINT');
  expect(left).toHaveBeenCalledExactlyOnceWith(130);
  through();
  await ended;
});

test('a stop that fails is the failure of the command', async () => {
  const ended = untilStopped(never, () => Promise.reject(new Error('no')));
  process.emit('SIGTERM', 'SIGTERM');
  await expect(ended).rejects.toThrow('no');
});
