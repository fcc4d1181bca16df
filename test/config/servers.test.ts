import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/config.ts';
import type { Home } from '../../src/config/home.ts';
import {
  addressOf,
  ensureToken,
  keepToken,
  listServerRecords,
  readServerRecord,
  readToken,
  removeServerRecord,
  replaceToken,
  tokenFileOf,
  writeServerRecord,
} from '../../src/config/servers.ts';

let home: Home;
let env: Record<string, string>;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'bgtask-servers-'));
  home = { config: folder, data: folder };
  env = { BGTASK_HOME: folder };
});
afterEach(() => rmSync(home.data, { recursive: true, force: true }));

const URL_4200 = 'http://127.0.0.1:4200/api';
function record(over: Partial<{ url: string; pid: number; tokenFile: string | null }> = {}) {
  return { url: 'http://127.0.0.1:4200', pid: process.pid, store: 'memory:', tokenFile: null, ...over };
}
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  return child.pid as number;
}

describe('the record of a server', () => {
  test('is found by its address, in a file of 0600 under its port', () => {
    writeServerRecord(home, record());
    expect(readServerRecord(home, URL_4200)).toEqual(record());
    expect(readServerRecord(home, 'http://localhost:4200/api')).toEqual(record());
    expect(readServerRecord(home, 'http://[::1]:4200')).toEqual(record());
    expect(readServerRecord(home, 'http://127.0.0.1:4201/api')).toBeNull();
    expect(statSync(join(home.data, 'servers', '4200.json')).mode & 0o777).toBe(0o600);
  });

  test('is not taken for a server on another machine, so that no key goes there', () => {
    writeServerRecord(home, record());
    expect(readServerRecord(home, 'http://10.0.0.7:4200/api')).toBeNull();
    expect(readServerRecord(home, 'http://evil.example:4200/api')).toBeNull();
  });

  test('of a server on every address is found on the loopback', () => {
    writeServerRecord(home, record({ url: 'http://0.0.0.0:4200' }));
    expect(readServerRecord(home, URL_4200)?.url).toBe('http://0.0.0.0:4200');
  });

  test('counts only while its process lives', async () => {
    writeServerRecord(home, record({ pid: await deadPid() }));
    expect(readServerRecord(home, URL_4200)).toBeNull();
    expect(listServerRecords(home)).toEqual([]);
  });

  test('is listed by port, and files of others are passed over', () => {
    writeServerRecord(home, record({ url: 'http://127.0.0.1:14200' }));
    writeServerRecord(home, record());
    writeFileSync(join(home.data, 'servers', '5.json'), '{"pid":');
    writeFileSync(join(home.data, 'servers', 'notes.txt'), 'x');
    expect(listServerRecords(home).map((one) => one.url)).toEqual(['http://127.0.0.1:4200', 'http://127.0.0.1:14200']);
  });

  test('is taken away by its own server only', () => {
    writeServerRecord(home, record());
    removeServerRecord(home, record({ pid: process.pid + 1 }));
    expect(readdirSync(join(home.data, 'servers'))).toEqual(['4200.json']);
    removeServerRecord(home, record());
    expect(readdirSync(join(home.data, 'servers'))).toEqual([]);
    removeServerRecord(home, record());
  });
});

describe('the key of a server', () => {
  test('is made once, 256 random bits, in a file of 0600', () => {
    const file = join(home.data, 'store', 'token');
    const token = ensureToken(file);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(ensureToken(file)).toBe(token);
    expect(readToken(file)).toBe(token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('is refused where others can read it', () => {
    const file = join(home.data, 'token');
    ensureToken(file);
    chmodSync(file, 0o644);
    expect(() => ensureToken(file)).toThrow(expect.objectContaining({ exitCode: 73, suggestions: [`chmod 600 ${file}`] }));
  });

  test('is refused where a link was planted, and the file behind the link stays as it is', () => {
    const victim = join(home.data, 'victim');
    writeFileSync(victim, 'v'.repeat(40), { mode: 0o600 });
    symlinkSync(victim, join(home.data, 'token'));
    expect(() => ensureToken(join(home.data, 'token'))).toThrow(expect.objectContaining({ exitCode: 73 }));
    expect(readFileSync(victim, 'utf8')).toBe('v'.repeat(40));
  });

  test('is refused where the file holds none', () => {
    writeFileSync(join(home.data, 'token'), 'short', { mode: 0o600 });
    expect(() => ensureToken(join(home.data, 'token'))).toThrow('does not hold a key');
  });

  test('can be replaced', () => {
    const file = join(home.data, 'token');
    const before = ensureToken(file);
    const after = replaceToken(file);
    expect(after).not.toBe(before);
    expect(ensureToken(file)).toBe(after);
  });

  test('may be one that somebody chose, if it is long enough, and lies where one of ours would', () => {
    const file = join(home.data, 'store', 'token');
    expect(() => keepToken(file, 'short')).toThrow('has 5 characters; 32 are the least');
    expect(keepToken(file, 'k'.repeat(32))).toBe('k'.repeat(32));
    const { ino } = statSync(file);
    keepToken(file, 'k'.repeat(32));
    expect(statSync(file)).toMatchObject({ ino });
    expect(ensureToken(file)).toBe('k'.repeat(32));
  });

  test('lies in the folder of the store, or at home where the store has none', () => {
    expect(tokenFileOf('file:/data/store', home)).toBe('/data/store/token');
    expect(tokenFileOf('memory:', home)).toBe(join(home.data, 'token'));
  });
});

describe('the address', () => {
  test('comes with the key that the local server left, looked up anew each time', async () => {
    const address = addressOf(loadSettings({}, env));
    expect(await address()).toEqual({ url: URL_4200, apiKey: null });
    const tokenFile = join(home.data, 'token');
    const token = ensureToken(tokenFile);
    writeServerRecord(home, record({ tokenFile }));
    expect(await address()).toEqual({ url: URL_4200, apiKey: token });
    const next = replaceToken(tokenFile);
    expect((await address()).apiKey).toBe(next);
  });

  test('comes with API_KEY where that is set', async () => {
    const tokenFile = join(home.data, 'token');
    ensureToken(tokenFile);
    writeServerRecord(home, record({ tokenFile }));
    expect((await addressOf(loadSettings({}, { ...env, BGTASK_API_KEY: 'mine' }))()).apiKey).toBe('mine');
  });

  test('has no key where the key file is gone', async () => {
    mkdirSync(join(home.data, 'servers'));
    writeServerRecord(home, record({ tokenFile: join(home.data, 'gone') }));
    expect((await addressOf(loadSettings({}, env))()).apiKey).toBeNull();
  });
});
