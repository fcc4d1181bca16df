/** Thousands of lives of a whole bgtask under every fault there is. A failing seed is printed with its story and fails again by itself. */
import { expect, test } from 'vitest';
import { randomFrom } from '../helpers/random.ts';
import { BrokenDisk } from '../store/broken-disk.ts';
import { type Sabotage, World } from './world.ts';

const FIRST = Number(process.env.SIM_SEED ?? Date.now() % 1_000_000_000);
const COUNT = Number(process.env.SIM_COUNT ?? (process.env.SIM_SEED ? 1 : 25));
const STEPS = 40;

test(`${COUNT} lives from seed ${FIRST} keep every promise (again: SIM_SEED=<seed>)`, { timeout: 600_000 }, async () => {
  for (let seed = FIRST; seed < FIRST + COUNT; seed += 1) {
    const world = new World(randomFrom(seed));
    await world.live(STEPS);
    expect(world.broken, `seed ${seed}\n${world.story.join('\n')}`).toEqual([]);
  }
});

test('a seed is the same life each time', async () => {
  const [first, second] = [new World(randomFrom(7)), new World(randomFrom(7))];
  await first.live(STEPS);
  await second.live(STEPS);
  expect(second.story).toEqual(first.story);
});

test.each<[string, () => Sabotage]>([
  ['a disk that never syncs', () => ({ disk: new BrokenDisk(() => ({ sync: async () => undefined, syncNow: () => undefined })) })],
  ['code that goes on when its lease may have ended', () => ({ goesOn: true })],
])('some life finds out %s', { timeout: 120_000 }, async (_what, sabotage) => {
  let found: unknown = null;
  for (let seed = 1; seed <= 100 && found === null; seed += 1) {
    const world = new World(randomFrom(seed), sabotage());
    await world.live(STEPS).catch((error: unknown) => world.broken.push(String(error)));
    found = world.broken[0] ?? null;
  }
  expect(found).not.toBeNull();
});
