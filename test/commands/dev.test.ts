import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import Dev from '../../commands/dev.ts';
import { createClient } from '../../src/client/client.ts';
import { nodeTransport } from '../../src/client/node.ts';
import { loadSettings } from '../../src/config/config.ts';
import { addressOf, listServerRecords } from '../../src/config/servers.ts';
import { bgtask, ROOT, type TestHome, testHome } from '../helpers/cli.ts';
import { until } from '../helpers/cli-server.ts';

const TASKS = join(ROOT, 'test/fixtures/cli/tasks.ts');
let home: TestHome;
let project: string;
const before = process.cwd();
beforeEach(() => {
  home = testHome();
  project = realpathSync(mkdtempSync(join(tmpdir(), 'bgtask-dev-')));
  process.chdir(project);
});
afterEach(() => {
  process.chdir(before);
  rmSync(project, { recursive: true, force: true });
  home.remove();
});

test('server and worker run together, in a store of the project; a signal ends both', async () => {
  const ended = bgtask(Dev, [TASKS, '--port', '0', '--no-watch'], home.env);
  const folders = { config: home.folder, data: home.folder };
  const record = await until(() => listServerRecords(folders)[0]);
  const settings = loadSettings({ API_URL: record.url }, home.env);
  const client = createClient({ address: addressOf(settings), transport: nodeTransport() });
  const [run] = await client.submit([{ task: 'greet', args: ['Ford'] }]);
  expect(await client.final(run?.id as string)).toMatchObject({ state: 'COMPLETED', result: 'Hello, Ford!' });
  await client.close();
  process.emit('SIGINT', 'SIGINT');
  const { stdout, exit } = await ended;
  expect(exit).toBe(0);
  expect(record.store).toBe(`file:${join(project, '.bgtask', 'store')}`);
  expect(existsSync(join(project, '.bgtask', 'store', 'token'))).toBe(true);
  expect(stdout).toMatch(/^bgtask \S+ listens on http:\/\/127\.0\.0\.1:\d+ /);
  expect(stdout).toMatch(/ready {6}.* serves greet/);
  expect(listServerRecords(folders)).toEqual([]);
});

test('the store may be named, by a flag or the environment', async () => {
  const ended = bgtask(Dev, [TASKS, '--port', '0', '--no-watch'], { ...home.env, BGTASK_STORE: 'memory:' });
  const record = await until(() => listServerRecords({ config: home.folder, data: home.folder })[0]);
  await until(() => process.listenerCount('SIGINT') > 0);
  process.emit('SIGINT', 'SIGINT');
  expect((await ended).exit).toBe(0);
  expect(record.store).toBe('memory:');
});

test('without files it exits 2', async () => {
  expect((await bgtask(Dev, [], home.env)).exit).toBe(2);
});
