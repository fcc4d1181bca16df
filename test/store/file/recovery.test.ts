/** What is read from the files of a store: all that was acknowledged, or a clear refusal. Never a third thing. */
import { describe, expect, test } from 'vitest';
import type { StoreError } from '../../../src/core/errors.ts';
import type { RunEvent } from '../../../src/core/run.ts';
import type { Disk } from '../../../src/store/file/disk.ts';
import { listFolder } from '../../../src/store/file/folder.ts';
import { recover } from '../../../src/store/file/recovery.ts';
import { noCheckpoint, SnapshotAdapter } from '../../../src/store/file/snapshot.ts';
import { openStore } from '../../../src/store/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { systemClock, systemRandom } from '../../../src/system/system.ts';
import { aSubmit, T0 } from '../../core/builders.ts';
import { grant, newId, offer } from '../contract.ts';
import { FOLDER, inStore, SimDisk } from '../sim-disk.ts';

const open = (disk: Disk, onNotice?: (line: string) => void) => openStore(`file:${FOLDER}`, onNotice ? { disk, onNotice } : { disk });

/** Everything a reader can see of a store, as text. */
const stateOf = (runs: Iterable<{ run: unknown; seq: number }>) => JSON.stringify([...runs].map(({ run, seq }) => ({ seq, run })));

/** The state that the files of `disk` hold, or the code of the refusal. */
async function read(disk: Disk): Promise<string> {
  try {
    const snapshots = new SnapshotAdapter({ disk, folder: FOLDER, clock: systemClock, nonce: () => systemRandom.token() });
    const checkpoint = (await snapshots.read()) ?? noCheckpoint();
    await recover(disk, FOLDER, checkpoint);
    return stateOf(checkpoint.table.rows());
  } catch (error) {
    return (error as StoreError).code;
  }
}
const DAMAGED = 'BGTASK_STORE_DAMAGED';

/** Lets `acts` happen, each in a commit of its own; the states after each of them, the empty one first. */
async function history(disk: SimDisk, acts: ((store: Store) => Promise<unknown>)[]): Promise<{ store: Store; states: string[] }> {
  const store = await open(disk);
  const states = [await read(disk)];
  for (const act of acts) {
    await act(store);
    states.push(await read(disk));
  }
  return { store, states };
}

const submit = (store: Store) => store.submit([aSubmit({ id: newId(), args: '["Zaphod \\u2028 ü",{"args":[1]}]', tags: ['a'] })], T0);
async function oneLife(store: Store): Promise<void> {
  const [leased] = await store.claim(offer(1), T0, grant);
  if (!leased) return;
  const event: RunEvent = { type: 'succeed', token: leased.run.lease.token, result: '{"args":[],"result":null}' };
  await store.apply([{ id: leased.run.id, event }], T0 + 1);
}
const life = [submit, submit, oneLife, submit, oneLife, (store: Store) => store.setPaused('task', 'greet', true, T0), submit];

/** The only segment of a store that was never closed, and where the rest lies. */
async function killed(acts = life) {
  const disk = new SimDisk();
  const { states } = await history(disk, acts);
  const { segments } = await listFolder(disk, FOLDER);
  const path = inStore(segments.at(-1)?.name as string);
  return { disk, states, path, bytes: disk.content(path) };
}

function withContent(disk: SimDisk, path: string, bytes: Buffer): SimDisk {
  const other = disk.copy();
  other.put(path, bytes);
  return other;
}

