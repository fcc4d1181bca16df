import { expect, test } from 'vitest';
import { ClockJumps } from '../../src/server/clock-jumps.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { aSubmit, BOOM } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

const HOUR = 3_600_000;

async function start() {
  const clock = new ManualClock();
  const store = openMemoryStore(clock);
  return { clock, store, jumps: new ClockJumps(store, clock) };
}

/** A run that failed just now and waits 5 s for its next attempt. */
async function aRetry(store: Store, clock: ManualClock, id: string): Promise<number> {
  await store.submit([aSubmit({ id, maxAttempts: 3, createdAt: clock.now(), dueAt: clock.now() })], clock.now());
  const token = `token of ${id}`;
  const offers = [{ workerId: 'w', tasks: new Set(['greet']), slots: 1 }];
  await store.claim(offers, clock.now(), () => ({ type: 'assign', lease: { token, workerId: 'w', workerName: 'w' }, maxAttempts: 3 }));
  const event = { type: 'fail', token, error: BOOM, retry: true, retryDelayMs: 5_000, timedOut: false } as const;
  await store.apply([{ id, event }], clock.now());
  return await dueAt(store, id);
}

async function dueAt(store: Store, id: string): Promise<number> {
  const run = await store.get(id);
  if (run?.state !== 'SCHEDULED') throw new Error(`${id} is ${run?.state}`);
  return run.dueAt;
}

test('a wait for the next attempt takes as long as it was to, where the clock is set back', async () => {
  const { clock, store, jumps } = await start();
  await aRetry(store, clock, 'before');
  clock.advance(1_000);
  await jumps.look();
  clock.jump(-2 * HOUR);
  clock.advance(500);
  const after = await aRetry(store, clock, 'after');
  await jumps.look();
  expect((await dueAt(store, 'before')) - clock.now()).toBe(3_500);
  expect(await dueAt(store, 'after')).toBe(after);
  await jumps.look();
  expect((await dueAt(store, 'before')) - clock.now()).toBe(3_500);
});

test('what was told by a clock that was ahead for a moment only waits as long as it was to, too', async () => {
  const { clock, store, jumps } = await start();
  clock.jump(2 * HOUR);
  await aRetry(store, clock, 'one');
  clock.jump(-3 * HOUR);
  await jumps.look();
  expect((await dueAt(store, 'one')) - clock.now()).toBe(5_000);
});

test('what was given a date keeps it', async () => {
  const { clock, store, jumps } = await start();
  const date = clock.now() + HOUR;
  await store.submit([aSubmit({ id: 'dated', dueAt: date })], clock.now());
  clock.jump(-2 * HOUR);
  await jumps.look();
  expect(await dueAt(store, 'dated')).toBe(date);
});

test('what waits for a free slot alone is due, whatever the clock is set to', async () => {
  const { clock, store, jumps } = await start();
  await store.submit([aSubmit({ id: 'now', createdAt: clock.now(), dueAt: clock.now() })], clock.now());
  clock.jump(-2 * HOUR);
  await jumps.look();
  expect(await dueAt(store, 'now')).toBeLessThanOrEqual(clock.now());
});

test('a clock that was set back while no server was there holds nothing back', async () => {
  const { clock, store } = await start();
  await aRetry(store, clock, 'retry');
  await store.submit([aSubmit({ id: 'now', createdAt: clock.now(), dueAt: clock.now() })], clock.now());
  const date = clock.now() + HOUR;
  await store.submit([aSubmit({ id: 'dated', createdAt: clock.now(), dueAt: date })], clock.now());
  clock.jump(-2 * HOUR);
  await new ClockJumps(store, clock).start();
  const retry = await dueAt(store, 'retry');
  expect([retry - clock.now(), (await dueAt(store, 'now')) - clock.now()]).toEqual([5_000, 0]);
  expect(await dueAt(store, 'dated')).toBe(date);
  clock.advance(2_000);
  await new ClockJumps(store, clock).start();
  expect(await dueAt(store, 'retry'), 'moved once, however often it is started').toBe(retry);
});

test('what ran once and lost its worker is due, whatever the clock is set to, also where it once waited for a date', async () => {
  const { clock, store, jumps } = await start();
  await store.submit([aSubmit({ id: 'lost', createdAt: clock.now(), dueAt: clock.now() + HOUR })], clock.now());
  clock.jump(2 * HOUR);
  const offers = [{ workerId: 'w', tasks: new Set(['greet']), slots: 1 }];
  await store.claim(offers, clock.now(), () => ({ type: 'assign', lease: { token: 't', workerId: 'w', workerName: 'w' }, maxAttempts: 3 }));
  await store.apply([{ id: 'lost', event: { type: 'lose', token: 't', reason: 'gone' } }], clock.now());
  await jumps.look();
  clock.jump(-4 * HOUR);
  await jumps.look();
  expect(await dueAt(store, 'lost')).toBeLessThanOrEqual(clock.now());
});

test('a clock that is set back twice, the second time while no server was there, is followed twice', async () => {
  const { clock, store, jumps } = await start();
  await aRetry(store, clock, 'one');
  await jumps.look();
  clock.jump(-HOUR);
  await jumps.look();
  clock.jump(-HOUR);
  await new ClockJumps(store, clock).start();
  expect((await dueAt(store, 'one')) - clock.now()).toBe(5_000);
});

test('a clock that is set forward, as after a sleep of the machine, or nudged, moves nothing', async () => {
  const { clock, store, jumps } = await start();
  const due = await aRetry(store, clock, 'one');
  for (const ms of [HOUR, -500]) {
    clock.jump(ms);
    await jumps.look();
  }
  expect(await dueAt(store, 'one')).toBe(due);
});
