import { describe, expect, test } from 'vitest';
import { transition } from '../../src/core/transition.ts';
import { Board } from './board.ts';
import { BOOM, T0 } from './builders.ts';

describe('order', () => {
  test('runs of one task go out in the order they were submitted', () => {
    const board = new Board();
    board.submitMany('r', 3, { task: 'a' });
    expect(board.match({ a: 9 })).toEqual({ a: ['r1', 'r2', 'r3'] });
  });

  test('no more than the free slots go out', () => {
    const board = new Board();
    board.submitMany('r', 3, { task: 'a' });
    expect(board.match({ a: 2 }).a).toHaveLength(2);
    expect(board.match({ a: 0 }).a).toHaveLength(0);
  });

  test('what is given ahead comes after all free slots are filled, in order', () => {
    const board = new Board();
    board.submitMany('r', 6, { task: 'a' });
    expect(board.match({ a: 1, 'a b': 1 }, T0, 1)).toEqual({ a: ['r1', 'r3'], 'a b': ['r2', 'r4'] });
  });

  test.each([
    ['concurrency', { concurrency: 9, concurrencyPerKey: null }],
    ['a limit per key', { concurrency: null, concurrencyPerKey: 9 }],
    ['a shared limit', { concurrency: null, concurrencyPerKey: null, shared: [{ name: 'db', limit: 9 }] }],
    ['a rate', { concurrency: null, concurrencyPerKey: null, rate: { limit: 9, perMs: 1_000, burst: 9, perKey: false } }],
  ])('no run of a task with %s is given ahead: it would take a place and not run', (_name, limits) => {
    const board = new Board();
    board.queue.setLimits('a', limits);
    board.submitMany('r', 3, { task: 'a' });
    expect(board.match({ a: 1 }, T0, 5)).toEqual({ a: ['r1'] });
  });

  test('a run goes only to a worker that has its task', () => {
    const board = new Board();
    board.submit('r1', { task: 'a' });
    expect(board.match({ b: 5 })).toEqual({ b: [] });
    expect(board.match({ 'b a': 5 })).toEqual({ 'b a': ['r1'] });
  });

  test('priority is a head start in time, so it cannot starve what has waited longer than that', () => {
    const board = new Board();
    board.submit('old', { task: 'a', dueAt: T0 - 60_000 });
    board.submit('young', { task: 'a', dueAt: T0 - 1_000 });
    board.submit('young but 10 s ahead', { task: 'a', dueAt: T0 - 1_000, priority: 10_000 });
    expect(board.match({ a: 9 }).a).toEqual(['old', 'young but 10 s ahead', 'young']);
  });

  test('a run that is waiting for another is not handed out', () => {
    const board = new Board();
    board.submit('down', { task: 'a' }, ['up']);
    expect(board.match({ a: 1 }).a).toEqual([]);
    board.set(transition(board.run('down'), { type: 'upstream', id: 'up', state: 'COMPLETED' }, T0));
    expect(board.match({ a: 1 }).a).toEqual(['down']);
  });

  test('a cancelled run is not handed out', () => {
    const board = new Board();
    board.submitMany('r', 2, { task: 'a' });
    board.set(transition(board.run('r1'), { type: 'cancel', reason: 'no' }, T0));
    expect(board.match({ a: 9 }).a).toEqual(['r2']);
  });

  test('a removed run is not handed out', () => {
    const board = new Board();
    board.submit('r1', { task: 'a' });
    board.queue.update(board.run('r1'), undefined, 1);
    expect(board.match({ a: 9 }).a).toEqual([]);
  });
});

