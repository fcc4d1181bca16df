/** Leases: made in the store, counted at once, sent when they are durable. */
import { expect, test } from 'vitest';
import type { ServerFrame } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { Handout } from '../../src/server/handout.ts';
import { Hooks } from '../../src/server/hooks.ts';
import { Reports } from '../../src/server/reports.ts';
import { Roster } from '../../src/server/roster.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

async function ready() {
  const clock = new ManualClock(T0);
  const store = await openStore('memory:', { clock });
  const roster = new Roster();
  let tokens = 0;
  const random = { number: () => 0.5, token: () => `token-${++tokens}` };
  const frames: ServerFrame[] = [];
  const link = { send: (frame: ServerFrame) => void frames.push(frame), close: () => undefined };
  const task = { name: 'greet', maxAttempts: 4 } as never;
  const worker = Object.assign(roster.enter('w', 'one', 0, 0), {
    link,
    slots: 2,
    names: new Set(['greet']),
    tasks: new Map([['greet', task]]),
  });
  const reports = new Reports({ store, clock, roster, hooks: new Hooks(store, roster), limits: LIMITS, onFree: () => undefined });
  const handout = new Handout({ store, clock, random, roster, reports });
  return { store, roster, worker, frames, reports, handout };
}

test('a lease takes its slot at once, is in the store when it is sent, and one frame carries all of a worker', async () => {
  const it = await ready();
  await it.store.submit([aSubmit({ id: 'a', maxAttempts: null }), aSubmit({ id: 'b' }), aSubmit({ id: 'c' })], T0);
  await it.handout.lease(it.roster.offers());
  expect(it.frames).toMatchObject([
    {
      type: 'runs',
      runs: [
        { runId: 'a', token: 'token-1', maxAttempts: 4 },
        { runId: 'b', token: 'token-2', maxAttempts: 3 },
      ],
    },
  ]);
  expect(it.roster.offers()).toEqual([]);
  expect(await it.store.get('a')).toMatchObject({ state: 'PENDING', worker: 'one', lease: { token: 'token-1', workerId: 'w' } });
  expect(await it.store.get('c')).toMatchObject({ state: 'SCHEDULED' });
});

test('a run whose cancel is on its way never leaves', async () => {
  const it = await ready();
  await it.store.submit([aSubmit({ id: 'a' }), aSubmit({ id: 'b' })], T0);
  const leased = it.handout.lease(it.roster.offers());
  it.reports.cancelling.add('a');
  await leased;
  expect(it.frames.flatMap((frame) => (frame.type === 'runs' ? frame.runs.map((run) => run.runId) : []))).toEqual(['b']);
});

test('one whose worker is gone is not sent to anybody', async () => {
  const it = await ready();
  await it.store.submit([aSubmit({ id: 'a' })], T0);
  const leased = it.handout.lease(it.roster.offers());
  it.roster.remove(it.worker);
  await leased;
  expect(it.frames).toEqual([]);
});

test('the ends of upstream runs go with the run that waited for them', async () => {
  const it = await ready();
  await it.store.submit([aSubmit({ id: 'up' }), aSubmit({ id: 'down', waitFor: [{ id: 'up', allowFailure: true }] })], T0);
  await it.store.apply([{ id: 'up', event: { type: 'cancel', reason: 'x' } }], T0);
  await it.handout.lease(it.roster.offers());
  expect(it.frames).toMatchObject([{ runs: [{ runId: 'down', upstream: { up: { state: 'CANCELLED', result: null } } }] }]);
});
