import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import ServerStop from '../../../commands/server/stop.ts';
import { writeServerRecord } from '../../../src/config/servers.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
});
afterEach(() => home.remove());

/** A process that says of itself what a server says. */
const IMPOSTOR = `
  const http = require('node:http');
  const server = http.createServer((_, response) => response.end(JSON.stringify({ url: 'x', pid: Number(process.argv[1] || process.pid) })));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;
async function impostor(pid = '') {
  const child = spawn(process.execPath, ['-e', IMPOSTOR, pid], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  const url = `http://127.0.0.1:${String(port).trim()}`;
  return { child, url, exited: once(child, 'exit') };
}
const folders = () => ({ config: home.folder, data: home.folder });

test('the server of the record is told to stop, and waited for', async () => {
  const { child, url, exited } = await impostor();
  writeServerRecord(folders(), { url, pid: child.pid as number, store: 'memory:', tokenFile: null });
  const output = await bgtask(ServerStop, ['--api-url', url, '--json'], home.env);
  expect(output.json()).toMatchObject({ pid: child.pid });
  expect((await exited)[1]).toBe('SIGTERM');
});

test('without a record nobody is told anything: exit 69', async () => {
  const { child, url, exited } = await impostor();
  expect((await bgtask(ServerStop, ['--api-url', url], home.env)).exit).toBe(69);
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await exited;
});

test('a process that says it is another than in the record is left alone: exit 75', async () => {
  const { child, url, exited } = await impostor('1');
  writeServerRecord(folders(), { url, pid: child.pid as number, store: 'memory:', tokenFile: null });
  expect((await bgtask(ServerStop, ['--api-url', url], home.env)).exit).toBe(75);
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await exited;
});

test('a process that does not answer is left alone, and named: exit 75', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  closed.close();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  writeServerRecord(folders(), { url, pid: child.pid as number, store: 'memory:', tokenFile: null });
  const { exit, stderr } = await bgtask(ServerStop, ['--api-url', url], home.env);
  expect(exit).toBe(75);
  expect(stderr).toContain(`kill ${child.pid}`);
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
});
