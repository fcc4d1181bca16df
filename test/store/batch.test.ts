import { expect, test } from 'vitest';
import { closed, commitOf, full } from '../../src/store/batch.ts';
import { Changes } from '../../src/store/rows.ts';
import { Table } from '../../src/store/table.ts';
import { aSubmit, T0 } from '../core/builders.ts';

test('a commit holds the newest form of each run it changed, and the ids that went', () => {
  const table = new Table();
  table.submit(aSubmit({ id: 'old' }), T0);
  table.apply('old', { type: 'cancel', reason: 'x' }, T0);
  const changes = new Changes();
  table.changes = changes;
  table.submit(aSubmit({ id: 'a' }), T0);
  table.submit(aSubmit({ id: 'b' }), T0);
  table.submit(aSubmit({ id: 'brief' }), T0); // comes and goes within the batch: nobody ever saw it
  table.pauses.tell({ of: 'task', name: 'greet', paused: true, at: T0 }, changes);
  for (const id of ['a', 'brief']) table.apply(id, { type: 'cancel', reason: 'x' }, T0);
  table.remove(['old', 'brief'], T0);
  const commit = commitOf(changes.steps);
  expect(commit.runs.map(({ id, state }) => `${id} ${state}`)).toEqual(['a CANCELLED', 'b SCHEDULED']);
  expect(commit.removed).toEqual(['old']);
  table.remove(['a'], T0);
  table.submit(aSubmit({ id: 'old' }), T0);
  expect(commitOf(changes.steps)).toMatchObject({ runs: [{ id: 'b' }, { id: 'old', state: 'SCHEDULED' }], removed: [] });
  expect(commitOf([])).toEqual({ runs: [], removed: [] });
});

test('refusals say what happened', () => {
  expect(full()).toMatchObject({ code: 'BGTASK_STORE_FULL', message: expect.stringContaining('Nothing was added') });
  expect(closed()).toMatchObject({ exitCode: 74, message: 'The store is closed.' });
});
