import { afterEach, expect, test } from 'vitest';
import AuthToken from '../../../commands/auth/token.ts';
import { ensureToken } from '../../../src/config/servers.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';
import { testServer } from '../../helpers/cli-server.ts';

let home: TestHome | undefined;
afterEach(() => home?.remove());

test('the key of the running server is the one line on stdout, and opens its door', async () => {
  const server = await testServer();
  const { stdout, stderr } = await bgtask(AuthToken, [], server.env);
  expect(stderr).toBe('');
  const headers = { authorization: `Bearer ${stdout.trim()}` };
  expect((await fetch(`${server.server.url}/api/status`, { headers })).status).toBe(200);
  expect((await bgtask(AuthToken, ['--json'], server.env)).json()).toEqual({ apiKey: stdout.trim() });
  await server.close();
});

test('the key of a server that ran before is that of its store', async () => {
  home = testHome();
  const key = ensureToken(`${home.folder}/store/token`);
  expect((await bgtask(AuthToken, [], home.env)).stdout).toBe(`${key}\n`);
});

test('where none has ever run it exits 69', async () => {
  home = testHome();
  expect((await bgtask(AuthToken, [], home.env)).exit).toBe(69);
});
