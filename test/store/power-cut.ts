/** The promise of a durable store as a property: whatever the power does, what was acknowledged is there, and nothing that never was. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { systemClock } from '../../src/system/system.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { acts, onStore, perform, statesOf } from './acts.ts';
import { openOn, readTable, SNAPSHOT_OFTEN, stateOf } from './helpers.ts';
import { FOLDER, type SimDisk } from './sim-disk.ts';

/** Every sync seems to take long, so that none is done in the event loop. */
let ticks = 0;
const slowDisk = {
  ...systemClock,
  monotonic: () => {
    ticks += 10;
    return ticks;
  },
};

/** A random history on a disk that loses its power at a random call, and with it any of what was not synced. */
export function powerCut(makeDisk: () => SimDisk) {
  const keeps = fc.infiniteStream(fc.boolean());
  return fc.asyncProperty(acts, fc.nat(), keeps, fc.boolean(), async (all, cut, stream, isSlow) => {
    const disk = makeDisk();
    const store = await openOn(disk, { snapshotAfter: SNAPSHOT_OFTEN, clock: isSlow ? slowDisk : systemClock });
    disk.isSlow = isSlow;
    const target = onStore(store);
    const states = statesOf(all);
    let crashed: SimDisk | null = null;
    let acknowledged = 0;
    let calls = 0;
    const stopAt = cut % (all.length * 4 + 10);
    disk.before = () => {
      calls += 1;
      if (calls >= stopAt && crashed === null) crashed = disk.crash(() => stream.next().value as boolean);
    };
    for (let index = 0; index < all.length && crashed === null; index += 1) {
      await perform(target, all, index);
      if (crashed === null) acknowledged = index + 1;
    }
    disk.before = () => undefined;
    const left: SimDisk = crashed ?? disk.crash(() => stream.next().value as boolean);
    await store.close();
    const state = stateOf(await readTable(left));
    // Of what was not acknowledged any part may be there, as long as it is a beginning.
    expect([states[acknowledged]?.at(-1), ...states.slice(acknowledged + 1).flat()]).toContain(state);
    // And it goes on from there.
    left.erase(`${FOLDER}/server.lock`);
    const again = await openOn(left);
    await again.submit([aSubmit({ id: 'after' })], T0);
    await again.close();
    expect((await readTable(left)).get('after')).toBeDefined();
  });
}
