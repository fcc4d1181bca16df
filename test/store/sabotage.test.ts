/** That the tests of the store can fail: each disk here breaks one thing that durability rests on, and each must be found out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BrokenDisk, type Change } from './broken-disk.ts';
import { powerCut } from './power-cut.ts';
import { SimDisk } from './sim-disk.ts';

class NamesUnsynced extends SimDisk {
  override async syncFolder(): Promise<void> {}
}

/** Every seventh write of records goes nowhere. */
function losing(): Change {
  let writes = 0;
  return (file) => ({
    writeNow(bytes, position) {
      writes += 1;
      if (writes % 7 !== 0) file.writeNow(bytes, position);
    },
  });
}

/** Each write has one byte changed on its way, once it is long enough to matter. */
const garbling: Change = (file) => ({
  writeNow(bytes, position) {
    const changed = Uint8Array.from(bytes);
    const at = changed.length >> 1;
    if (changed.length > 100) changed[at] = (changed[at] as number) ^ 1;
    file.writeNow(changed, position);
  },
});

describe('a disk is found out', () => {
  test.each<[string, () => SimDisk]>([
    ['that says it has synced a file and has not', () => new BrokenDisk(() => ({ sync: async () => undefined, syncNow: () => undefined }))],
    ['that syncs in the thread pool only', () => new BrokenDisk(() => ({ syncNow: () => undefined }))],
    ['that syncs in the event loop only', () => new BrokenDisk(() => ({ sync: async () => undefined }))],
    ['that forgets new names', () => new NamesUnsynced()],
    ['that loses a write', () => new BrokenDisk(losing())],
    ['that changes a bit', () => new BrokenDisk(garbling)],
  ])(
    '%s',
    async (_what, makeDisk) => {
      const details = await fc.check(powerCut(makeDisk), { numRuns: 300, endOnFailure: true });
      expect(details.failed, 'no history showed it').toBe(true);
    },
    60_000,
  );

  test('and one that only passes everything on is not', async () => {
    const details = await fc.check(
      powerCut(() => new BrokenDisk(() => ({}))),
      { numRuns: 50 },
    );
    expect(details.failed).toBe(false);
  }, 60_000);
});
