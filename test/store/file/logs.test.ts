/** The lines of runs on the disk: bounded, never in the way, and found again after a restart. */
import { describe, expect, test, vi } from 'vitest';
import type { LogLine } from '../../../src/core/api.ts';
import { LIMITS } from '../../../src/core/protocol.ts';
import { FileLogs } from '../../../src/store/file/logs.ts';
import { type LogLimits, RUN_FULL, TOTAL_FULL } from '../../../src/store/log-lines.ts';
import { line } from '../contract.ts';
import { FOLDER, failure, inStore, SimDisk } from '../sim-disk.ts';

async function on(disk: SimDisk, over: { isKnown?: (id: string) => boolean; limits?: LogLimits } = {}): Promise<FileLogs> {
  await disk.makeFolder(inStore('logs'));
  return new FileLogs({ disk, folder: FOLDER, isKnown: () => true, limits: LIMITS, ...over });
}
const pathOf = (id: string) => inStore(`logs/${id}.ndjson`);
const texts = (lines: readonly LogLine[]) => lines.map(({ text }) => text);

describe('lines', () => {
  test('are one object a line in the file of their run', async () => {
    const disk = new SimDisk();
    const logs = await on(disk);
    logs.append('a', [line('one'), line('two')]);
    logs.append('b', [line('other')]);
    await logs.close();
    expect(disk.content(pathOf('a')).toString()).toBe(`${JSON.stringify(line('one'))}\n${JSON.stringify(line('two'))}\n`);
    expect(texts(await logs.read('b'))).toEqual(['other']);
  });

  test('that came while others were written go together, in order', async () => {
    const disk = new SimDisk();
    disk.isSlow = true;
    const logs = await on(disk);
    for (let index = 0; index < 100; index += 1) logs.append('a', [line(`${index}`)]);
    expect(texts(await logs.read('a'))).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
    expect(disk.calls.filter((call) => call === 'append a.ndjson').length).toBeLessThan(5);
  });

  test('of a run go on after a restart, also behind half a line', async () => {
    const disk = new SimDisk();
    const before = await on(disk);
    before.append('a', [line('one')]);
    await before.close();
    disk.put(pathOf('a'), Buffer.concat([disk.content(pathOf('a')), Buffer.from('{"at":"half')]));
    const logs = await on(disk);
    logs.append('a', [line('two')]);
    expect(texts(await logs.read('a'))).toEqual(['one', '[bgtask] A line was damaged here.', 'two']);
  });

  test('of a run that reached its limit stay away after a restart', async () => {
    const disk = new SimDisk();
    await disk.makeFolder(inStore('logs'));
    disk.put(pathOf('a'), Buffer.from(`${JSON.stringify(line(RUN_FULL))}\n`));
    const logs = await on(disk);
    logs.append('a', [line('more')]);
    expect(texts(await logs.read('a'))).toEqual([RUN_FULL]);
  });

  test('that cannot be written are lost, and the next one says how many', async () => {
    const disk = new SimDisk();
    const logs = await on(disk);
    disk.before = (call) => {
      if (call === 'append') throw failure('ENOSPC', 'x');
    };
    logs.append('a', [line('one'), line('two')]);
    expect(await logs.read('a')).toEqual([]);
    disk.before = () => undefined;
    logs.append('a', [line('three')]);
    expect(texts(await logs.read('a'))).toEqual(['[bgtask] 2 lines were lost here: they could not be written.', 'three']);
  });

  test('beyond what may wait are lost, and said to be, so that a slow disk costs no memory', async () => {
    const disk = new SimDisk();
    const logs = await on(disk);
    const many = Array.from({ length: 30_000 }, () => line('x'));
    logs.append('a', [line('first')]);
    logs.append('a', many);
    logs.append('a', many);
    await logs.read('a');
    logs.append('a', [line('last')]);
    const all = texts(await logs.read('a'));
    expect(all).toHaveLength(30_003);
    expect(all.at(-2)).toBe('[bgtask] 30000 lines were lost here: they could not be written.');
  });
});

describe('all logs together', () => {
  test('stay below their limit: the oldest make room, and say so', async () => {
    const disk = new SimDisk();
    const logs = await on(disk, { limits: { ...LIMITS, logTotalBytes: 3_000 } });
    for (const id of ['a', 'b', 'c', 'd']) {
      logs.append(id, [line('x'.repeat(1_000))]);
      await logs.read(id);
    }
    expect(texts(await logs.read('a'))).toEqual([TOTAL_FULL]);
    expect(texts(await logs.read('d'))[0]).toHaveLength(1_000);
    logs.append('a', [line('more')]);
    expect(texts(await logs.read('a'))).toEqual([TOTAL_FULL]);
    expect(disk.used()).toBeLessThan(4_000);
  });

  test('from before count, as the oldest; those of no run are removed', async () => {
    const disk = new SimDisk();
    const before = await on(disk);
    for (const id of ['old', 'older', 'orphan']) before.append(id, [line('x'.repeat(1_000))]);
    await before.close();
    const logs = await on(disk, { limits: { ...LIMITS, logTotalBytes: 2_500 }, isKnown: (id) => id !== 'orphan' });
    await logs.lookAround();
    await vi.waitFor(() => expect(disk.has(pathOf('orphan'))).toBe(false));
    logs.append('new', [line('x'.repeat(1_000))]);
    await logs.read('new');
    await logs.close();
    expect(texts(await logs.read('old'))).toEqual([TOTAL_FULL]);
    expect(texts(await logs.read('new'))[0]).toHaveLength(1_000);
  });
});

test('a removed log is gone, with what waited to be written to it', async () => {
  const disk = new SimDisk();
  const logs = await on(disk);
  logs.append('a', [line('one')]);
  await logs.read('a');
  logs.append('a', [line('two')]);
  logs.remove(['a']);
  await logs.close();
  expect(disk.has(pathOf('a'))).toBe(false);
});
