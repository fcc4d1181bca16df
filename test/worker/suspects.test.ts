import { expect, test } from 'vitest';
import type { Child } from '../../src/worker/child-process.ts';
import type { LiveRun } from '../../src/worker/live-run.ts';
import { Suspects } from '../../src/worker/suspects.ts';
import { ManualClock } from '../helpers/clock.ts';
import { anAssignment } from './pools.ts';

/** Children come when the test says so. */
function aScene() {
  const clock = new ManualClock();
  const hires: { come: (child: Child) => void; fail: () => void }[] = [];
  const given: [LiveRun, Child][] = [];
  const retired: Child[] = [];
  const crew = {
    generation: 1,
    hireAlone: () => new Promise<Child>((come, reject) => hires.push({ come, fail: () => reject(new Error('broken')) })),
    retire: (child: Child) => void retired.push(child),
  };
  const suspects = new Suspects({ crew, clock, give: (run, child) => given.push([run, child]) });
  return { clock, hires, given, retired, crew, suspects };
}

const aChild = (over: object = {}) => ({ state: 'ready', generation: 1, ...over }) as Child;
const aRun = () => ({ assignment: anAssignment('a') }) as LiveRun;
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('each gets a child of its own, and a child that is free takes the next that waits', async () => {
  const { hires, given, retired, suspects } = aScene();
  const runs = Array.from({ length: 10 }, aRun);
  for (const run of runs) suspects.push(run);
  expect(hires).toHaveLength(8);
  const children = hires.map(() => aChild());
  for (const [at, { come }] of hires.entries()) come(children[at] as Child);
  await settle();
  expect(given.map(([run]) => run)).toEqual(runs.slice(0, 8));
  suspects.isFree(children[0] as Child);
  suspects.isFree(children[1] as Child);
  expect(given.slice(8)).toEqual([
    [runs[8], children[0]],
    [runs[9], children[1]],
  ]);
  suspects.isFree(children[2] as Child);
  expect(retired).toEqual([children[2]]);
});

test('a child that died makes room for another', async () => {
  const { hires, suspects } = aScene();
  for (let n = 0; n < 9; n += 1) suspects.push(aRun());
  for (const { come } of hires) come(aChild());
  await settle();
  suspects.isGone(true);
  expect(hires).toHaveLength(9);
});

test('a child of older code, or one that must leave, takes no further run', async () => {
  const { hires, given, retired, crew, suspects } = aScene();
  for (let n = 0; n < 10; n += 1) suspects.push(aRun());
  const children = hires.map(() => aChild());
  for (const [at, { come }] of hires.entries()) come(children[at] as Child);
  await settle();
  crew.generation = 2;
  suspects.isFree(children[0] as Child);
  Object.assign(children[1] as Child, { state: 'stopping', generation: 2 });
  suspects.isFree(children[1] as Child);
  expect(given).toHaveLength(8);
  expect(retired).toEqual(children.slice(0, 2));
  expect(hires).toHaveLength(10);
});

test('a load that failed is tried again after a while', async () => {
  const { clock, hires, suspects } = aScene();
  suspects.push(aRun());
  hires[0]?.fail();
  await settle();
  expect(hires).toHaveLength(1);
  clock.advance(5_000);
  expect(hires).toHaveLength(2);
});

test('one that is taken back needs no child; a child that comes for nothing leaves', async () => {
  const { hires, given, retired, suspects } = aScene();
  const run = aRun();
  suspects.push(run);
  suspects.remove(run);
  const child = aChild();
  hires[0]?.come(child);
  await settle();
  expect(given).toEqual([]);
  expect(retired).toEqual([child]);
});

test('nothing is tried again once it is closed', async () => {
  const { clock, hires, suspects } = aScene();
  suspects.push(aRun());
  suspects.close();
  hires[0]?.fail();
  await settle();
  clock.advance(60_000);
  expect(hires).toHaveLength(1);
});

test('one that waits for others makes room for another', async () => {
  const { hires, given, suspects } = aScene();
  const runs = Array.from({ length: 9 }, aRun);
  for (const run of runs) suspects.push(run);
  for (const { come } of [...hires]) come(aChild());
  await settle();
  expect([hires.length, given.length]).toEqual([8, 8]);
  suspects.waits(true);
  expect(hires).toHaveLength(9);
  hires[8]?.come(aChild());
  await settle();
  expect(given.at(-1)?.[0]).toBe(runs[8]);
});
