import { expect, test } from 'vitest';
import { RunQueue } from '../../src/core/queue.ts';
import { Pauses } from '../../src/store/pauses.ts';

test('a pause is one change, however often it is asked for', () => {
  const pauses = new Pauses(new RunQueue());
  for (const of of ['task', 'worker'] as const) {
    expect([true, true, false, false].map((paused) => pauses.set(of, 'a', paused))).toEqual([true, false, true, false]);
  }
});

test('a task and a worker of one name are two things', () => {
  const queue = new RunQueue();
  const pauses = new Pauses(queue);
  pauses.set('worker', 'a', true);
  expect([queue.isPaused('a'), pauses.workers.has('a')]).toEqual([false, true]);
});

test('what a snapshot keeps is read again, also where it was written before workers could be paused', () => {
  const pauses = new Pauses(new RunQueue());
  pauses.set('task', 'a', true);
  expect(pauses.kept()).toEqual({ paused: ['a'] });
  pauses.set('worker', 'w', true);
  const again = new Pauses(new RunQueue());
  again.load(pauses.kept());
  expect(again.kept()).toEqual({ paused: ['a'], pausedWorkers: ['w'] });
});
