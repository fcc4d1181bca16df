import { expect, test } from 'vitest';
import { workerTable } from '../../src/cli/workers.ts';
import type { WorkerView } from '../../src/core/api.ts';

const worker: WorkerView = {
  ...{
    id: 'w',
    name: 'ford',
    pid: 42,
    host: 'earth',
    tasks: ['a', 'b'],
    slots: 10,
    used: 3,
    generation: 2,
    paused: false,
  },
  lastSeenAt: '2026-11-24T12:00:00.000Z',
};

test('a worker has its name, process, room, generation, age and tasks', () => {
  const table = workerTable([worker], Date.parse(worker.lastSeenAt) + 3_000);
  expect(table.split('\n')[1]).toBe('ford   42  earth   3/10    2  3s ago  a, b');
});

test('one that takes no more runs, paused or draining, says so', () => {
  expect(workerTable([{ ...worker, paused: true }], Date.parse(worker.lastSeenAt))).toContain('now, takes no more');
});