describe('time', () => {
  test('a delayed run is handed out when it is due and not before', () => {
    const board = new Board();
    board.submit('r1', { task: 'a', dueAt: T0 + 100 });
    expect(board.match({ a: 1 }, T0 + 99).a).toEqual([]);
    expect(board.queue.nextDueAt()).toBe(T0 + 100);
    expect(board.match({ a: 1 }, T0 + 100).a).toEqual(['r1']);
    expect(board.queue.nextDueAt()).toBeNull();
  });

  test('a head start does not make a delayed run due early', () => {
    const board = new Board();
    board.submit('r1', { task: 'a', dueAt: T0 + 100, priority: 60_000 });
    expect(board.match({ a: 1 }, T0).a).toEqual([]);
  });

  test('the next wake is that of the earliest run that still waits', () => {
    const board = new Board();
    board.submit('late', { task: 'a', dueAt: T0 + 200 });
    board.submit('soon', { task: 'a', dueAt: T0 + 100 });
    expect(board.queue.nextDueAt()).toBe(T0 + 100);
    board.set(transition(board.run('soon'), { type: 'cancel', reason: 'no' }, T0));
    expect(board.queue.nextDueAt()).toBe(T0 + 200);
  });

  test('a retry waits in the queue and holds no slot', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: 1, concurrencyPerKey: null });
    board.submitMany('r', 2, { task: 'a', maxAttempts: 2 });
    expect(board.match({ a: 1 }).a).toEqual(['r1']);
    const failed = { type: 'fail', token: 'r1', error: BOOM, retry: true, retryDelayMs: 500, timedOut: false } as const;
    board.set(transition(board.run('r1'), failed, T0));
    expect(board.match({ a: 1 }).a).toEqual(['r2']);
    board.end('r2');
    expect(board.match({ a: 1 }, T0 + 500).a).toEqual(['r1']);
  });
});

