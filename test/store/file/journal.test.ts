/** The writing end of the journal: how segments hold together, and what a write that failed leaves behind. */
import { describe, expect, test } from 'vitest';
import { listFolder } from '../../../src/store/file/folder.ts';
import { type End, Journal } from '../../../src/store/file/journal.ts';
import { hexOf } from '../../../src/store/file/lines.ts';
import type { Fact } from '../../../src/store/rows.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { FOLDER, failure, inStore, SimDisk } from '../sim-disk.ts';

let nonce = 0;
const options = (disk: SimDisk, epoch = 1) => ({
  disk,
  folder: FOLDER,
  store: 'the-store',
  epoch,
  now: () => T0,
  nonce: () => `n${++nonce}`,
});
const begin = async (disk = new SimDisk(), before: End | null = null, epoch = 1) => {
  await disk.makeFolder(FOLDER);
  return { disk, journal: await Journal.begin(options(disk, epoch), before) };
};
const submit = (id: string): Fact => ({ kind: 'submit', run: aSubmit({ id }), at: T0 });
const linesOf = (disk: SimDisk, name: string) =>
  disk
    .content(inStore(name))
    .toString()
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));

function write(journal: Journal, ...facts: Fact[]): void {
  journal.writeNow(journal.encode(facts));
  journal.keep();
}
function sync(journal: Journal): void {
  journal.syncNow();
  journal.isDurable(journal.end.seq);
}

describe('a segment', () => {
  test('has its name only when its first line is on the disk', async () => {
    const { disk } = await begin();
    expect(disk.calls.map((call) => call.replace(/\.n\d+\.tmp/, ' unfinished'))).toEqual([
      'open journal-1-1.ndjson unfinished',
      'write journal-1-1.ndjson unfinished',
      'sync journal-1-1.ndjson unfinished',
      'rename journal-1-1.ndjson unfinished',
      'syncFolder store',
    ]);
    expect(linesOf(disk, 'journal-1-1.ndjson')).toEqual([
      { s: 1, d: 0, e: 1, t: T0, k: 'segment', store: 'the-store', v: 1, crc: expect.any(String) },
    ]);
  });

  test('of a later start says where the one before ends, and that one names it', async () => {
    const { disk, journal } = await begin();
    write(journal, submit('a'));
    sync(journal);
    const { end } = journal;
    await begin(disk, end, 2);
    expect(linesOf(disk, 'journal-2-3.ndjson')[0]).toMatchObject({
      s: 3,
      d: 2,
      e: 2,
      prev: 'journal-1-1.ndjson',
      prevLen: end.bytes,
      prevCrc: hexOf(end.crc),
    });
    expect(linesOf(disk, 'journal-1-1.ndjson').at(-1)).toMatchObject({ s: 3, d: 2, e: 2, k: 'next', segment: 'journal-2-3.ndjson' });
  });

  test('that cannot be begun leaves nothing behind', async () => {
    const disk = new SimDisk();
    disk.before = (call) => {
      if (call === 'rename') throw failure('ENOSPC', 'x');
    };
    await expect(begin(disk)).rejects.toMatchObject({ code: 'BGTASK_STORE_FULL' });
    expect(disk.names(FOLDER)).toEqual([]);
  });

  test('is followed by another on request; where that fails, the journal goes on as it was', async () => {
    const { disk, journal } = await begin();
    write(journal, submit('a'));
    sync(journal);
    disk.before = (call, path) => {
      if (call === 'write' && path.includes('journal-1-3')) throw failure('ENOSPC', path);
    };
    await expect(journal.rotate()).rejects.toMatchObject({ code: 'BGTASK_STORE_FULL' });
    write(journal, submit('b'));
    sync(journal);
    disk.before = () => undefined;
    await journal.rotate();
    write(journal, submit('c'));
    expect((await listFolder(disk, FOLDER)).segments.map(({ name }) => name)).toEqual(['journal-1-1.ndjson', 'journal-1-4.ndjson']);
    expect(linesOf(disk, 'journal-1-4.ndjson').map(({ s, k }) => [s, k])).toEqual([
      [4, 'segment'],
      [5, 'run.submitted'],
    ]);
  });
});

describe('records', () => {
  test('are numbered without a gap, and say what was durable when they were written', async () => {
    const { disk, journal } = await begin();
    write(journal, submit('a'), submit('b'));
    write(journal, submit('c'));
    sync(journal);
    write(journal, submit('d'));
    expect(linesOf(disk, 'journal-1-1.ndjson').map(({ s, d }) => [s, d])).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 4],
    ]);
    expect(journal).toMatchObject({ durable: 4, encoded: 5, end: { seq: 5 } });
  });

  test('that could not be written are cut off, and their numbers used again', async () => {
    const { disk, journal } = await begin();
    write(journal, submit('a'));
    const before = disk.content(inStore('journal-1-1.ndjson'));
    const bytes = journal.encode([submit('b'), submit('c')]);
    disk.capacity = disk.used() + 100;
    expect(() => journal.writeNow(bytes)).toThrow(/ENOSPC/);
    await journal.drop();
    expect(disk.content(inStore('journal-1-1.ndjson'))).toEqual(before);
    disk.capacity = Number.POSITIVE_INFINITY;
    write(journal, submit('d'));
    expect(linesOf(disk, 'journal-1-1.ndjson').map(({ s, id }) => [s, id])).toEqual([
      [1, undefined],
      [2, 'a'],
      [3, 'd'],
    ]);
  });

  test('are marked once, after something was written', async () => {
    const { journal } = await begin();
    expect(journal.encodeMark()).toBeNull();
    write(journal, submit('a'));
    const mark = journal.encodeMark();
    expect(JSON.parse((mark as Buffer).toString())).toMatchObject({ s: 3, k: 'mark' });
    journal.keep();
    expect(journal.encodeMark()).toBeNull();
  });
});
