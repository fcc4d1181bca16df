import { afterEach, beforeEach, expect, test } from 'vitest';
import { runningServer, statusOf, statusPage } from '../../src/cli/server-status.ts';
import type { Client } from '../../src/client/client.ts';
import { loadSettings, type Settings } from '../../src/config/config.ts';
import { writeServerRecord } from '../../src/config/servers.ts';
import type { ServerStatus } from '../../src/core/api.ts';
import { ServerUnreachableError } from '../../src/core/errors.ts';
import { type TestHome, testHome } from '../helpers/cli.ts';
import { countsOf, someRuns } from '../helpers/fake-client.ts';

let home: TestHome;
let settings: Settings;
beforeEach(() => {
  home = testHome();
  settings = loadSettings({}, home.env);
});
afterEach(() => home.remove());
const status: ServerStatus = {
  ...{ url: 'http://127.0.0.1:4200', pid: process.pid, store: 'memory:', version: '1', durability: 'memory' },
  ...{ startedAt: new Date().toISOString(), counts: countsOf([]) },
};
const answering = (more: object) => ({ request: async () => ({ ...status, ...more }) }) as unknown as Client;

test('a status has the fields of the contract and no others', async () => {
  expect(await statusOf(answering({ secret: 'x' }))).toEqual(status);
});

test('a page without runs says how to have one; with runs it has those states', () => {
  expect(statusPage(status)).toContain('none yet. Submit one: bgtask task run TASK');
  expect(statusPage({ ...status, counts: countsOf(someRuns(2)) })).toMatch(/^Runs {8}2 COMPLETED$/m);
});

test('the server that runs is the one of the record, and says so itself', async () => {
  await expect(runningServer(settings, answering({}))).rejects.toBeInstanceOf(ServerUnreachableError);
  writeServerRecord(settings.home, { url: status.url, pid: process.pid, store: 'memory:', tokenFile: null });
  expect(await runningServer(settings, answering({}))).toEqual({ url: status.url, pid: process.pid });
  await expect(runningServer(settings, answering({ pid: 1 }))).rejects.toThrow('some other machine');
});