describe('a journal cut short', () => {
  test('at any byte gives back the longest prefix of whole records, or is refused inside its first line', async () => {
    const { disk, states, path, bytes } = await killed();
    const first = bytes.indexOf(10) + 1;
    const seen = new Set<string>();
    for (let length = 0; length <= bytes.length; length += 1) {
      const state = await read(withContent(disk, path, bytes.subarray(0, length)));
      if (length < first) expect(state, `cut at ${length}`).toBe(DAMAGED);
      else seen.add(state);
    }
    // The states in between commits of one act (assigned, not yet succeeded) are prefixes, too.
    for (const state of new Set(states)) expect(seen).toContain(state);
    expect(seen.has(DAMAGED)).toBe(false);
    expect(await read(disk)).toBe(states.at(-1));
  });

  test('is refused where the stop was clean', async () => {
    const disk = new SimDisk();
    const { store } = await history(disk, life);
    await store.close();
    const path = inStore((await listFolder(disk, FOLDER)).segments.at(-1)?.name as string);
    const bytes = disk.content(path);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(await read(withContent(disk, path, bytes.subarray(0, length))), `cut at ${length}`).toBe(DAMAGED);
    }
  });

  test('is refused in any segment but the last', async () => {
    const disk = new SimDisk();
    await (await history(disk, life)).store.close();
    await (await history(disk, [submit])).store.close();
    const path = inStore((await listFolder(disk, FOLDER)).segments[0]?.name as string);
    const bytes = disk.content(path);
    const end = bytes.lastIndexOf(10, bytes.length - 2) + 1; // the link to the next segment proves, but is not needed
    for (let length = 0; length < end; length += 7) {
      expect(await read(withContent(disk, path, bytes.subarray(0, length))), `cut at ${length}`).toBe(DAMAGED);
    }
    expect(await read(withContent(disk, path, bytes.subarray(0, end)))).toBe(await read(disk));
  });
});

describe('a journal that was changed', () => {
  test('in any one bit is refused, or loses only what nothing shows to have been stored', async () => {
    const { disk, states, path, bytes } = await killed();
    const lines = bytes.toString('latin1').split('\n');
    const lastLine = bytes.length - (lines.at(-2)?.length ?? 0) - 1;
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      const state = await read(withContent(disk, path, changed));
      if (at < lastLine) expect(state, `bit ${at % 8} of byte ${at}`).toBe(DAMAGED);
      else expect([states.at(-2), DAMAGED], `bit ${at % 8} of byte ${at}`).toContain(state);
    }
  });

  test('by a line that is missing, doubled or moved is refused', async () => {
    const { disk, path, bytes } = await killed();
    const lines = bytes.toString().trimEnd().split('\n');
    const write = (changed: string[]) => read(withContent(disk, path, Buffer.from(`${changed.join('\n')}\n`)));
    for (let at = 0; at < lines.length - 2; at += 1) {
      expect(await write(lines.toSpliced(at, 1)), `without line ${at}`).toBe(DAMAGED);
      expect(await write(lines.toSpliced(at, 0, lines[at] as string)), `line ${at} twice`).toBe(DAMAGED);
      expect(await write(lines.toSpliced(at, 2, lines[at + 1] as string, lines[at] as string)), `line ${at} moved`).toBe(DAMAGED);
    }
  });

  test('by zeros or a hole is refused where something stands behind it', async () => {
    const { disk, path, bytes } = await killed();
    for (let at = 0; at + 512 < bytes.length - 600; at += 512) {
      const zeros = Buffer.from(bytes).fill(0, at, at + 512);
      expect(await read(withContent(disk, path, zeros)), `zeros at ${at}`).toBe(DAMAGED);
      const hole = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 512)]);
      expect(await read(withContent(disk, path, hole)), `a hole at ${at}`).toBe(DAMAGED);
    }
  });

  test('by zeros or garbage at its end is torn', async () => {
    const { disk, states, path, bytes } = await killed();
    for (const tail of [Buffer.alloc(4_096), Buffer.from('{"s":'), Buffer.from('garbage\ngarbage\n'), Buffer.alloc(1, 10)]) {
      expect(await read(withContent(disk, path, Buffer.concat([bytes, tail])))).toBe(states.at(-1));
    }
  });

  test('a mark after a pause makes damage to the last record plain', async () => {
    const disk = new SimDisk();
    const { store } = await history(disk, [submit]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const path = inStore('journal-1-1.ndjson');
    const bytes = disk.content(path);
    expect(bytes.toString()).toMatch(/"k":"mark".*\n$/);
    const changed = Buffer.from(bytes);
    const at = bytes.indexOf('Zaphod');
    changed[at] = 0x5a ^ 1;
    expect(await read(withContent(disk, path, changed))).toBe(DAMAGED);
    await store.close();
  });
});

