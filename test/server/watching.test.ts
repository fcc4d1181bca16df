/** The index of who wants to hear of which run. */
import { describe, expect, test, vi } from 'vitest';
import type { LogLine } from '../../src/core/api.ts';
import type { Dispatcher } from '../../src/server/dispatcher.ts';
import { shower } from '../../src/server/shown.ts';
import { type Watch, type Watcher, Watching } from '../../src/server/watching.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit, LEASE } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

async function hub() {
  const clock = new ManualClock();
  const store = await openStore('memory:', { clock });
  const commits = vi.spyOn(store, 'onCommit');
  const logListeners = new Set<(id: string, lines: readonly LogLine[]) => void>();
  const dispatcher = {
    onLogs: (listener: (id: string, lines: readonly LogLine[]) => void) => {
      logListeners.add(listener);
      return () => logListeners.delete(listener);
    },
  } as unknown as Dispatcher;
  const watching = new Watching(store, dispatcher, shower(store, clock));
  const told: string[] = [];
  const watch = (id: string, detail = false, name = id): Watch => {
    const watcher: Watcher = {
      onRun: (_, text, final) => {
        const { run } = JSON.parse(text);
        told.push(`${name} ${run.state}${final ? '!' : ''}${run.history ? ' with history' : ''}`);
      },
      onLines: (text) => void told.push(`${name} ${JSON.parse(text).lines.length} lines`),
    };
    return { id, detail, watcher, told: false };
  };
  const submit = (...ids: string[]) =>
    store.submit(
      ids.map((id) => aSubmit({ id })),
      0,
    );
  const cancel = (id: string) => store.apply([{ id, event: { type: 'cancel', reason: 'x' } }], 0);
  return { store, commits, logListeners, watching, told, watch, submit, cancel };
}

test('a watched run is told when it is final, once', async () => {
  const it = await hub();
  it.watching.add(it.watch('a'));
  await it.submit('a', 'b');
  await it.cancel('a');
  await it.cancel('b');
  expect(it.told).toEqual(['a CANCELLED!']);
});

test('with detail every state is told, with the history', async () => {
  const it = await hub();
  it.watching.add(it.watch('a', true));
  await it.submit('a');
  await it.store.apply([{ id: 'a', event: { type: 'assign', lease: LEASE, maxAttempts: 1 } }], 0);
  await it.store.apply([{ id: 'a', event: { type: 'start', token: LEASE.token } }], 0);
  await it.store.apply([{ id: 'a', event: { type: 'succeed', token: LEASE.token, result: '1' } }], 0);
  expect(it.told).toEqual(['a SCHEDULED with history', 'a PENDING with history', 'a RUNNING with history', 'a COMPLETED! with history']);
});

test('two watchers of one run each hear of it in their own form', async () => {
  const it = await hub();
  it.watching.add(it.watch('a', false, 'first'));
  it.watching.add(it.watch('a', true, 'second'));
  it.watching.add(it.watch('a', false, 'third'));
  await it.submit('a');
  await it.cancel('a');
  expect(it.told).toEqual(['second SCHEDULED with history', 'first CANCELLED!', 'second CANCELLED! with history', 'third CANCELLED!']);
});

test('lines go to those who asked for detail', async () => {
  const it = await hub();
  const lines = [{ at: '', level: 'info', text: 'x', attempt: 1 }] as const;
  it.watching.add(it.watch('a', true, 'yes'));
  it.watching.add(it.watch('a', false, 'no'));
  it.watching.add(it.watch('b', true, 'other'));
  for (const listener of it.logListeners) listener('a', lines);
  expect(it.told).toEqual(['yes 1 lines']);
});

describe('while nobody watches', () => {
  test('nothing listens to the store', async () => {
    const it = await hub();
    const watch = it.watch('a', true);
    expect(it.commits).not.toHaveBeenCalled();
    it.watching.add(watch);
    expect([it.commits.mock.calls.length, it.logListeners.size]).toEqual([1, 1]);
    it.watching.remove(watch);
    it.watching.remove(watch);
    expect(it.logListeners.size).toBe(0);
    await it.submit('a');
    await it.cancel('a');
    expect(it.told).toEqual([]);
    const follower = { changed: vi.fn(), removed: vi.fn(), renew: vi.fn() };
    it.watching.follow(follower);
    await it.submit('b');
    await it.store.remove(['a']);
    expect(follower.changed).toHaveBeenCalledTimes(1);
    expect(follower.removed).toHaveBeenCalledWith('a');
    it.watching.renew();
    expect(follower.renew).toHaveBeenCalledTimes(1);
    it.watching.unfollow(follower);
    await it.submit('c');
    expect(follower.changed).toHaveBeenCalledTimes(1);
  });

  test('the end of the last watched run is the end of listening', async () => {
    const it = await hub();
    it.watching.add(it.watch('a', true));
    await it.submit('a');
    await it.cancel('a');
    expect(it.logListeners.size).toBe(0);
  });
});
