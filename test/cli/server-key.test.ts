import { afterEach, beforeEach, expect, test } from 'vitest';
import { rotateKey, serverKey } from '../../src/cli/server-key.ts';
import type { Client } from '../../src/client/client.ts';
import { loadSettings, type Settings } from '../../src/config/config.ts';
import { ensureToken, readToken, writeServerRecord } from '../../src/config/servers.ts';
import { ServerUnreachableError } from '../../src/core/errors.ts';
import { type TestHome, testHome } from '../helpers/cli.ts';

let home: TestHome;
let settings: Settings;
let keyFile: string;
beforeEach(() => {
  home = testHome();
  settings = loadSettings({ STORE: 'memory:' }, home.env);
  keyFile = `${home.folder}/elsewhere/token`;
});
afterEach(() => home.remove());
const record = (tokenFile: string | null) =>
  writeServerRecord(settings.home, { url: 'http://127.0.0.1:4200', pid: process.pid, store: 'memory:', tokenFile });
const nobody = {} as Client;

test('the key is that of the server that runs, else that of the store', () => {
  const ofStore = ensureToken(`${home.folder}/token`);
  expect(serverKey(settings)).toBe(ofStore);
  const ofServer = ensureToken(keyFile);
  record(keyFile);
  expect(serverKey(settings)).toBe(ofServer);
});

test('a server that asks for no key has none to show or replace', async () => {
  record(null);
  expect(() => serverKey(settings)).toThrow('asks for no key');
  await expect(rotateKey(settings, nobody)).rejects.toThrow('asks for no key');
});

test('a key that the server was given is not replaced: it would be back at the next start', async () => {
  const key = ensureToken(keyFile);
  const given = { url: 'http://127.0.0.1:4200', pid: process.pid, store: 'memory:', tokenFile: keyFile, keyGiven: true };
  writeServerRecord(settings.home, given);
  await expect(rotateKey(settings, nobody)).rejects.toThrow('was given its key as API_KEY');
  expect(readToken(keyFile)).toBe(key);
});

test('a key is not replaced while the server cannot be told', async () => {
  const key = ensureToken(keyFile);
  record(keyFile);
  const silent = { request: () => Promise.reject(new ServerUnreachableError('http://127.0.0.1:4200')) } as unknown as Client;
  await expect(rotateKey(settings, silent)).rejects.toThrow('does not answer');
  expect(readToken(keyFile)).toBe(key);
});
