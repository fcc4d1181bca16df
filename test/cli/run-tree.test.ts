import { expect, test, vi } from 'vitest';
import { treeOf, treeText } from '../../src/cli/run-tree.ts';
import type { Client } from '../../src/client/client.ts';
import { RunNotFoundError } from '../../src/core/errors.ts';
import { aRunView } from '../helpers/fake-client.ts';

const aTask = (id: string, parentId: string | null = null) =>
  aRunView({ id, task: `task-${id}`, parentId, state: 'RUNNING', stateName: 'Running' });

test('no more than a hundred lines are shown, and how many more there are', () => {
  const lines = treeText(
    [],
    aTask('top'),
    Array.from({ length: 150 }, (_, at) => aTask(`c${at}`, 'top')),
  ).split('\n');
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('… and 51 more');
});

test('a parent that was removed ends the line of parents; a run alone has no tree', async () => {
  const request = vi.fn(async (_method: string, path: string) => {
    if (path.endsWith('/descendants')) return { runs: [], nextCursor: null };
    if (path === '/runs/parent') return aTask('parent', 'gone');
    throw new RunNotFoundError('gone');
  });
  const client = { request } as unknown as Client;
  expect(await treeOf(client, aTask('run', 'parent'))).toBe('RUNNING  task-parent  parent\n└ RUNNING  task-run  run  ← this run');
  expect(await treeOf(client, aTask('run'))).toBe('');
});

test('nothing in it commands the terminal', () => {
  expect(treeText([], aRunView({ task: '\u001b]0;x\u0007' }), [])).not.toContain('\u001b]');
});
