import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandLine, healthLine, imageEnvironment, imageHealth, readCompose } from '../helpers/compose.ts';
import { follow } from '../helpers/follow.ts';
import { readPage, stepsOf } from '../helpers/pages.ts';
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

describe('compose.yaml', () => {
  const compose = readCompose(join(root, EXAMPLE, 'compose.yaml'));
  const dockerfile = join(root, EXAMPLE, 'Dockerfile');
  const key = () => readFileSync(join(folder, 'secrets/bgtask-key'), 'utf8').trim();

  /** A container's environment as one of a process here: its names are names of this machine, and only the server has the volume. */
  function inside(name: string): string {
    const image = { ...imageEnvironment(dockerfile), BGTASK_HOME: join(shell.home, name === 'server' ? 'data' : 'nothing') };
    const { PATH: _, ...environment }: Record<string, string> = { ...image, ...compose.services[name]?.environment, HOSTNAME: hostname() };
    const pairs = Object.entries(environment).map(([variable, value]) => {
      const here = value.replace('http://server:4200', `http://127.0.0.1:${shell.port}`).replace('/run/secrets', join(folder, 'secrets'));
      return `${variable}=${shell.ported(here)}`;
    });
    return commandLine(['env', ...pairs]);
  }

  const start = (name: string) => shell.serve(`${inside(name)} ${commandLine(compose.services[name]?.command ?? [])}`, folder);
  const health = async (name: string) => {
    const service = compose.services[name];
    const line = service?.healthcheck ? healthLine(service) : imageHealth(dockerfile);
    return (await shell.run(`${inside(name)} ${shell.ported(line).replace(':4200', `:${shell.port}`)}`, folder)).code === 0;
  };
  const makeSecrets = async () => {
    const lines = stepsOf(README).flatMap((step) => (step.do === 'run' && step.line.includes('secrets') ? [step.line] : []));
    expect(lines).toHaveLength(2);
    for (const line of lines) await shell.done(line, folder);
  };

  test('its commands with its environment are a server, an api and two workers that share the key of a file', async () => {
    await makeSecrets();
    const server = await start('server');
    const { replicas = 0 } = compose.services.worker?.deploy ?? {};
    expect([replicas, await health('server'), await health('worker'), await health('api')]).toEqual([2, true, false, false]);
    await Promise.all(Array.from({ length: replicas }, () => start('worker')));
    await start('api');
    expect([await health('worker'), await health('api')]).toEqual([true, true]);

    shell.setEnv('BGTASK_API_KEY', key());
    await submitAndWait();

    server.signal('SIGKILL');
    await server.ended;
    const successor = await start('server');
    await submitAndWait();
    expect(JSON.parse(await shell.done('npx bgtask worker ls --json'))).toHaveLength(replicas);
    expect((await successor.stop()).code).toBe(0);
  });

  test('the server answers to the name that the other containers call it, with the key, and to no other', async () => {
    await makeSecrets();
    await start('server');
    const authorization = `Bearer ${key()}`;
    expect(await statusOf({ host: 'server:4200', authorization })).toBe(200);
    expect(await statusOf({ host: 'server:4200' })).toBe(401);
    expect(await statusOf({ host: 'elsewhere:4200', authorization })).toBe(403);
  });

  /** Whichever worker does it. */
  async function submitAndWait(): Promise<void> {
    const [id] = /[0-9a-f-]{36}/.exec(await curl('/task')) ?? [];
    const run = JSON.parse(await shell.done(`npx bgtask run wait ${id} --timeout 30s --json`)) as { state: string; result: unknown };
    expect(run).toMatchObject({ state: 'COMPLETED', result: 'Hello, Trillian!' });
  }

  async function statusOf(headers: Record<string, string>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: shell.port, path: '/api/runs', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.once('error', reject).end();
    });
  }
});

describe('Dockerfile', () => {
  const lines = readPage(`${EXAMPLE}/Dockerfile`).split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  test('the image is made in stages, and its processes are not root', () => {
    expect(lines.filter((line) => line.startsWith('FROM ')).length).toBeGreaterThan(1);
    expect(last.filter((line) => /^(USER|CMD) /.test(line))).toEqual(['USER node', expect.stringMatching(/^CMD \[/)]);
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
  });

  test('what it copies from the clone is there', () => {
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
    expect(copied).toContain('package-lock.json');
    expect(copied.filter((path) => !existsSync(join(root, path.replace(/\*.*$/, ''))))).toEqual([]);
  });
});

describe('versions', () => {
  const all = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const installed = { ...all.dependencies, ...all.devDependencies };

  test('of Dockerfile and Next.js app are those that the examples are tested with', () => {
    const dockerfile = readPage(`${EXAMPLE}/Dockerfile`);
    const packed = [...dockerfile.matchAll(/ ([a-z][a-z-]*)@(\d[\d.]*)/g)].map(([, name = '', version]) => [name, version] as const);
    expect(packed.map(([name]) => name)).toContain('fastify');
    const next = JSON.parse(readPage(`${EXAMPLE}/next/package.json`)) as Record<string, Record<string, string>>;
    const named = [...packed, ...Object.entries({ ...next.dependencies, ...next.devDependencies })];
    for (const [name, version] of named) if (installed[name]) expect(`${name}@${version}`).toBe(`${name}@${installed[name]}`);
  });
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
