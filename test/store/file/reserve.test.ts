import { expect, test } from 'vitest';
import { Reserve } from '../../../src/store/file/reserve.ts';
import { FOLDER, inStore, SimDisk } from '../sim-disk.ts';

const MIB = 1_048_576;

async function on(capacity: number) {
  const disk = new SimDisk();
  await disk.makeFolder(FOLDER);
  disk.capacity = capacity;
  return { disk, reserve: new Reserve(disk, FOLDER) };
}

test('the reserve takes 4 MiB, on a small disk a part of it, and is made once', async () => {
  for (const [capacity, size] of [
    [1024 * MIB, 4 * MIB],
    [32 * MIB, MIB],
    [2 * MIB, 65_536],
  ] as const) {
    const { disk, reserve } = await on(capacity);
    expect(await reserve.fill()).toBe(true);
    expect(disk.look(inStore('reserve'))?.size).toBe(size);
    const calls = disk.calls.length;
    expect(await reserve.fill()).toBe(true);
    expect(disk.calls.length).toBe(calls);
  }
});

test('a disk too full for it is no error, and keeps no part of it', async () => {
  const { disk, reserve } = await on(1024 * MIB);
  disk.put('/sim/other', Buffer.alloc(1023 * MIB));
  expect(await reserve.fill()).toBe(false);
  expect(disk.has(inStore('reserve'))).toBe(false);
});

test('what a stop left of it is made anew', async () => {
  const { disk, reserve } = await on(1024 * MIB);
  disk.put(inStore('reserve'), Buffer.alloc(10));
  expect(await reserve.fill()).toBe(true);
  expect(disk.look(inStore('reserve'))?.size).toBe(4 * MIB);
});

test('it is back only where there is room for more than itself', async () => {
  const { disk, reserve } = await on(1024 * MIB);
  await reserve.fill();
  await reserve.give();
  expect(disk.has(inStore('reserve'))).toBe(false);
  disk.put('/sim/other', Buffer.alloc(1024 * MIB - 63 * MIB));
  expect(await reserve.isBack()).toBe(false);
  disk.put('/sim/other', Buffer.alloc(1024 * MIB - 65 * MIB));
  expect(await reserve.isBack()).toBe(true);
  expect(disk.has(inStore('reserve'))).toBe(true);
});
