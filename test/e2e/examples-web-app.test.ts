import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installedVersions, testContainers } from '../helpers/containers.ts';
import { follow } from '../helpers/follow.ts';
import { readPage, stepsOf } from '../helpers/pages.ts';
import { Services } from '../helpers/services.ts';
import { root, Shell, type Started } from '../helpers/shell.ts';

const EXAMPLE = 'examples/03-web-app';
const README = readPage(`${EXAMPLE}/README.md`);
const SUBMITTED = /^\{"message":"Task submitted: [0-9a-f-]{36}"\}$/;

let shell: Shell;
let folder: string;
beforeEach(async () => {
  shell = await Shell.open();
  folder = shell.copy(EXAMPLE);
});
afterEach(async () => {
  await shell.close();
});

const curl = (path: string, flags = '') => shell.done(shell.ported(`curl --silent ${flags} http://127.0.0.1:8000${path}`));

function edit(file: string, from: string, to: string): void {
  const path = join(folder, file);
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(from, to));
}

describe('README.md', () => {
  test('what it tells to type works as pasted; app and worker take up what is saved, and all stop on Ctrl-C', async () => {
    const [server, worker, app] = (await follow(shell, README, folder)) as [Started, Started, Started];
    await worker.says(/Hello, Trillian!/);

    edit('app.ts', 'Hello, world!', 'Hello, moon!');
    await app.says(/Listening[\s\S]*Listening/);
    expect(await curl('/')).toBe('Hello, moon!');

    edit('tasks.ts', 'Hello,', 'Good morning,');
    await worker.says(/reloaded/);
    expect(await curl('/task')).toMatch(SUBMITTED);
    await worker.says(/Good morning, Trillian!/);

    expect((await worker.stop()).code).toBe(0);
    expect((await server.stop()).code).toBe(0);
    await app.stop();
    expect((await shell.run(shell.ported('curl --silent http://127.0.0.1:8000/'))).code).not.toBe(0);
  });

  test('an app that was started before any server says so', async () => {
    await shell.serve('npx tsx watch app.ts', folder);
    expect(await curl('/')).toBe('Hello, world!');
    expect(await curl('/task', '--include')).toMatch(/^HTTP\/1.1 500 [\s\S]*BGTASK_SERVER_UNREACHABLE/);
  });

  test.each(['express.ts', 'hono.ts'])('%s is the same app', async (file) => {
    await shell.serve('npx bgtask server start');
    const worker = await shell.serve('npx bgtask task serve tasks.ts', folder);
    await shell.serve(`npx tsx watch ${file}`, folder);
    expect(await curl('/')).toBe('Hello, world!');
    expect(await curl('/task')).toMatch(SUBMITTED);
    await worker.says(/Hello, Trillian!/);
  });
});

describe('the services of compose.yaml', () => {
  let compose: Services;
  beforeEach(async () => {
    compose = await Services.open(shell, join(folder, 'compose.yaml'));
    const lines = stepsOf(README).flatMap((step) => (step.do === 'run' && step.line.includes('secrets') ? [step.line] : []));
    expect(lines).toHaveLength(2);
    for (const line of lines) await shell.done(line);
  });
  const key = () => readFileSync(compose.secretFile('bgtask-key'), 'utf8').trim();
  async function start(name: string): Promise<Started> {
    const [first] = compose.start(name);
    await compose.untilHealthy(name);
    return first as Started;
  }

  test('are a server, an api and two workers that share the key of a file', async () => {
    const server = await start('server');
    expect([await compose.isHealthy('worker'), await compose.isHealthy('api')]).toEqual([false, false]);
    await Promise.all(['worker', 'api'].map(start));
    shell.setEnv('BGTASK_API_URL', compose.url('server'));
    shell.setEnv('BGTASK_API_KEY', key());
    await submitAndWait();

    server.signal('SIGKILL');
    await server.ended;
    const successor = await start('server');
    await submitAndWait();
    await expect.poll(async () => JSON.parse(await shell.done('npx bgtask worker ls --json')), { timeout: 20_000 }).toHaveLength(2);
    expect((await successor.stop()).code).toBe(0);
  });

  test('are a server that answers to the name that the other containers call it, with the key, and to no other', async () => {
    await start('server');
    const authorization = `Bearer ${key()}`;
    expect(await statusOf({ host: 'server:4200', authorization })).toBe(200);
    expect(await statusOf({ host: 'server:4200' })).toBe(401);
    expect(await statusOf({ host: 'elsewhere:4200', authorization })).toBe(403);
  });

  /** Whichever worker does it. */
  async function submitAndWait(): Promise<void> {
    const [id] = /[0-9a-f-]{36}/.exec(await (await fetch(`${compose.url('api')}/task`)).text()) ?? [];
    const run = JSON.parse(await shell.done(`npx bgtask run wait ${id} --timeout 30s --json`)) as { state: string; result: unknown };
    expect(run).toMatchObject({ state: 'COMPLETED', result: 'Hello, Trillian!' });
  }

  async function statusOf(headers: Record<string, string>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const asked = request(`${compose.url('server')}/api/runs`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.once('error', reject).end();
    });
  }
});

testContainers(EXAMPLE);

test('the Next.js app is given the packages that the examples are tested with', () => {
  const { dependencies, devDependencies } = JSON.parse(readPage(`${EXAMPLE}/next/package.json`)) as Record<string, object>;
  const installed = installedVersions();
  const shared = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) => installed[name]);
  expect(shared.length).toBeGreaterThan(0);
  expect(installed).toMatchObject(Object.fromEntries(shared));
});

describe.skipIf(!process.env.BGTASK_TEST_NEXT)('Next.js, which is downloaded only where BGTASK_TEST_NEXT is set', () => {
  test('the app builds, and its routes answer and submit', { timeout: 600_000 }, async () => {
    folder = shell.copy(`${EXAMPLE}/next`);
    edit('package.json', 'file:../../..', `file:${root}`);
    edit('package.json', '8000', shell.ported('8000'));
    shell.setEnv('NEXT_TELEMETRY_DISABLED', '1');
    await shell.done('npm install --no-audit --no-fund', folder);
    await shell.done('npm run build', folder);
    await shell.serve('npx bgtask server start');
    const worker = await shell.serve('npm run worker', folder);
    await shell.serve('npm start', folder);
    expect(await curl('/')).toBe('Hello, world!');
    expect(await curl('/task')).toMatch(SUBMITTED);
    await worker.says(/Hello, Trillian!/);
  });
});
