/** The sign-ups of examples/04-user-signups: by its compose file, whose services run as plain processes, and by hand as its README tells. */
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testContainers } from '../helpers/containers.ts';
import { blocksOf, readPage } from '../helpers/pages.ts';
import { hasRedis, Services } from '../helpers/services.ts';
import { freePort, root, Shell } from '../helpers/shell.ts';

const folder = join(root, 'examples/04-user-signups');
const page = readPage('examples/04-user-signups/README.md');
const TASKS = ['enrollInOnboardingFlow', 'populateWorkspace', 'sendConfirmationEmail'];
const redisOrSkip = hasRedis ? '' : ' (skipped: there is no redis-server; apt-get install redis-server)';

interface RunRow {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly state: string;
  readonly stateName: string;
  readonly attempt: number;
  readonly worker: string;
}

/** A command of the README, to be typed somewhere else. */
function told(command: string): string {
  const typed = blocksOf(page).flatMap(({ body }) => body.split('\n').map((line) => line.replace(/\s+#.*/, '')));
  expect(typed).toContain(command);
  return command;
}

const curl = told(
  `curl -X POST http://localhost:8000/users --header "Content-Type: application/json" --data '{"email": "trillian@example.org", "name": "Trillian"}'`,
);
const PERSON = { email: 'trillian@example.org', name: 'Trillian' };

const post = (url: string, body: string, type = 'application/json') =>
  fetch(`${url}/users`, { method: 'POST', headers: { 'content-type': type }, body });

/** What `make` makes before it builds the image. */
async function makeKey(shell: Shell): Promise<string> {
  copyFileSync(join(folder, 'Makefile'), join(shell.home, 'Makefile'));
  await shell.done('make secrets/bgtask-key');
  return readFileSync(join(shell.home, 'secrets/bgtask-key'), 'utf8');
}

describe.skipIf(!hasRedis)(`the services of compose.yaml${redisOrSkip}`, () => {
  let shell: Shell;
  let compose: Services;
  let redis: Redis;
  let key: string;
  beforeAll(async () => {
    shell = await Shell.open();
    compose = await Services.open(shell, join(folder, 'compose.yaml'), { EMAIL_FAILURE_RATE: '0' });
    key = await makeKey(shell);
    shell.setEnv('BGTASK_API_URL', compose.url('server'));
    shell.setEnv('BGTASK_API_KEY', key);
    const names = [...compose.all].filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    const started = new Map(names.map((name) => [name, compose.start(name)]));
    await Promise.all(names.map((name) => compose.untilHealthy(name)));
    await Promise.all(started.get('worker')?.map((worker) => worker.says(/\bready\b/)) ?? []);
    redis = new Redis(compose.port('redis'));
  });
  afterAll(async () => {
    redis?.disconnect();
    await shell?.close();
  });

  const runs = async (filter: string) => JSON.parse(await shell.done(`npx bgtask task ls ${filter} --json`)) as RunRow[];
  const received = async (name: string) => (await (await fetch(`${compose.url(name)}/received`)).json()) as Record<string, string>[];
  const signUp = async (person = PERSON) =>
    (await (await post(compose.url('api'), JSON.stringify(person))).json()) as typeof PERSON & { id: string };
  async function ended(user: { id: string }): Promise<RunRow[]> {
    const open = await runs(`--tag user:${user.id}`);
    return await Promise.all(open.map(async ({ id }) => JSON.parse(await shell.done(`npx bgtask run wait ${id} --json`)) as RunRow));
  }

  test('pass the tests of the example, in the environment of the service that runs them', async () => {
    const [tests] = compose.start('tests');
    const { code, stdout } = await (tests as NonNullable<typeof tests>).ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/# pass 4\n# fail 0/)]);
  });

  test('take the sign-up of the README, and answer with what it says', async () => {
    const here = curl.replace('localhost:8000', `127.0.0.1:${compose.port('api')}`);
    const user = JSON.parse(await shell.done(here));
    expect(user).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), ...PERSON, isActive: true, isSuperuser: false });
    expect(JSON.parse((await redis.get(`user:${user.id}`)) as string)).toEqual(user);
    expect(await redis.sismember('users', user.id)).toBe(1);
  });

  test('do three things for each user, by name', async () => {
    const user = await signUp();
    const all = await ended(user);
    expect(all.map(({ task }) => task).sort()).toEqual(TASKS);
    expect(all.map(({ state }) => state)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect(all.map(({ name }) => name)).toContain('Send confirmation email to trillian@example.org');
    const mails = await received('mail');
    expect(mails.at(-1)).toEqual({ to: user.email, subject: 'Welcome!', body: expect.stringContaining('Hello Trillian,') });
    const enrolled = (await received('marketing')).find(({ userId }) => userId === user.id);
    expect(enrolled).toMatchObject({ flow: 'onboarding', email: user.email, name: user.name });
    expect(new Date(enrolled?.startDate ?? '').getTime()).toBeGreaterThan(Date.now() - 60_000);
    const things = Array.from({ length: 10 }, (_, number) => `thing-${number}`);
    expect((await redis.smembers(`user:${user.id}:workspace`)).sort()).toEqual(things);
  });

  test('fill the workspace of a user once', async () => {
    const user = await signUp();
    await ended(user);
    const stored = await redis.get(`user:${user.id}`);
    const again = JSON.parse(await shell.done(`npx bgtask task run populateWorkspace '${stored}' --wait --json`)) as RunRow;
    expect(again).toMatchObject({ state: 'COMPLETED', stateName: 'Cached' });
  });

  test('show what a person typed as text: in the mail, and on the pages', async () => {
    const user = await signUp({ email: 'arthur@example.org', name: '<script>alert(1)</script>' });
    await ended(user);
    const mail = (await received('mail')).find(({ to }) => to === user.email);
    expect(mail?.body).toContain('Hello &lt;script&gt;alert(1)&lt;/script&gt;,');
    for (const name of ['mail', 'marketing']) {
      const shown = await (await fetch(compose.url(name))).text();
      expect(shown).toContain('arthur@example.org');
      expect(shown).not.toContain('<script>');
    }
  });

  test.each([
    ['{"email": "trillian@example.org"}', 'name'],
    ['{"email": "trillian", "name": "Trillian"}', 'email'],
    ['{"email": "trillian@example.org", "name": 5}', 'name'],
    ['{"email": "trillian@example.org", "name": " "}', 'name'],
    ['[]', ''],
    ['null', ''],
  ])('refuse %s with 422, and say which field', async (body, field) => {
    const answer = await post(compose.url('api'), body);
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      { issues: expect.arrayContaining([expect.objectContaining({ field })]) },
    ]);
  });

  test('refuse what is no JSON with 422, or with 415 where it does not even say so', async () => {
    expect((await post(compose.url('api'), '{"email":')).status).toBe(422);
    expect((await post(compose.url('api'), '')).status).toBe(422);
    expect((await post(compose.url('api'), 'email=x', 'text/csv')).status).toBe(415);
  });

  test('keep who a user is to themselves: nobody signs up as another, or as a superuser', async () => {
    const known = await signUp();
    const user = await signUp({ ...PERSON, id: known.id, isSuperuser: true } as typeof PERSON);
    expect(user).toMatchObject({ isSuperuser: false });
    expect(user.id).not.toBe(known.id);
  });

  test('let their server be called by the name of its service, with the key, and in no other way', async () => {
    const asked = (host: string, token: string) =>
      new Promise((resolve, reject) => {
        const headers = { host, authorization: `Bearer ${token}` };
        request(`${compose.url('server')}/api/version`, { headers }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end();
      });
    expect([await asked('server:4200', key), await asked('evil.example', key), await asked('server:4200', 'other')]).toEqual([
      200, 403, 401,
    ]);
  });

  test('are two workers, which share the runs', async () => {
    const users = await Promise.all(Array.from({ length: 8 }, () => signUp()));
    const all = (await Promise.all(users.map((user) => ended(user)))).flat();
    expect(all).toHaveLength(24);
    expect(new Set(all.map(({ worker }) => worker)).size).toBe(2);
  });
});