describe('files that do not belong together', () => {
  test('a missing segment is noticed, the first, one in between and the last', async () => {
    const disk = new SimDisk();
    for (let start = 0; start < 3; start += 1) await history(disk, [submit]).then(() => disk.erase(inStore('server.lock')));
    const { segments } = await listFolder(disk, FOLDER);
    expect(segments).toHaveLength(3);
    for (const { name } of segments) {
      const other = disk.copy();
      other.erase(inStore(name));
      expect(await read(other), `without ${name}`).toBe(DAMAGED);
    }
  });

  test('a folder that lost its journal is never taken for a new store', async () => {
    const disk = new SimDisk();
    await (await history(disk, [submit])).store.close();
    disk.erase(inStore('journal-1-1.ndjson'));
    expect(await read(disk)).toBe(DAMAGED);
    disk.erase(inStore('clean.json'));
    disk.erase(inStore('reserve'));
    expect(await read(disk)).toBe('[]'); // nothing is left of it
  });

  test('a segment of another store is refused', async () => {
    const [one, other] = [new SimDisk(), new SimDisk()];
    for (const disk of [one, other]) {
      await (await history(disk, [submit])).store.close();
      await (await history(disk, [submit])).store.close();
    }
    const { segments } = await listFolder(other, FOLDER);
    const path = inStore(segments.at(-1)?.name as string);
    one.put(path, other.content(path));
    expect(await read(one)).toBe(DAMAGED);
  });

  test('what a newer version wrote is refused, and the error says so', async () => {
    const disk = new SimDisk();
    await (await history(disk, [submit])).store.close();
    const path = inStore('journal-1-1.ndjson');
    const [first, ...rest] = disk.content(path).toString().split('\n');
    const { LineWriter } = await import('../../../src/store/file/lines.ts');
    const lines = new LineWriter();
    lines.add((first as string).replace('"v":1', '"v":2').replace(/,"crc":.*$/, ''));
    disk.put(path, Buffer.concat([lines.take(), Buffer.from(rest.join('\n'))]));
    await expect(open(disk)).rejects.toMatchObject({ exitCode: 65, message: expect.stringContaining('newer version') });
  });

  test('a clean stop that does not fit the journal is refused', async () => {
    const disk = new SimDisk();
    await (await history(disk, [submit])).store.close();
    const clean = disk.content(inStore('clean.json')).toString();
    for (const text of [clean.replace(/"s":\d+/, '"s":1'), clean.replace(/"bytes":\d/, '"bytes":9'), '', '{']) {
      expect(await read(withContent(disk, inStore('clean.json'), Buffer.from(text)))).toBe(DAMAGED);
    }
  });
});

describe('opening again', () => {
  test('cuts off what is torn, keeps a copy of it, and says so', async () => {
    const { disk, states, path, bytes } = await killed();
    disk.erase(inStore('server.lock'));
    disk.put(path, Buffer.concat([bytes, Buffer.from('{"s":99,"half')]));
    const notices: string[] = [];
    const store = await open(disk, (line) => notices.push(line));
    expect(notices.join('\n')).toMatch(/Cut it off: byte \d+ to \d+ of journal-1-1\.ndjson, from sequence number \d+ on; a copy is in/);
    const copy = disk.names(FOLDER).find((name) => name.includes('.torn-'));
    expect(disk.content(inStore(copy as string)).toString()).toBe('{"s":99,"half');
    expect(await read(disk)).toBe(states.at(-1));
    await store.close();
    expect(await read(disk)).toBe(states.at(-1));
  });

  test('says when the server before did not stop cleanly, and nothing when it did', async () => {
    const { disk } = await killed();
    disk.erase(inStore('server.lock'));
    const notices: string[] = [];
    await (await open(disk, (line) => notices.push(line))).close();
    expect(notices).toEqual([expect.stringContaining('did not stop cleanly')]);
    await (await open(disk, (line) => notices.push(line))).close();
    expect(notices).toHaveLength(1);
  });

  test('each start begins a segment with a higher epoch, and a server that lost the store writes where nobody reads', async () => {
    const disk = new SimDisk();
    const { store: old } = await history(disk, [submit]);
    const fresh = await openStore(`file:${FOLDER}`, { disk, breakLock: true });
    await submit(fresh);
    const state = await read(disk);
    const path = inStore('journal-1-1.ndjson');
    disk.put(path, Buffer.concat([disk.content(path), Buffer.from('late bytes\n')]));
    expect(await read(disk)).toBe(state);
    await expect(submit(old)).rejects.toMatchObject({ exitCode: 75 });
    expect((await old.failed).exitCode).toBe(75);
    await old.close();
    await submit(fresh);
    await fresh.close();
    expect((await listFolder(disk, FOLDER)).segments.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });
});
