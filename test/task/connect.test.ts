import { describe, expect, test, vi } from 'vitest';
import type { Client, Submit } from '../../src/client/client.ts';
import { connectionOf } from '../../src/task/connect.ts';
import { refMaker, taskMaker } from '../../src/task/task.ts';
import { FakeReach, readable } from './fake-reach.ts';

function setup() {
  const submitted: unknown[] = [];
  const client = {
    submit: async (requests: readonly Submit[]) => {
      submitted.push(...requests.map(readable));
      return requests.map((_request, index) => ({ id: `run-${index}`, deduplicated: false }));
    },
    request: vi.fn(async () => ({ runs: [aRun], nextCursor: null })),
    close: vi.fn(async () => {}),
  };
  return { submitted, client, connection: connectionOf(client as unknown as Client) };
}
const at = '2030-01-01T00:00:00.000Z';
const aRun = {
  id: 'run-1',
  task: 'greet',
  state: 'COMPLETED',
  args: ['Ford'],
  result: 'Hello',
  createdAt: at,
  dueAt: at,
  startedAt: at,
  endedAt: at,
};

describe('a connection', () => {
  test('lists runs as users see them', async () => {
    const { client, connection } = setup();
    expect(await connection.runs()).toMatchObject([{ id: 'run-1', result: 'Hello', createdAt: new Date(at) }]);
    await connection.runs({ state: ['FAILED', 'CRASHED'], task: 'greet', tag: 'a b', limit: 5 });
    await connection.runs({ state: 'FAILED' });
    expect(client.request.mock.calls).toEqual([
      ['GET', '/runs?limit=50'],
      ['GET', '/runs?limit=5&state=FAILED&state=CRASHED&task=greet&tag=a+b'],
      ['GET', '/runs?limit=50&state=FAILED'],
    ]);
  });

  test('submits bound tasks and refs here, with their options, and not where they came from', async () => {
    const { submitted, connection } = setup();
    const reach = new FakeReach();
    const greet = taskMaker(reach)('greet', { tags: ['own'] }, (name: string) => name);
    await connection.bind(greet.withOptions({ tags: ['vip'] })).delay('Ford');
    await connection.bind(refMaker(reach)<typeof greet>('greet').withOptions({ priority: 5 })).delay('Ford');
    expect(submitted).toEqual([
      { task: 'greet', args: ['Ford'], options: { tags: ['own', 'vip'] } },
      { task: 'greet', args: ['Ford'], options: { priority: 5 } },
    ]);
    expect(reach.submitted).toEqual([]);
  });

  test('gives futures, and closes its client', async () => {
    const { client, connection } = setup();
    expect(connection.getRun('run-7').id).toBe('run-7');
    await connection.close();
    expect(client.close).toHaveBeenCalledOnce();
  });
});