describe('by hand', () => {
  let shell: Shell;
  beforeEach(async () => {
    shell = await Shell.open();
  });
  afterEach(async () => {
    await shell.close();
  });

  test.skipIf(!hasRedis)(
    `each command of the README, in a terminal of its own, makes a service whose tests pass${redisOrSkip}`,
    async () => {
      const [redis, mail, marketing, api] = [await freePort(), await freePort(), await freePort(), await freePort()];
      shell.setEnv('REDIS_URL', `redis://127.0.0.1:${redis}`);
      shell.setEnv('MAIL_URL', `http://127.0.0.1:${mail}`);
      shell.setEnv('MARKETING_URL', `http://127.0.0.1:${marketing}`);
      shell.setEnv('SIGNUPS_URL', `http://127.0.0.1:${api}`);
      shell.setEnv('EMAIL_FAILURE_RATE', '0');
      const at = (port: number, command: string) => `env PORT=${port} ${told(command).replace(/^npx /, '')}`;
      const started = [
        shell.start(`${told('redis-server')} --port ${redis} --dir ${shell.home}`, folder).says(/Ready to accept/),
        shell.start(at(mail, 'npx tsx services/mail.ts'), folder).says(/is ready at/),
        shell.start(at(marketing, 'npx tsx services/marketing.ts'), folder).says(/is ready at/),
        shell.serve(told('npx bgtask server start'), folder),
        shell.serve(told('npx bgtask task serve tasks.ts'), folder),
        shell.start(at(api, 'npx tsx api.ts'), folder).says(/listening/),
      ];
      await Promise.all(started);
      expect(page).toContain('`npx tsx --test signups.test.ts`');
      expect(await shell.done('npx tsx --test signups.test.ts', folder)).toMatch(/pass 4\b/);
    },
  );

  test('a mail that never goes out is tried six times, and its run has failed', async () => {
    shell.setEnv('EMAIL_FAILURE_RATE', '1');
    await shell.serve('npx bgtask server start');
    await shell.serve('npx bgtask task serve tasks.ts', folder);
    const user = { id: '6c3e1f54-9a0f-4a4c-8b39-3c2f6f0f6d10', ...PERSON, isActive: true, isSuperuser: false };
    const { code, stdout } = await shell.run(`npx bgtask task run sendConfirmationEmail '${JSON.stringify(user)}' --wait --json`);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { state: 'FAILED', attempt: 6, error: { message: 'The mail could not be sent.' } },
    ]);
  });

  test('`make` makes a key, in a folder that only its owner can reach, and builds the image', async () => {
    expect(await makeKey(shell)).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(shell.home, 'secrets')).mode & 0o777).toBe(0o700);
    const { secrets } = (await Services.open(shell, join(folder, 'compose.yaml'))).all.get('server') ?? {};
    expect(secrets).toEqual(['bgtask-key']);
    expect(await shell.done(told('make').concat(' -n'))).toBe('docker compose build server\n');
  });
});

testContainers('examples/04-user-signups');
