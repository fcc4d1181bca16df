import { afterAll, beforeAll, expect, test } from 'vitest';
import CacheClear from '../../../commands/cache/clear.ts';
import { aSubmit, LEASE, TOKEN } from '../../core/builders.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test('it says how many results were cleared', async () => {
  const { store } = server;
  const now = Date.now(); // what is older than it is kept goes at once
  await store.submit([aSubmit({ id: 'run-1', createdAt: now, dueAt: now })], now);
  await store.apply([{ id: 'run-1', event: { type: 'assign', lease: LEASE, maxAttempts: 1 } }], now);
  await store.apply([{ id: 'run-1', event: { type: 'key', token: TOKEN, cache: { key: 'k', ttlMs: null } } }], now);
  await store.apply([{ id: 'run-1', event: { type: 'succeed', token: TOKEN, result: '1' } }], now);
  expect(await bgtask(CacheClear, ['--task', 'other'], server.env)).toMatchObject({ stderr: 'Nothing to clear.\n', exit: 0 });
  expect(await bgtask(CacheClear, ['--task', 'greet'], server.env)).toMatchObject({ stderr: 'Cleared 1 result.\n', exit: 0 });
  expect((await bgtask(CacheClear, ['--json'], server.env)).json()).toEqual({ cleared: 0 });
});
