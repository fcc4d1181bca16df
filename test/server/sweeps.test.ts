import { expect, test } from 'vitest';
import { Sweeps } from '../../src/server/sweeps.ts';
import { DEFAULT_KEEP, type Keep, type Store } from '../../src/store/store.ts';
import { ManualClock } from '../helpers/clock.ts';

function aScene(keep: Keep = DEFAULT_KEEP) {
  const clock = new ManualClock();
  const swept: Keep[] = [];
  const sweep = async (_at: number, what: Keep) => {
    swept.push(what);
    return [];
  };
  return { clock, swept, sweeps: new Sweeps({ store: { sweep } as unknown as Store, clock, keep }) };
}

test('where no run has ended there is nothing to look for', () => {
  const { sweeps, swept } = aScene();
  sweeps.start(0);
  expect(sweeps.dueInMs()).toBeNull();
  sweeps.tick();
  expect(swept).toEqual([]);
});

test('a server that starts looks at once, then each hour', () => {
  const { sweeps, swept, clock } = aScene();
  sweeps.start(1);
  expect(sweeps.dueInMs()).toBe(0);
  sweeps.tick();
  sweeps.tick();
  expect(swept).toEqual([DEFAULT_KEEP]);
  expect(sweeps.dueInMs()).toBe(3_600_000);
  clock.advance(3_600_000);
  sweeps.tick();
  expect(swept).toHaveLength(2);
});

test('after an end it looks within five seconds, after five hundred within one, and once more for those that were too fresh', () => {
  const { sweeps, swept, clock } = aScene();
  sweeps.start(1);
  sweeps.tick();
  sweeps.ended(1);
  expect(sweeps.dueInMs()).toBe(5_000);
  sweeps.ended(499);
  expect(sweeps.dueInMs()).toBe(1_000);
  clock.advance(1_000);
  sweeps.tick();
  expect(swept).toHaveLength(2);
  expect(sweeps.dueInMs()).toBe(5_000);
  clock.advance(5_000);
  sweeps.tick();
  expect(sweeps.dueInMs()).toBe(3_600_000);
});

test('a short age is looked at ten times in its length, but at most once in a second', () => {
  for (const [completedMs, every] of [
    [60_000, 6_000],
    [10, 1_000],
  ] as const) {
    const { sweeps } = aScene({ ...DEFAULT_KEEP, completedMs });
    sweeps.start(1);
    sweeps.tick();
    expect(sweeps.dueInMs()).toBe(every);
  }
});
