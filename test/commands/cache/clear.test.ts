import { afterAll, beforeAll, expect, test } from 'vitest';
import CacheClear from '../../../commands/cache/clear.ts';
import { aSubmit, LEASE, T0, TOKEN } from '../../core/builders.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test('it says how many results were cleared', async () => {
  const { store } = server;
  await store.submit([aSubmit({ id: 'run-1' })], T0);
  await store.apply([{ id: 'run-1', event: { type: 'assign', lease: LEASE, maxAttempts: 1 } }], T0);
  await store.apply([{ id: 'run-1', event: { type: 'key', token: TOKEN, cache: { key: 'k', ttlMs: null } } }], T0);
  await store.apply([{ id: 'run-1', event: { type: 'succeed', token: TOKEN, result: '1' } }], T0);
  expect(await bgtask(CacheClear, ['--task', 'other'], server.env)).toMatchObject({ stderr: 'Nothing to clear.\n', exit: 0 });
  expect(await bgtask(CacheClear, ['--task', 'greet'], server.env)).toMatchObject({ stderr: 'Cleared 1 result.\n', exit: 0 });
  expect((await bgtask(CacheClear, ['--json'], server.env)).json()).toEqual({ cleared: 0 });
});
