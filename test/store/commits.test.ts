/** The order of writes, over a log that a test holds in its hand. */
import { describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../src/core/errors.ts';
import { Commits, type Log } from '../../src/store/commits.ts';
import type { Commit } from '../../src/store/store.ts';
import { Table } from '../../src/store/table.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

/** A log whose writes end when the test says so. */
function holding(costly = true) {
  const writes: { size: number; end: (error?: Error) => void }[] = [];
  let rests = 0;
  const log: Log = {
    costly,
    append: (facts) =>
      new Promise((resolve, reject) => {
        writes.push({ size: facts.length, end: (error) => (error ? reject(error) : resolve()) });
      }),
    rest: () => {
      rests += 1;
      return undefined;
    },
    breakReserve: async () => undefined,
    hasRoom: async () => false,
  };
  const table = new Table();
  const clock = new ManualClock();
  const commits = new Commits(table, log, clock);
  const submit = (id: string) => commits.do({ execute: () => table.submit(aSubmit({ id }), T0).kind });
  return { writes, table, clock, commits, submit, rests: () => rests };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const write = (writes: { size: number; end: (error?: Error) => void }[], at: number) => vi.waitFor(() => writes[at] ?? expect.fail());

describe('a call', () => {
  test('takes effect at once, and is answered when it is durable', async () => {
    const { writes, table, submit } = holding();
    let answer: string | null = null;
    const call = submit('a').then((kind) => {
      answer = kind;
    });
    expect(table.get('a')).toBeDefined();
    const { end } = (await write(writes, 0)) as { end: () => void };
    await turn();
    expect(answer).toBeNull();
    end();
    await call;
    expect(answer).toBe('new');
  });

  test('that changed nothing is answered at once where all is durable, else with what it saw', async () => {
    const { writes, commits, submit } = holding();
    expect(await commits.do({ execute: () => 'nothing' })).toBe('nothing');
    const order: string[] = [];
    const first = submit('a').then(() => order.push('a'));
    const second = commits.do({ execute: () => 'seen' }).then(() => order.push('seen'));
    (await write(writes, 0))?.end();
    await Promise.all([first, second]);
    expect(order).toEqual(['a', 'seen']);
  });

  test('that throws is refused, and what it did before is still written', async () => {
    const { writes, table, commits } = holding();
    const call = commits.do({
      execute: () => {
        table.submit(aSubmit({ id: 'a' }), T0);
        throw new Error('oops');
      },
    });
    await expect(call).rejects.toThrow('oops');
    const { size, end } = (await write(writes, 0)) as { size: number; end: () => void };
    expect(size).toBe(1);
    end();
  });

  test('refused is no unhandled rejection where nobody waits', async () => {
    const { writes, commits, submit } = holding();
    void submit('a');
    (await write(writes, 0))?.end(new Error('broken disk'));
    expect(await commits.failed).toMatchObject({ code: 'BGTASK_STORE_FAILED' });
    void submit('b');
    await turn();
  });
});

describe('a batch', () => {
  test('is all that was called while the one before was written', async () => {
    const { writes, submit } = holding();
    void submit('a');
    const first = await write(writes, 0);
    for (const id of ['b', 'c', 'd']) void submit(id);
    await turn();
    expect(writes).toHaveLength(1);
    first?.end();
    expect((await write(writes, 1))?.size).toBe(3);
  });

  test('tells its listeners what it changed, not what came later', async () => {
    const { writes, table, commits, submit } = holding();
    const told: Commit[] = [];
    commits.onCommit((commit) => told.push(commit));
    const call = submit('a');
    const first = await write(writes, 0);
    void commits.do({ execute: () => table.apply('a', { type: 'cancel', reason: 'x' }, T0) });
    first?.end();
    await call;
    expect(told.map(({ runs }) => runs.map(({ state }) => state))).toEqual([['SCHEDULED']]);
  });

  test('goes on though a listener fails; the mistake surfaces by itself', async () => {
    const { writes, commits, submit } = holding();
    const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined);
    commits.onCommit(() => {
      throw new Error('a mistake');
    });
    const call = submit('a');
    (await write(writes, 0))?.end();
    expect(await call).toBe('new');
    expect(later.mock.calls[0]?.[0]).toThrow('a mistake');
    later.mockRestore();
  });
});

describe('a read', () => {
  test('answers with what it saw when it asked, once that is durable', async () => {
    const { writes, table, commits, submit } = holding();
    void submit('a');
    const read = commits.read(() => table.size);
    const first = await write(writes, 0);
    void submit('b');
    first?.end();
    expect(await read).toBe(1);
  });

  test('looks again where what it saw was taken back', async () => {
    const { writes, table, commits } = holding();
    const refuse = () => {
      throw new StoreError('full', 'no room');
    };
    const call = commits.do({ execute: () => table.submit(aSubmit({ id: 'a' }), T0).kind, whenFull: refuse, again: refuse });
    const read = commits.read(() => table.size);
    (await write(writes, 0))?.end(new StoreError('full', 'no room'));
    (await write(writes, 1))?.end(new StoreError('full', 'no room even now'));
    await expect(call).rejects.toThrow('no room');
    expect(await read).toBe(0);
  });
});

describe('what rides along', () => {
  const ride = ({ commits, table }: ReturnType<typeof holding>, id: string) =>
    commits.do({ execute: () => table.submit(aSubmit({ id }), T0).kind, rides: true });

  test('waits for the next batch, and for 50 ms of quiet at most', async () => {
    const held = holding();
    void ride(held, 'a');
    await turn();
    expect(held.writes).toHaveLength(0);
    void held.submit('b');
    const first = await write(held.writes, 0);
    expect(first?.size).toBe(2);
    first?.end();
    await turn();
    void ride(held, 'c');
    held.clock.advance(50);
    held.clock.advance(50);
    expect((await write(held.writes, 1))?.size).toBe(1);
  });

  test('does not wait where a batch costs nothing', async () => {
    const held = holding(false);
    void ride(held, 'a');
    expect((await write(held.writes, 0))?.size).toBe(1);
  });

  test('the log may rest once nothing was written for 50 ms', async () => {
    const { writes, clock, submit, rests } = holding();
    void submit('a');
    (await write(writes, 0))?.end();
    await turn();
    expect(rests()).toBe(0);
    clock.advance(50);
    expect(rests()).toBe(1);
    clock.advance(500);
    expect(rests()).toBe(1);
  });
});

test('closing writes what was taken, and takes nothing more', async () => {
  const { writes, commits, submit } = holding();
  const call = submit('a');
  const closed = commits.close();
  await expect(submit('b')).rejects.toThrow(/closed/);
  (await write(writes, 0))?.end();
  expect(await call).toBe('new');
  await closed;
  await expect(commits.read(() => 1)).rejects.toThrow(/closed/);
});
