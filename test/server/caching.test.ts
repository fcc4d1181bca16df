/** Workers that ask for results, against a memory store. */
import { expect, test, vi } from 'vitest';
import type { ServerFrame } from '../../src/core/frames.ts';
import { isLeased, type LeasedRun } from '../../src/core/run.ts';
import { Caching } from '../../src/server/caching.ts';
import { Roster } from '../../src/server/roster.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit, BOOM, T0 } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

async function aServer() {
  const clock = new ManualClock(T0);
  const store = await openStore('memory:', { clock });
  const roster = new Roster();
  const frames: ServerFrame[] = [];
  const link = { send: (frame: ServerFrame) => void frames.push(frame), close: () => undefined };
  const holder = Object.assign(roster.enter('w', 'one', 0, 0), { link });
  const onFree = vi.fn();
  const stopping = new Set<string>();
  const parts = { store, clock, roster, stopping, onFree, free: (held: { runId: string; token: string }) => void roster.free(held) };
  const caching = new Caching(parts);
  const lease = async (id: string) => {
    const token = `${id}-${Math.random()}`;
    if (!(await store.get(id))) await store.submit([aSubmit({ id, maxAttempts: 1 })], T0);
    const assign = { type: 'assign', lease: { token, workerId: 'w', workerName: 'one' }, maxAttempts: 1 } as const;
    await store.apply([{ id, event: assign }], T0);
    roster.lease(holder, token, id);
    return { runId: id, token };
  };
  const ask = async (held: { runId: string; token: string }, over = {}) => {
    frames.length = 0;
    caching.asked(holder, [{ ...held, key: 'k', ttlMs: null, refresh: false, ...over }]);
    await settle();
    return frames[0];
  };
  const end = async (held: { runId: string; token: string }, isGood = true) => {
    roster.free(held);
    const { token } = held;
    const bad = { type: 'fail', token, error: BOOM, retry: false, retryDelayMs: 0, timedOut: false } as const;
    await store.apply([{ id: held.runId, event: isGood ? { type: 'succeed', token, result: '7' } : bad }], T0);
  };
  return { ...parts, parts, caching, holder, lease, ask, end };
}

test('the first that asks makes it, the second waits without a lease, and then gets it', async () => {
  const it = await aServer();
  const [a, b] = [await it.lease('a'), await it.lease('b')];
  expect(await it.ask(a)).toEqual({ type: 'cache', runs: [{ ...a, hit: null }] });
  expect(await it.ask(a)).toEqual({ type: 'cache', runs: [{ ...a, hit: null }] }); // said again on a new connection
  expect(await it.ask(b)).toEqual({ type: 'fenced', runs: [b] });
  expect(it.onFree).toHaveBeenCalledTimes(1);
  expect(await it.store.get('b')).toMatchObject({ state: 'SCHEDULED', blockedBy: ['a'], attempt: 0 });
  await it.end(a);
  expect(await it.ask(await it.lease('b'))).toMatchObject({ type: 'cache', runs: [{ runId: 'b', hit: { from: 'a', result: '7' } }] });
});

test('where the one that makes it failed, the next that asks makes it', async () => {
  const it = await aServer();
  const [a, b] = [await it.lease('a'), await it.lease('b')];
  await it.ask(a);
  await it.ask(b);
  await it.end(a, false);
  expect(await it.ask(await it.lease('b'))).toMatchObject({ type: 'cache', runs: [{ runId: 'b', hit: null }] });
});

test('one that makes it anew waits for nobody and looks nothing up', async () => {
  const it = await aServer();
  const [a, b] = [await it.lease('a'), await it.lease('b')];
  await it.ask(a);
  expect(await it.ask(b, { refresh: true })).toMatchObject({ type: 'cache', runs: [{ hit: null }] });
  await it.end(a);
  await it.end(b);
  expect(it.store.cachedBy('k', T0)).toBe('b');
});

test('a run that is asked to stop gets no answer', async () => {
  const it = await aServer();
  const a = await it.lease('a');
  it.stopping.add(a.token);
  expect(await it.ask(a)).toBeUndefined();
});

test('a server that starts anew knows from the leases who makes what', async () => {
  const it = await aServer();
  const [a, b] = [await it.lease('a'), await it.lease('b')];
  await it.ask(a);
  const caching = new Caching(it.parts);
  const run = await it.store.get('a');
  if (run && isLeased(run)) caching.resume(run as LeasedRun);
  caching.asked(it.holder, [{ ...b, key: 'k', ttlMs: null, refresh: false }]);
  await settle();
  expect(await it.store.get('b')).toMatchObject({ blockedBy: ['a'] });
});

test('keys of runs that have ended are forgotten', async () => {
  const it = await aServer();
  for (let at = 0; at < 600; at += 1) {
    const held = await it.lease(`run-${at}`);
    it.caching.asked(it.holder, [{ ...held, key: `k${at}`, ttlMs: null, refresh: false }]);
    it.roster.free(held);
  }
  expect(it.caching.size).toBeLessThan(300);
});