describe('fairness', () => {
  test('a flood in one task does not hold up another', () => {
    const board = new Board();
    board.submitMany('a', 100, { task: 'a' });
    board.submitMany('b', 2, { task: 'b' });
    expect(board.match({ 'a b': 4 })['a b']).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  test('two tasks take turns also where another worker, with other tasks, is served in between', () => {
    const board = new Board();
    board.submitMany('a', 100, { task: 'a' });
    board.submitMany('b', 100, { task: 'b' });
    board.submitMany('c', 100, { task: 'c' });
    const got = board.match({ 'a b': 10, c: 10 });
    expect(got['a b']?.filter((id) => id.startsWith('b'))).toHaveLength(5);
    expect(got.c).toHaveLength(10);
  });

  test('keys of one task take turns', () => {
    const board = new Board();
    board.submitMany('big', 100, { task: 'a', concurrencyKey: 'big customer' });
    board.submitMany('small', 2, { task: 'a', concurrencyKey: 'small customer' });
    expect(board.match({ a: 4 }).a).toEqual(['big1', 'small1', 'big2', 'small2']);
  });

  test('workers take turns, so that runs are shared', () => {
    const board = new Board();
    board.submitMany('r', 4, { task: 'a' });
    const got: string[] = [];
    board.queue.match(
      ['w1', 'w2'].map((workerId) => ({ workerId, tasks: new Set(['a']), slots: 10 })),
      T0,
      (workerId, runId) => {
        got.push(workerId);
        const lease = { token: runId, workerId, workerName: workerId };
        board.set(transition(board.run(runId), { type: 'assign', lease, maxAttempts: 1 }, T0));
      },
    );
    expect(got).toEqual(['w1', 'w2', 'w1', 'w2']);
  });
});

describe('limits', () => {
  test('a direct call takes a place in the limit while it runs', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: 1, concurrencyPerKey: null });
    board.submit('direct', { task: 'a', direct: { token: 't', workerId: 'direct-1', workerName: 'caller' } });
    board.submit('waits', { task: 'a' });
    expect(board.match({ a: 1 }).a).toEqual([]);
    board.set(transition(board.run('direct'), { type: 'succeed', token: 't', result: null }, T0));
    expect(board.match({ a: 1 }).a).toEqual(['waits']);
  });

  test('a task never has more runs at once than its limit, whatever the slots', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: 2, concurrencyPerKey: null });
    board.submitMany('r', 5, { task: 'a' });
    expect(board.match({ a: 50 }).a).toEqual(['r1', 'r2']);
    expect(board.match({ a: 50 }).a).toEqual([]);
    board.end('r1');
    expect(board.match({ a: 50 }).a).toEqual(['r3']);
  });

  test('a limit per key holds back that key alone', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: null, concurrencyPerKey: 1 });
    board.submitMany('x', 2, { task: 'a', concurrencyKey: 'x' });
    board.submitMany('y', 2, { task: 'a', concurrencyKey: 'y' });
    board.submitMany('free', 3, { task: 'a' });
    expect(board.match({ a: 50 }).a?.sort()).toEqual(['free1', 'free2', 'free3', 'x1', 'y1']);
    board.end('x1');
    expect(board.match({ a: 50 }).a).toEqual(['x2']);
  });

  test('a limit that is raised lets waiting runs go', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: null, concurrencyPerKey: 1 });
    board.submitMany('x', 3, { task: 'a', concurrencyKey: 'x' });
    expect(board.match({ a: 50 }).a).toEqual(['x1']);
    board.queue.setLimits('a', { concurrency: null, concurrencyPerKey: 3 });
    expect(board.match({ a: 50 }).a).toEqual(['x2', 'x3']);
  });

  test('a run in CANCELLING still counts until it has really ended', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: 1, concurrencyPerKey: null });
    board.submitMany('r', 2, { task: 'a' });
    board.match({ a: 1 });
    board.set(transition(board.run('r1'), { type: 'cancel', reason: 'no' }, T0));
    expect(board.match({ a: 1 }).a).toEqual([]);
    board.set(transition(board.run('r1'), { type: 'stopped', token: 'r1' }, T0));
    expect(board.match({ a: 1 }).a).toEqual(['r2']);
  });

  test('a waiting run says why it is held back', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: 1, concurrencyPerKey: null });
    board.submitMany('r', 2, { task: 'a' });
    expect(board.queue.waitingName(board.run('r2'), T0)).toBe('Scheduled');
    board.match({ a: 1 });
    expect(board.queue.waitingName(board.run('r2'), T0)).toBe('AwaitingConcurrency');
    expect(board.queue.waitingName(board.run('r2'), T0 - 1)).toBe('Scheduled');
    board.queue.setPaused('a', true);
    expect(board.queue.waitingName(board.run('r2'), T0)).toBe('Paused');
    expect(board.queue.waitingName(board.run('r1'), T0)).toBe('Pending');
  });
});

describe('limits that tasks share', () => {
  const shared = [{ name: 'db', limit: 2 }];
  const both = () => {
    const board = new Board();
    for (const task of ['a', 'b']) board.queue.setLimits(task, { concurrency: null, concurrencyPerKey: null, shared });
    board.submitMany('a', 3, { task: 'a' });
    board.submitMany('b', 3, { task: 'b' });
    return board;
  };

  test('hold over all of them, and say what is waited for', () => {
    const board = both();
    expect(board.match({ 'a b': 9 })['a b']).toEqual(['a1', 'b1']);
    expect(board.queue.waitingFor(board.run('a2'), T0)).toBe('limit db (2)');
    expect(board.queue.waitingName(board.run('a2'), T0)).toBe('AwaitingConcurrency');
    board.end('b1');
    expect(board.match({ 'a b': 9 })['a b']).toEqual(['a2']);
  });

  test('give the place back however a run gives up its lease, and while it waits for others', () => {
    const board = both();
    board.match({ 'a b': 9 });
    board.queue.setWaiting(board.run('a1'), true);
    expect(board.match({ 'a b': 9 })['a b']).toEqual(['a2']);
    board.queue.setWaiting(board.run('a1'), false);
    for (const id of ['a1', 'b1']) board.set(transition(board.run(id), { type: 'lose', token: id, reason: 'gone' }, T0));
    expect(board.match({ 'a b': 9 })['a b']).toHaveLength(1);
    board.end('a2');
    expect(board.match({ 'a b': 9 })['a b']).toHaveLength(1);
  });

  test('count what runs already where a task begins or ends to share them', () => {
    const board = new Board();
    board.submitMany('a', 2, { task: 'a' });
    board.match({ a: 9 });
    board.submit('b1', { task: 'b' });
    board.queue.setLimits('b', { concurrency: null, concurrencyPerKey: null, shared });
    board.queue.setLimits('a', { concurrency: null, concurrencyPerKey: null, shared });
    expect(board.match({ b: 9 }).b).toEqual([]);
    board.queue.setLimits('a', { concurrency: null, concurrencyPerKey: null });
    expect(board.match({ b: 9 }).b).toEqual(['b1']);
  });
});

