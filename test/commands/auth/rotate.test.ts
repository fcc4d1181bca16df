import { afterEach, expect, test } from 'vitest';
import AuthRotate from '../../../commands/auth/rotate.ts';
import { ensureToken, readToken } from '../../../src/config/servers.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';
import { testServer } from '../../helpers/cli-server.ts';

let home: TestHome | undefined;
afterEach(() => home?.remove());

test('a running server takes the new key and refuses the old one', async () => {
  const server = await testServer();
  const file = `${server.home.folder}/token`;
  const before = ensureToken(file);
  // As the server of `server start` does.
  process.once('SIGUSR2', () => server.server.rotateToken(ensureToken(file)));
  const { stdout, exit } = await bgtask(AuthRotate, [], server.env);
  expect(exit).toBe(0);
  const key = stdout.trim();
  const status = async (token: string) =>
    (await fetch(`${server.server.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect([await status(key), await status(before)]).toEqual([200, 401]);
  expect(readToken(file)).toBe(key);
  await server.close();
});

test('without a server the key of the store is replaced', async () => {
  home = testHome();
  const before = ensureToken(`${home.folder}/store/token`);
  const { stdout } = await bgtask(AuthRotate, [], home.env);
  expect(stdout.trim()).not.toBe(before);
  expect(readToken(`${home.folder}/store/token`)).toBe(stdout.trim());
});

test('where there is no key to replace it exits 69', async () => {
  home = testHome();
  expect((await bgtask(AuthRotate, [], home.env)).exit).toBe(69);
});
