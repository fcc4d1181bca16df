/** What workers tell, put into a memory store: from the holder of a lease it counts, from anybody else it changes nothing. */
import { describe, expect, test, vi } from 'vitest';
import type { ServerFrame } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { Hooks } from '../../src/server/hooks.ts';
import { Reports, written } from '../../src/server/reports.ts';
import { Roster } from '../../src/server/roster.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit, LEASE, T0, TOKEN } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

const held = { runId: 'run-1', token: TOKEN };
const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** One run under the lease of the worker `holder`. */
async function leased() {
  const clock = new ManualClock(T0);
  const store = await openStore('memory:', { clock });
  await store.submit([aSubmit()], T0);
  await store.apply([{ id: 'run-1', event: { type: 'assign', lease: LEASE, maxAttempts: 1 } }], T0);
  const roster = new Roster();
  const frames: ServerFrame[] = [];
  const closes: number[] = [];
  const link = { send: (frame: ServerFrame) => void frames.push(frame), close: (code: number) => void closes.push(code) };
  const holder = Object.assign(roster.enter(LEASE.workerId, 'one', 0, 0), { link });
  const other = Object.assign(roster.enter('other', 'two', 0, 0), { link });
  roster.lease(holder, TOKEN, 'run-1');
  const onFree = vi.fn();
  const reports = new Reports({ store, clock, roster, hooks: new Hooks(store, roster), limits: LIMITS, onFree });
  const run = async () => {
    await settle();
    return store.get('run-1');
  };
  return { store, roster, reports, holder, other, frames, closes, onFree, run };
}

describe('an outcome', () => {
  test('frees its slot at once, and is told recorded when it is in the store', async () => {
    const it = await leased();
    it.reports.take(it.holder, { type: 'finished', outcomes: [{ ...held, type: 'succeed', result: '1' }] });
    expect(it.roster.holderOf(held)).toBeUndefined();
    expect(it.onFree).toHaveBeenCalledTimes(1);
    expect(it.frames).toEqual([]);
    expect(await it.run()).toMatchObject({ state: 'COMPLETED', result: '1' });
    expect(it.frames).toEqual([{ type: 'recorded', runs: [held] }]);
  });

  test('of somebody else is fenced and changes nothing', async () => {
    const it = await leased();
    const late = { runId: 'run-1', token: 'old' };
    it.reports.take(it.other, { type: 'finished', outcomes: [{ ...held, type: 'succeed', result: '1' }] });
    it.reports.take(it.holder, { type: 'finished', outcomes: [{ ...late, type: 'succeed', result: '1' }] });
    expect(await it.run()).toMatchObject({ state: 'PENDING' });
    expect(it.frames.filter((frame) => frame.type === 'fenced')).toEqual([
      { type: 'fenced', runs: [held] },
      { type: 'fenced', runs: [late] },
    ]);
    expect(it.roster.holderOf(held)).toBe(it.holder);
  });
});

test('a start and progress are put into the store', async () => {
  const it = await leased();
  it.reports.take(it.holder, { type: 'started', runs: [held] });
  it.reports.take(it.holder, { type: 'progress', runs: [{ ...held, progress: { done: 1, total: 2, note: null } }] });
  expect(await it.run()).toMatchObject({ state: 'RUNNING', attempt: 1, progress: { done: 1, total: 2 } });
});

test('lines are kept and told to those who listen, from the holder only', async () => {
  const it = await leased();
  const heard: string[] = [];
  const stop = it.reports.onLogs((id, lines) => heard.push(`${id}: ${lines.map((line) => line.text).join()}`));
  const say = (text: string) =>
    ({ type: 'logs', runs: [{ ...held, lines: [{ at: '2030-01-01T00:00:00.000Z', level: 'info', text, attempt: 1 }] }] }) as const;
  it.reports.take(it.holder, say('mine'));
  it.reports.take(it.other, say('not mine'));
  stop();
  it.reports.take(it.holder, say('nobody listens'));
  expect(heard).toEqual(['run-1: mine']);
  expect((await it.store.logs('run-1')).map((line) => line.text)).toEqual(['mine', 'nobody listens']);
});

describe('a holder that comes back', () => {
  test('without a lease gives it back to the queue, with no attempt charged', async () => {
    const it = await leased();
    it.reports.reconcile(it.holder, []);
    expect(await it.run()).toMatchObject({ state: 'SCHEDULED', attempt: 0, losses: 0 });
  });

  test('with a run that was asked to stop is told again', async () => {
    const it = await leased();
    it.reports.stopping.add(TOKEN);
    it.reports.reconcile(it.holder, [held]);
    expect(it.frames).toMatchObject([{ type: 'cancel', runs: [held] }]);
    expect(it.reports.foreign(it.holder, [held, { runId: 'x', token: 'y' }])).toEqual([{ runId: 'x', token: 'y' }]);
  });
});

test('a revoked holder is sent away, and its runs wait again', async () => {
  const it = await leased();
  it.reports.revoke(it.holder, 'It was silent');
  expect(it.closes).toEqual([4408]);
  expect(it.roster.get(LEASE.workerId)).toBeUndefined();
  expect(await it.run()).toMatchObject({ state: 'SCHEDULED', losses: 1 });
});

test('a write that fails is not an error of its own: the store tells it', async () => {
  await expect(written(Promise.reject(new Error('no')))).resolves.toBeUndefined();
});

test('who waits for others frees its slot and its place in limits, from the holder only', async () => {
  const it = await leased();
  const setWaiting = vi.spyOn(it.store, 'setWaiting');
  it.reports.take(it.other, { type: 'waiting', runs: [{ ...held, waiting: true }] });
  expect([...it.other.waiting, ...it.holder.waiting]).toEqual([]);
  it.reports.take(it.holder, { type: 'waiting', runs: [{ ...held, waiting: true }] });
  expect([...it.holder.waiting]).toEqual([TOKEN]);
  expect(it.onFree).toHaveBeenCalled();
  it.reports.take(it.holder, { type: 'waiting', runs: [{ ...held, waiting: false }] });
  expect([...it.holder.waiting]).toEqual([]);
  expect(setWaiting.mock.calls).toEqual([
    ['run-1', true],
    ['run-1', false],
  ]);
});