describe('a rate', () => {
  const limits = (over: object = {}) => ({
    ...{ concurrency: null, concurrencyPerKey: null },
    rate: { limit: 10, perMs: 1_000, burst: 1, perKey: false, ...over },
  });

  test('lets runs start one after the other, and the queue knows when the next may', () => {
    const board = new Board();
    board.queue.setLimits('a', limits());
    board.submitMany('r', 3, { task: 'a' });
    expect(board.match({ a: 9 }).a).toEqual(['r1']);
    expect(board.queue.waitingFor(board.run('r2'), T0)).toBe('rate 10 per 1s');
    expect(board.queue.nextDueAt()).toBe(T0 + 100);
    expect(board.match({ a: 9 }, T0 + 99).a).toEqual([]);
    expect(board.match({ a: 9 }, T0 + 100).a).toEqual(['r2']);
    expect(board.match({ a: 9 }, T0 + 200).a).toEqual(['r3']);
    expect(board.queue.nextDueAt()).toBeNull();
  });

  test('is no reason to wake where nobody has a slot', () => {
    const board = new Board();
    board.queue.setLimits('a', limits());
    board.submitMany('r', 3, { task: 'a' });
    board.match({ a: 1 });
    expect(board.queue.nextDueAt()).toBeNull();
    expect(board.match({ a: 1 }, T0 + 500).a).toEqual(['r2']);
  });

  test('of keys holds back each by itself', () => {
    const board = new Board();
    board.queue.setLimits('a', limits({ perKey: true }));
    board.submitMany('x', 2, { task: 'a', concurrencyKey: 'x' });
    board.submitMany('y', 2, { task: 'a', concurrencyKey: 'y' });
    board.submitMany('free', 2, { task: 'a' });
    expect(board.match({ a: 9 }).a?.sort()).toEqual(['free1', 'free2', 'x1', 'y1']);
    expect(board.match({ a: 9 }, T0 + 100).a?.sort()).toEqual(['x2', 'y2']);
    for (const id of board.runs.keys()) board.end(id);
    expect(board.queue.size()).toMatchObject({ runs: 0, lanes: 1, places: 0 });
  });
});

describe('pause', () => {
  test('a paused task hands nothing out, and all of it once it goes on', () => {
    const board = new Board();
    board.submitMany('r', 2, { task: 'a' });
    board.queue.setPaused('a', true);
    expect(board.queue.isPaused('a')).toBe(true);
    expect(board.match({ a: 9 }).a).toEqual([]);
    board.queue.setPaused('a', false);
    expect(board.match({ a: 9 }).a).toEqual(['r1', 'r2']);
  });

  test('a task stays paused also while it has no runs', () => {
    const board = new Board();
    board.queue.setPaused('a', true);
    board.submit('r1', { task: 'a' });
    board.set(transition(board.run('r1'), { type: 'cancel', reason: 'no' }, T0));
    expect(board.queue.pausedTasks()).toEqual(['a']);
    expect(board.queue.tasks()).toEqual([{ name: 'a', queued: 0, running: 0, paused: true }]);
  });
});

