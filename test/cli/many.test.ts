import { expect, test, vi } from 'vitest';
import { cancelRuns, removeRuns, retryRuns } from '../../src/cli/many.ts';
import type { Client } from '../../src/client/client.ts';
import { RefusedError, RunNotFoundError } from '../../src/core/errors.ts';
import { aRunView } from '../helpers/fake-client.ts';

const flags = { yes: false };

/** A server that lists `ids` for any filter and answers each order with `answer`. */
function server(ids: string[], answer: (method: string, id: string) => unknown) {
  const listed: string[] = [];
  const request = vi.fn(async (method: string, path: string) => {
    if (method === 'GET') {
      listed.push(path);
      return { runs: ids.map((id) => aRunView({ id })), nextCursor: null };
    }
    return answer(method, decodeURIComponent(path.split('/')[2] as string));
  });
  return { client: { request } as unknown as Client, listed, orders: () => request.mock.calls.filter(([method]) => method !== 'GET') };
}

test('each run is ordered once, however often it is named', async () => {
  const { client, orders } = server([], (_, id) => aRunView({ id }));
  expect((await cancelRuns(client, { ids: ['a', 'b', 'a'], flags })).map((run) => run.id).sort()).toEqual(['a', 'b']);
  expect(orders()).toHaveLength(2);
});

test('a filter means what the order can be done to; --state narrows that', async () => {
  const { client, listed } = server([], () => null);
  await cancelRuns(client, { ids: [], flags: { ...flags, task: 'x' } });
  await retryRuns(client, { ids: [], flags: { ...flags, task: 'x' } }, () => undefined);
  await removeRuns(client, { ids: [], flags: { ...flags, task: 'x', state: ['FAILED', 'RUNNING'] } });
  await removeRuns(client, { ids: [], flags: { ...flags, state: ['RUNNING'] } });
  expect(listed.map((path) => new URL(path, 'http://x').searchParams.getAll('state'))).toEqual([
    ['SCHEDULED', 'PENDING', 'RUNNING', 'CANCELLING'],
    ['FAILED', 'CRASHED'],
    ['FAILED'],
  ]);
});

test('a run that a filter found and that has moved on since is no failure; a named one is', async () => {
  const gone = server(['a', 'b'], (_, id) => {
    if (id === 'a') throw new RefusedError(409, 'not_final', 'no');
    return null;
  });
  expect(await removeRuns(gone.client, { ids: [], flags: { ...flags, task: 'x' } })).toEqual([{ id: 'b' }]);
  await expect(removeRuns(gone.client, { ids: ['a', 'b'], flags })).rejects.toThrow('no');
  expect(gone.orders()).toHaveLength(4);
});

test('what the server refuses for another reason is a failure either way', async () => {
  const { client } = server(['a'], () => {
    throw new RefusedError(503, 'draining', 'it stops');
  });
  await expect(cancelRuns(client, { ids: [], flags: { ...flags, tag: 'x' } })).rejects.toThrow('it stops');
});

test('an id that is none does not stop the others', async () => {
  const { client, orders } = server([], (_, id) => {
    if (id === 'none') throw new RunNotFoundError('none');
    return aRunView({ id });
  });
  await expect(cancelRuns(client, { ids: ['none', 'a', 'b'], flags })).rejects.toBeInstanceOf(RunNotFoundError);
  expect(orders()).toHaveLength(3);
});
