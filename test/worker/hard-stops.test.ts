import { expect, test } from 'vitest';
import { NO_DELAY } from '../../src/core/retry.ts';
import type { Child } from '../../src/worker/child-process.ts';
import { HardStops } from '../../src/worker/hard-stops.ts';
import { type LiveRun, liveRun } from '../../src/worker/live-run.ts';
import { ManualClock } from '../helpers/clock.ts';
import { anAssignment } from './pools.ts';

const INFO = { name: 'a', maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null };
const DAY = 86_400_000;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A child whose loop turns as long as the test says so. */
function aScene(graceMs = 5_000) {
  const clock = new ManualClock();
  const runs: LiveRun[] = [];
  const seen = { retired: 0, pings: 0, alive: true, killed: null as string | null };
  const child = {
    state: 'ready',
    ping: async () => {
      seen.pings += 1;
      return seen.alive;
    },
    kill: (because: string) => {
      seen.killed = because;
      child.state = 'gone';
    },
  };
  const stops = new HardStops({
    ...{ clock, graceMs },
    runsOf: () => runs,
    retire: () => {
      seen.retired += 1;
      child.state = 'leaving';
    },
  });
  const aRun = (timeoutMs: number | null = null) => {
    const run = { ...liveRun(runs.length, anAssignment('a', [], { timeoutMs }), INFO), child: child as unknown as Child };
    runs.push(run);
    return run;
  };
  const ends = (run: LiveRun) => {
    run.timer?.cancel();
    runs.splice(runs.indexOf(run), 1);
    stops.check(child as unknown as Child);
  };
  return { clock, stops, child, seen, aRun, ends };
}

test('a run without a timeout has all the time there is', () => {
  const { clock, stops, seen, aRun } = aScene();
  stops.timeout(aRun());
  clock.advance(30 * DAY);
  expect(seen).toMatchObject({ retired: 0, killed: null });
});

test('one that is alone in its child is killed the moment its grace is over', () => {
  const { clock, stops, seen, aRun } = aScene();
  stops.timeout(aRun(1_000));
  clock.advance(5_999);
  expect(seen).toMatchObject({ retired: 0, killed: null });
  clock.advance(1);
  expect(seen).toMatchObject({ retired: 1, killed: 'It did not stop', pings: 0 });
});

test('the grace is as long as the worker was told', () => {
  const { clock, stops, seen, aRun } = aScene(500);
  stops.grace(aRun());
  clock.advance(499);
  expect(seen.killed).toBeNull();
  clock.advance(1);
  expect(seen.killed).not.toBeNull();
});

test('a timeout longer than any timer is kept', () => {
  const { clock, stops, seen, aRun } = aScene();
  stops.timeout(aRun(3 * DAY));
  clock.advance(3 * DAY + 4_999);
  expect(seen.killed).toBeNull();
  clock.advance(1);
  expect(seen.killed).not.toBeNull();
});

test('its neighbours finish first, as long as the loop turns', async () => {
  const { clock, stops, seen, aRun, ends } = aScene();
  const neighbour = aRun();
  stops.grace(aRun());
  clock.advance(5_000);
  for (let second = 0; second < 60; second += 1) {
    await settle();
    clock.advance(1_000);
  }
  expect(seen.retired).toBe(1);
  expect(seen.pings).toBeGreaterThan(50);
  expect(seen.killed).toBeNull();
  ends(neighbour);
  expect(seen.killed).toBe('It did not stop');
});

test('where the loop does not turn they are killed with it', async () => {
  const { clock, stops, seen, aRun } = aScene();
  aRun();
  seen.alive = false;
  stops.grace(aRun());
  clock.advance(5_000);
  await settle();
  expect(seen.killed).toMatch(/Another run in its process/);
});

test('several that do not stop are one case', async () => {
  const { clock, stops, seen, aRun, ends } = aScene();
  const neighbour = aRun();
  stops.grace(aRun());
  stops.grace(aRun());
  clock.advance(5_000);
  await settle();
  expect(seen).toMatchObject({ retired: 1, pings: 1 });
  ends(neighbour);
  expect(seen.killed).not.toBeNull();
});

test('one that stops after all leaves its child to the others', async () => {
  const { clock, stops, child, seen, aRun, ends } = aScene();
  aRun();
  const late = aRun();
  stops.grace(late);
  clock.advance(5_000);
  await settle();
  expect(child.state).toBe('stopping');
  ends(late);
  expect(child.state).toBe('leaving');
  for (let second = 0; second < 5; second += 1) {
    clock.advance(1_000);
    await settle();
  }
  expect(seen).toMatchObject({ pings: 1, killed: null });
});
