import { afterAll, beforeAll, expect, test } from 'vitest';
import ServerStatusCommand from '../../../commands/server/status.ts';
import { bgtask, testHome } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  await server.client.submit([{ task: 'a' }, { task: 'b' }]);
});
afterAll(() => server.close());

test('--json is exactly what the contract says', async () => {
  const status = (await bgtask(ServerStatusCommand, ['--json'], server.env)).json<Record<string, unknown>>();
  expect(Object.keys(status)).toEqual(['url', 'pid', 'store', 'version', 'durability', 'startedAt', 'counts']);
  expect(status).toMatchObject({
    url: server.server.url,
    pid: process.pid,
    store: 'memory:',
    durability: 'memory',
    counts: { SCHEDULED: 2 },
  });
});

test('a person sees only the states that runs are in', async () => {
  const { stdout } = await bgtask(ServerStatusCommand, [], server.env);
  expect(stdout).toMatch(/^Runs {8}2 SCHEDULED$/m);
  expect(stdout).toContain(`Server      ${server.server.url}\n`);
});

test('without a server it exits 69', async () => {
  const home = testHome();
  expect((await bgtask(ServerStatusCommand, ['--api-url', 'http://127.0.0.1:9'], home.env)).exit).toBe(69);
  home.remove();
});
