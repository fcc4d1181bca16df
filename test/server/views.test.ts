/** Workers and tasks as the API shows them. */
import { expect, test } from 'vitest';
import { type Holder, Roster } from '../../src/server/roster.ts';
import { orphansOf, taskViews, workerViews } from '../../src/server/views.ts';

function holders(): Holder[] {
  const roster = new Roster();
  const link = { send: () => undefined, close: () => undefined };
  const process = { pid: 7, host: 'here', machine: null, startTicks: null };
  const one = roster.enter('one', 'one', 0, Date.UTC(2030, 0, 1));
  Object.assign(one, { process, link, names: new Set(['b', 'a']), slots: 5, generation: 2, draining: true });
  roster.lease(one, 't', 'r');
  roster.enter('known only from its leases', 'two', 0, 0);
  Object.assign(roster.enter('gone', 'gone', 0, 0), { process, names: new Set(['b']) });
  return roster.all();
}

test('a worker is shown once it has said who it is', () => {
  expect(workerViews(holders(), new Set(['gone']))).toMatchObject([
    {
      id: 'one',
      pid: 7,
      host: 'here',
      tasks: ['a', 'b'],
      slots: 5,
      used: 1,
      generation: 2,
      paused: true,
      lastSeenAt: '2030-01-01T00:00:00.000Z',
    },
    { id: 'gone', paused: true },
  ]);
});

test('tasks are those that are served and those that are waited for, by name', () => {
  const queued = [
    { name: 'orphan', queued: 3, running: 0, paused: true },
    { name: 'b', queued: 1, running: 1, paused: false },
  ];
  expect(taskViews(holders(), queued)).toEqual([
    { name: 'a', workers: 1, queued: 0, running: 0, paused: false },
    { name: 'b', workers: 1, queued: 1, running: 1, paused: false },
    { name: 'orphan', workers: 0, queued: 3, running: 0, paused: true },
  ]);
  expect(orphansOf(holders(), queued)).toEqual([{ name: 'orphan', queued: 3 }]);
});
