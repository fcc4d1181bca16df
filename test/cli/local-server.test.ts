import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { greeting, type LocalServerOptions, ROTATE_SIGNAL, reaching, startLocalServer, untilFailed } from '../../src/cli/local-server.ts';
import { loadSettings, type Settings } from '../../src/config/config.ts';
import { readServerRecord, readToken, replaceToken } from '../../src/config/servers.ts';
import { StoreError } from '../../src/core/errors.ts';
import { countsOf } from '../helpers/fake-client.ts';

let folder: string;
let settings: Settings;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bgtask-local-'));
  settings = loadSettings({ STORE: 'memory:', API_URL: 'http://127.0.0.1:4999' }, { BGTASK_HOME: folder });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options: LocalServerOptions = {
  ...{ host: '127.0.0.1', port: 4999, allowHosts: [], durability: 'durable', breakLock: false, auth: true, version: '1.2.3' },
  onNotice: () => {},
};
function doors() {
  let fail: (error: StoreError | null) => void = () => {};
  const closed = new Promise<StoreError | null>((resolve) => {
    fail = resolve;
  });
  const store = { url: 'memory:', durability: 'memory' as const, counts: async () => countsOf([]), close: vi.fn(async () => {}) };
  const server = { url: 'http://127.0.0.1:4999', closed, rotateToken: vi.fn(), close: vi.fn(async () => fail(null)) };
  const startServer = vi.fn(async (_: { token: string | null }) => server);
  return { store, server, startServer, openStore: vi.fn(async () => store), fail: (error: StoreError) => fail(error) };
}

test('while it runs others find its address and key; when it stops nothing is left of that', async () => {
  const parts = doors();
  const running = await startLocalServer(parts, settings, options);
  const record = readServerRecord(settings.home, settings.apiUrl);
  expect(record).toMatchObject({ pid: process.pid, store: 'memory:', tokenFile: join(folder, 'token') });
  expect(parts.startServer.mock.calls[0]?.[0].token).toBe(readToken(join(folder, 'token')));
  expect(running.status).toMatchObject({ url: 'http://127.0.0.1:4999', pid: process.pid, version: '1.2.3' });
  await running.stop();
  expect(readServerRecord(settings.home, settings.apiUrl)).toBeNull();
  expect(parts.server.close).toHaveBeenCalledBefore(parts.store.close);
  await expect(untilFailed(running)).resolves.toBeUndefined();
});

test('a key that it is given as API_KEY counts, and others find that one', async () => {
  const parts = doors();
  const apiKey = 'k'.repeat(40);
  const running = await startLocalServer(parts, { ...settings, apiKey }, options);
  expect(parts.startServer.mock.calls[0]?.[0].token).toBe(apiKey);
  expect(readServerRecord(settings.home, settings.apiUrl)).toMatchObject({ keyGiven: true });
  expect(readToken(join(folder, 'token'))).toBe(apiKey);
  await running.stop();
});

test('a given key that is too short does not start it, and the store is let go', async () => {
  const parts = doors();
  await expect(startLocalServer(parts, { ...settings, apiKey: 'short' }, options)).rejects.toThrow('32 are the least');
  expect(parts.store.close).toHaveBeenCalled();
});

test('without auth there is no key', async () => {
  const parts = doors();
  const running = await startLocalServer(parts, settings, { ...options, auth: false });
  expect(parts.startServer.mock.calls[0]?.[0].token).toBeNull();
  expect(existsSync(join(folder, 'token'))).toBe(false);
  await running.stop();
});

test('a server that does not start lets the store go', async () => {
  const parts = doors();
  parts.startServer.mockRejectedValueOnce(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }));
  await expect(startLocalServer(parts, settings, options)).rejects.toMatchObject({ code: 'BGTASK_PORT_TAKEN' });
  expect(parts.store.close).toHaveBeenCalled();
});

test('a store that fails ends it, with the failure of the store', async () => {
  const parts = doors();
  const running = await startLocalServer(parts, settings, options);
  parts.fail(new StoreError('failed', 'the disk is gone'));
  await expect(untilFailed(running)).rejects.toThrow('the disk is gone');
  expect(readServerRecord(settings.home, settings.apiUrl)).toBeNull();
});

test('the signal of `auth rotate` makes it take the new key up, until it stops', async () => {
  const parts = doors();
  const running = await startLocalServer(parts, settings, options);
  const key = replaceToken(join(folder, 'token'));
  process.emit(ROTATE_SIGNAL, ROTATE_SIGNAL);
  expect(parts.server.rotateToken).toHaveBeenCalledExactlyOnceWith(key);
  await running.stop();
  expect(process.listenerCount(ROTATE_SIGNAL)).toBe(0);
});

test('a home where nothing can be written is told, and is no reason not to run', async () => {
  const notices: string[] = [];
  writeFileSync(join(folder, 'servers'), 'a file where the folder would be');
  mkdirSync(join(folder, 'other'));
  const running = await startLocalServer(doors(), settings, { ...options, auth: false, onNotice: (line) => notices.push(line) });
  expect(notices).toEqual([expect.stringContaining('BGTASK_API_KEY')]);
  await running.stop();
});

test.each([
  ['0.0.0.0', true, [], 'by which name'],
  ['0.0.0.0', false, ['bgtask.example'], 'must stay on 127.0.0.1'],
  ['192.168.0.7', true, [], 'by which name'],
])('at %s, key %s, names %j it does not start', async (host, auth, allowHosts, message) => {
  const parts = doors();
  await expect(startLocalServer(parts, settings, { ...options, host, auth, allowHosts })).rejects.toThrow(message);
  expect(parts.openStore).not.toHaveBeenCalled();
});

test('the greeting in a pipe is one line with the URL in it', () => {
  const status = {
    ...{ url: 'http://127.0.0.1:1', pid: 1, store: 'file:/x', version: '1', durability: 'durable' as const, startedAt: '' },
    counts: countsOf([]),
  };
  expect(greeting(status, 12, 'bgtask task serve tasks.ts')).toBe(
    'bgtask 1 listens on http://127.0.0.1:1 (store file:/x, durable, 0 runs)',
  );
});

test('what is told to type next reaches that server, also where the settings name another', () => {
  const status = { url: 'http://127.0.0.1:4300' };
  expect(reaching('bgtask server stop', status, { apiUrl: 'http://127.0.0.1:4300/api' })).toBe('bgtask server stop');
  expect(reaching('bgtask server stop', status, { apiUrl: 'http://127.0.0.1:4200/api' })).toBe(
    'bgtask server stop --api-url http://127.0.0.1:4300',
  );
});