describe('what it keeps', () => {
  test('nothing is left of a task whose runs have all ended', () => {
    const board = new Board();
    board.submitMany('r', 3, { task: 'a', concurrencyKey: 'x' });
    expect(board.queue.tasks()).toEqual([{ name: 'a', queued: 3, running: 0, paused: false }]);
    board.match({ a: 2 });
    expect(board.queue.tasks()).toEqual([{ name: 'a', queued: 1, running: 2, paused: false }]);
    board.match({ a: 1 });
    for (const id of ['r1', 'r2', 'r3']) board.end(id);
    expect(board.queue.tasks()).toEqual([]);
    expect(board.queue.size()).toEqual({ runs: 0, tasks: 0, lanes: 0, places: 0 });
  });

  test('runs that are cancelled while they wait leave no trace, however many keys and delays they had', () => {
    const board = new Board();
    board.submit('stays', { task: 'a', concurrencyKey: 'stays' });
    for (let n = 0; n < 5_000; n += 1) {
      board.submit(`r${n}`, { task: 'a', concurrencyKey: n % 2 === 0 ? `key ${n}` : null, dueAt: n % 3 === 0 ? T0 + 1e9 : T0 });
      board.match({}, T0);
      board.set(transition(board.run(`r${n}`), { type: 'cancel', reason: 'no' }, T0));
    }
    const { runs, lanes, places } = board.queue.size();
    expect(runs).toBe(1);
    expect(lanes).toBeLessThanOrEqual(2);
    expect(places).toBeLessThan(500);
    expect(board.match({ a: 9 }).a).toEqual(['stays']);
  });

  test('a queue built anew from the runs hands out the same', () => {
    const board = new Board();
    board.submitMany('a', 5, { task: 'a' });
    board.submitMany('b', 5, { task: 'b', priority: 1_000 });
    const again = new Board();
    for (const run of board.runs.values()) {
      again.runs.set(run.id, run);
      again.seqs.set(run.id, board.seqs.get(run.id) as number);
      again.queue.update(undefined, run, again.seqs.get(run.id) as number);
    }
    expect(again.match({ 'a b': 6 })).toEqual(board.match({ 'a b': 6 }));
  });
});

describe('a run that waits for others', () => {
  test('gives back its place in the limits of its task and of its key, and takes it again at once when it goes on', () => {
    const board = new Board();
    board.queue.setLimits('a', { concurrency: 2, concurrencyPerKey: 1 });
    for (const id of ['parent', 'child', 'other']) board.submit(id, { task: 'a', concurrencyKey: 'k' });
    expect(board.match({ a: 9 }).a).toEqual(['parent']);
    board.queue.setWaiting(board.run('parent'), true);
    board.queue.setWaiting(board.run('parent'), true);
    expect(board.match({ a: 9 }).a).toEqual(['child']);
    board.queue.setWaiting(board.run('parent'), false);
    board.end('child');
    expect(board.match({ a: 9 }).a).toEqual([]);
    board.end('parent');
    expect(board.match({ a: 9 }).a).toEqual(['other']);
  });

  test('is still shown as running, and may end while it waits', () => {
    const board = new Board();
    board.submitMany('r', 2, { task: 'a', concurrencyKey: 'k' });
    board.match({ a: 1 });
    board.queue.setWaiting(board.run('r1'), true);
    expect(board.queue.tasks()).toEqual([{ name: 'a', queued: 1, running: 1, paused: false }]);
    board.match({ a: 1 });
    board.end('r2');
    expect(board.queue.tasks()).toEqual([{ name: 'a', queued: 0, running: 1, paused: false }]);
    board.end('r1');
    expect(board.queue.size()).toMatchObject({ runs: 0, tasks: 0, lanes: 0 });
  });

  test('has to be under a lease', () => {
    const board = new Board();
    board.submit('r', { task: 'a' });
    board.queue.setWaiting(board.run('r'), true);
    expect(board.queue.tasks()).toEqual([{ name: 'a', queued: 1, running: 0, paused: false }]);
  });
});
