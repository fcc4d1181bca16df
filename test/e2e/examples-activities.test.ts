/** The webhook of examples/09-repo-activities, as its README tells to start it, with deliveries signed as GitHub signs them. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sign } from '../../examples/09-repo-activities/delivery.ts';
import { blocksOf, readPage } from '../helpers/pages.ts';
import { hasRedis } from '../helpers/services.ts';
import { freePort, root, Shell } from '../helpers/shell.ts';

const folder = join(root, 'examples/09-repo-activities');
const typed = blocksOf(readPage('examples/09-repo-activities/README.md'))
  .flatMap(({ body }) => body.split('\n'))
  .map((line) => line.replace(/\s+#.*/, ''));

/** A command of the README, as a process of its own: `exec` takes variables from `env`. */
function told(command: string): string {
  expect(typed).toContain(command);
  return command.replace(/^(\w+=\S+ )+(?=npx )/, (variables) => `env ${variables}`).replace('npx ', '');
}

interface Answer {
  readonly run: string;
  readonly deduplicated: boolean;
}

describe.skipIf(!hasRedis)(`the webhook${hasRedis ? '' : ' (skipped: there is no redis-server; apt-get install redis-server)'}`, () => {
  let shell: Shell;
  let redis: Redis;
  let url: string;
  beforeAll(async () => {
    shell = await Shell.open();
    const [port, redisPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}/webhook`;
    shell.setEnv('PORT', String(port));
    shell.setEnv('WEBHOOK_URL', url);
    shell.setEnv('REDIS_URL', `redis://127.0.0.1:${redisPort}`);
    shell.setEnv('REQUESTS_FOLDER', join(shell.home, 'requests'));
    await Promise.all([
      shell.start(`${told('redis-server')} --port ${redisPort} --bind 127.0.0.1 --dir ${shell.home}`).says(/Ready to accept/),
      shell.serve(told('npx bgtask server start')),
      shell.serve(told('npx bgtask task serve tasks.ts'), folder),
      shell.start(told('TEST_MODE=1 WEBHOOK_SECRET=hush npx tsx app.ts'), folder).says(/listening/),
    ]);
    redis = new Redis(redisPort);
  });
  afterAll(async () => {
    redis?.disconnect();
    await shell?.close();
  });

  const STAR = { action: 'created', repository: { full_name: 'octocat/Hello-World' }, sender: { login: 'hubot' } };

  function deliver(body: string, headers: Record<string, string> = {}): Promise<Response> {
    const usual = {
      'content-type': 'application/json',
      'x-github-event': 'star',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': sign(body, 'hush'),
    };
    const sent = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== '');
    return fetch(url, { method: 'POST', headers: sent, body });
  }
  const answerOf = async (response: Response): Promise<Answer> => (await response.json()) as Answer;
  const ended = async (id: string) => JSON.parse(await shell.done(`npx bgtask run wait ${id} --json`));
  const keptOf = async (key: string) => JSON.parse((await redis.get(key)) ?? 'null');
  const saved = () => readdirSync(join(shell.home, 'requests'));

  test('takes what deliver.ts delivers, and a task handles it', async () => {
    const said = await shell.done(told('WEBHOOK_SECRET=hush npx tsx deliver.ts push acme/rocket'), folder);
    const [, id, answer = ''] = /^push ([0-9a-f-]{36}): 202 (.*)\n$/.exec(said) ?? [];
    const { run, deduplicated } = JSON.parse(answer) as Answer;
    expect(deduplicated).toBe(false);
    const handled = { by: 'note', summary: 'hubot: push created in acme/rocket' };
    expect(await ended(run)).toMatchObject({ state: 'COMPLETED', name: 'Handle push event for acme/rocket', result: handled });
    expect(await keptOf(`acme/rocket:push:${id}`)).toEqual(handled);
  });

  test('has a repository with a handler of its own handled by that one, and its result told by a hook', async () => {
    const said = await shell.done(told('WEBHOOK_SECRET=hush npx tsx deliver.ts'), folder);
    const { run } = JSON.parse(said.slice(said.indexOf('{'))) as Answer;
    expect((await ended(run)).result).toEqual({ by: 'welcome', summary: 'Thank you for the star, hubot!' });
    const line = 'Handle star event for octocat/Hello-World: Thank you for the star, hubot! (by welcome)';
    expect(typed).toContain(line);
    expect(await shell.done(`npx bgtask run logs ${run}`)).toContain(line);
  });

  test('handles what is delivered twice once', async () => {
    const id = { 'x-github-delivery': randomUUID() };
    const [first, again] = [
      await answerOf(await deliver(JSON.stringify(STAR), id)),
      await answerOf(await deliver(JSON.stringify(STAR), id)),
    ];
    expect([first.deduplicated, again]).toEqual([false, { run: first.run, deduplicated: true }]);
    const other = await answerOf(await deliver(JSON.stringify(STAR)));
    expect(other.run).not.toBe(first.run);
  });

  test('takes a payload of any kind as long as it names its repository', async () => {
    const odd = '{"repository":{"full_name":"a/b"},"__proto__":{"x":1},"n":1e400,"text":"\\u0000\\ud83d"}';
    const { run } = await answerOf(await deliver(odd, { 'x-github-event': 'ping' }));
    expect(await ended(run)).toMatchObject({ state: 'COMPLETED', result: { summary: 'somebody: ping in a/b' } });
  });

  test.each([
    ['no signature', { 'x-hub-signature-256': '' }],
    ['one under another secret', { 'x-hub-signature-256': sign(JSON.stringify(STAR), 'other') }],
    ['one of another body', { 'x-hub-signature-256': sign('{}', 'hush') }],
    ['half of one', { 'x-hub-signature-256': sign(JSON.stringify(STAR), 'hush').slice(0, 40) }],
    ['one without its kind', { 'x-hub-signature-256': sign(JSON.stringify(STAR), 'hush').slice('sha256='.length) }],
  ])('answers 401 to %s, and neither keeps nor runs anything', async (_, headers) => {
    const id = randomUUID();
    const response = await deliver(JSON.stringify(STAR), { ...headers, 'x-github-delivery': id });
    expect([response.status, await response.json()]).toEqual([401, { error: 'The signature is missing or wrong.' }]);
    expect(saved().filter((name) => name.includes(id))).toEqual([]);
    expect((await answerOf(await deliver(JSON.stringify(STAR), { 'x-github-delivery': id }))).deduplicated).toBe(false);
  });

  test.each<[number, string, string, Record<string, string>]>([
    [400, 'what is no JSON', 'nope', {}],
    [400, 'nothing', '', {}],
    [400, 'a delivery of no event', JSON.stringify(STAR), { 'x-github-event': '' }],
    [400, 'an event that is a path', JSON.stringify(STAR), { 'x-github-event': '../star' }],
    [400, 'a delivery without an id', JSON.stringify(STAR), { 'x-github-delivery': '' }],
    [400, 'an id that is a path', JSON.stringify(STAR), { 'x-github-delivery': '../../x' }],
    [415, 'what does not say that it is JSON', JSON.stringify(STAR), { 'content-type': 'text/plain' }],
    [422, 'a payload without a repository', '{}', {}],
    [422, 'a list', '[]', {}],
    [422, 'a repository that is a path', '{"repository":{"full_name":"../etc"}}', {}],
    [413, 'what just fits a request, but no run', JSON.stringify({ ...STAR, large: 'x'.repeat(1_048_400) }), {}],
    [413, 'what is too large for a request', JSON.stringify({ ...STAR, large: 'x'.repeat(2_000_000) }), {}],
  ])('answers %i to %s', async (status, _, body, headers) => {
    expect((await deliver(body, headers)).status).toBe(status);
  });

  test('saves each request in test mode, for its owner alone, and it can be delivered once more', async () => {
    const id = randomUUID();
    const { run } = await answerOf(await deliver(JSON.stringify(STAR), { 'x-github-delivery': id }));
    const file = join(shell.home, 'requests', `star-${id}.json`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ id, event: 'star', body: JSON.stringify(STAR) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await shell.done(`env WEBHOOK_SECRET=hush tsx deliver.ts ${file}`, folder);
    expect(again).toBe(`star ${id}: 202 {"run":"${run}","deduplicated":true}\n`);
  });

  test('saves nothing where it is not in test mode', async () => {
    const before = saved().length;
    const port = await freePort();
    shell.setEnv('PORT', String(port));
    shell.setEnv('WEBHOOK_URL', `http://127.0.0.1:${port}/webhook`);
    await shell.start(told('WEBHOOK_SECRET=hush npx tsx app.ts'), folder).says(/listening/);
    expect(await shell.done(told('WEBHOOK_SECRET=hush npx tsx deliver.ts'), folder)).toContain('202');
    expect(saved()).toHaveLength(before);
  });
});

test('without a secret the app does not start, and says which variable it wants', async () => {
  const shell = await Shell.open();
  const { code, stderr } = await shell.run('env -u WEBHOOK_SECRET tsx app.ts', folder);
  await shell.close();
  expect([code, stderr]).toEqual([1, expect.stringContaining('WEBHOOK_SECRET is not set.')]);
});
