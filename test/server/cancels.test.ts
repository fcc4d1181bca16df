/** A cancel goes on to what the run started. */
import { expect, test } from 'vitest';
import type { ServerFrame } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { Cancels } from '../../src/server/cancels.ts';
import { Hooks } from '../../src/server/hooks.ts';
import { Reports } from '../../src/server/reports.ts';
import { Roster } from '../../src/server/roster.ts';
import { openStore } from '../../src/store/open.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

async function aFamily() {
  const clock = new ManualClock(T0);
  const store = await openStore('memory:', { clock });
  const roster = new Roster();
  const reports = new Reports({ store, clock, roster, hooks: new Hooks(store, roster), limits: LIMITS, onFree: () => undefined });
  const frames: ServerFrame[] = [];
  const holder = Object.assign(roster.enter('w', 'w', 0, 0), {
    link: { send: (frame: ServerFrame) => void frames.push(frame), close: () => {} },
  });
  const parents = { top: null, runs: 'top', waits: 'top', done: 'top', below: 'done', grandchild: 'runs', stranger: null };
  await store.submit(
    Object.entries(parents).map(([id, parentId]) => aSubmit({ id, parentId })),
    T0,
  );
  const lease = async (...ids: string[]) => {
    for (const id of ids) {
      await store.apply([{ id, event: { type: 'assign', lease: { token: id, workerId: 'w', workerName: 'w' }, maxAttempts: 1 } }], T0);
      roster.lease(holder, id, id);
    }
  };
  await lease('top', 'runs', 'done');
  await store.apply([{ id: 'done', event: { type: 'succeed', token: 'done', result: null } }], T0);
  const cancels = new Cancels({ store, clock, roster, reports });
  const states = async () => Promise.all(Object.keys(parents).map(async (id) => `${id} ${(await store.get(id))?.state}`));
  return { store, reports, frames, cancels, states };
}

test('to every open run that stems from it, with a reason that names the parent', async () => {
  const { cancels, frames, states, store, reports } = await aFamily();
  expect(await cancels.cancel('top', 'asked')).toMatchObject({ id: 'top', state: 'CANCELLING' });
  const gone = ['top CANCELLING', 'runs CANCELLING', 'waits CANCELLED', 'done COMPLETED', 'below CANCELLED', 'grandchild CANCELLED'];
  expect(await states()).toEqual([...gone, 'stranger SCHEDULED']);
  const reasonOf = async (id: string) => (await store.get(id))?.history.at(-1)?.reason;
  expect(await reasonOf('waits')).toBe('Its parent run top was cancelled');
  expect(await reasonOf('grandchild')).toBe('Its parent run runs was cancelled');
  expect(await reasonOf('below')).toBe('Run top, which it stems from, was cancelled');
  expect(frames).toEqual([
    { type: 'cancel', runs: [{ runId: 'top', token: 'top', reason: 'asked' }] },
    { type: 'cancel', runs: [{ runId: 'runs', token: 'runs', reason: 'Its parent run top was cancelled' }] },
  ]);
  expect([...reports.stopping]).toEqual(['top', 'runs']);
  expect([...reports.cancelling]).toEqual([]);
});

test('not from a run that has ended otherwise, and not where there is none', async () => {
  const { cancels, states } = await aFamily();
  expect(await cancels.cancel('done', 'asked')).toMatchObject({ state: 'COMPLETED' });
  expect(await cancels.cancel('nobody', 'asked')).toBeUndefined();
  expect(await states()).toContain('below SCHEDULED');
});
