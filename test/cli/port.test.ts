import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { portHolder, portTaken } from '../../src/cli/port.ts';
import { loadSettings } from '../../src/config/config.ts';
import { writeServerRecord } from '../../src/config/servers.ts';

const linux = process.platform === 'linux';
let home: string;
let port: number;
const listener = createServer();
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'bgtask-port-'));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  port = (listener.address() as AddressInfo).port;
});
afterEach(async () => {
  listener.close();
  await once(listener, 'close');
  rmSync(home, { recursive: true, force: true });
});

test.skipIf(!linux)('the process that listens at a port is found', () => {
  expect(portHolder(port)).toMatchObject({ pid: process.pid });
});

test.skipIf(!linux)('a port where nobody listens has no holder', () => {
  expect(portHolder(1)).toBeNull();
});

test.skipIf(!linux)('another program is named by its name and pid', () => {
  const settings = loadSettings({}, { BGTASK_HOME: home });
  expect(portTaken(settings, port).message).toMatch(new RegExp(`^Port ${port} is taken: .+ \\(pid ${process.pid}\\) listens there\\.$`));
});

test('a server of ours is named as such, with how to stop it', () => {
  const settings = loadSettings({}, { BGTASK_HOME: home });
  writeServerRecord(settings.home, { url: `http://127.0.0.1:${port}`, pid: process.pid, store: 'memory:', tokenFile: null });
  const error = portTaken(settings, port);
  expect(error.message).toBe(`Port ${port} is taken: a bgtask server runs there already (pid ${process.pid}, store memory:).`);
  expect(error.suggestions[0]).toBe('Stop it: bgtask server stop');
});
