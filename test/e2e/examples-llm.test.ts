import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blocksOf, readPage } from '../helpers/pages.ts';
import { root, Shell, type Started } from '../helpers/shell.ts';

const EXAMPLE = join(root, 'examples/05-ask-an-llm');
const README = readFileSync(join(EXAMPLE, 'README.md'), 'utf8');
const ASK = 'npx tsx ask.ts "What is the meaning of life?"';
const ANSWER = 'Forty-two.\nThe question to it is still being computed.';
/** One attempt in five fails on purpose, so a run may need some seconds. */
const TIMEOUT_MS = 120_000;

interface RunSeen {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly state: string;
  readonly stateName: string;
  readonly meta: Record<string, unknown>;
  readonly history: readonly { readonly name: string; readonly at: string; readonly reason: string | null }[];
}

let shell: Shell;
let folder: string;
beforeEach(async () => {
  shell = await Shell.open();
  // A copy, so that no settings of the person who tests are read or overwritten.
  folder = join(shell.home, 'ask-an-llm');
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.endsWith('.openai.env') });
  for (const name of ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL']) shell.setEnv(name, '');
});
afterEach(async () => {
  await shell.close();
});

/** A line of the README. */
function told(line: string): string {
  expect(README).toContain(line);
  return line;
}

/** The address that a process says it listens at. */
async function startsAt(line: string): Promise<URL> {
  const started = shell.start(line, folder);
  await started.says(/ready .*http:\S+/i);
  return new URL(/http:\S+/.exec(started.stdout)?.[0] ?? '');
}

/** `.openai.env` as the README makes it, but for the port. */
async function chooseModel(trouble = ''): Promise<void> {
  const { port } = await startsAt(`PORT=0 ${told('npx tsx local-model.ts')} --trouble "${trouble}"`);
  await shell.done(told('cp .openai.env.example .openai.env'), folder);
  const file = join(folder, '.openai.env');
  writeFileSync(file, readFileSync(file, 'utf8').replace('8080', port));
}

async function startApp(): Promise<URL> {
  shell.setEnv('PORT', '0');
  const address = await startsAt(told('npx tsx app.ts'));
  shell.setEnv('PORT', address.port);
  return address;
}

async function startAll(trouble = ''): Promise<{ app: URL; worker: Started }> {
  await chooseModel(trouble);
  await shell.serve(told('npx bgtask server start'));
  const worker = await shell.serve(told('npx bgtask task serve tasks.ts'), folder);
  return { app: await startApp(), worker };
}

async function post(app: URL, question: string): Promise<URL> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }; // as curl --data sends it
  const response = await fetch(new URL('/question', app), { method: 'POST', headers, body: question });
  expect(response.status).toBe(202);
  return new URL(response.headers.get('location') ?? '', app);
}

const inspect = async (id: string) => JSON.parse(await shell.done(`npx bgtask run inspect ${id} --json`)) as RunSeen;
const wait = async (id: string) => void (await shell.run(`npx bgtask run wait ${id} --timeout 60s`));
const idOf = (address: URL) => address.pathname.replace('/answer/', '');

describe('a question', () => {
  test('is taken at once, tells its state, and gives the answer; the same again is answered from the cache', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { app } = await startAll();
    const said = (await shell.done(told(ASK), folder)).trimEnd().split('\n');
    expect(said.slice(-3)).toEqual(['Completed!', ...ANSWER.split('\n')]);
    expect(said.slice(0, -3).length).toBeGreaterThanOrEqual(1);
    expect(said.slice(0, -3).filter((line) => !/^Task is (SCHEDULED|PENDING|RUNNING)$/.test(line))).toEqual([]);

    const address = await post(app, 'What is the meaning of life?');
    await wait(idOf(address));
    expect(await inspect(idOf(address))).toMatchObject({ name: 'What is the meaning of life?', stateName: 'Cached' });
    const answer = await fetch(address);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      expect.stringMatching('text/plain'),
      ANSWER,
    ]);
  });

  test('that is hostile is answered in kind, and its tone is kept with the run', { timeout: TIMEOUT_MS }, async () => {
    const { app } = await startAll();
    const address = await post(app, 'You stupid machine, what now?');
    await wait(idOf(address));
    expect(await (await fetch(address)).text()).toMatch(/^Oh, how charming\./);
    expect(await inspect(idOf(address))).toMatchObject({ task: 'getHelp', state: 'COMPLETED', meta: { tone: 'hostile' } });
  });

  test('shows its answer grow while the model writes it', { timeout: TIMEOUT_MS }, async () => {
    const { app } = await startAll();
    const follow = `import { getRun } from 'bgtask';
      for await (const event of getRun(process.argv[2] ?? '').events()) console.log(event.type, event.type === 'progress' ? event.note : '');`;
    writeFileSync(join(shell.home, 'follow.ts'), follow);
    await shell.done('npx bgtask task pause getHelp'); // until somebody looks on
    const address = await post(app, 'Please, how do I fold a map?');
    const following = shell.start(`npx tsx follow.ts ${idOf(address)}`);
    await following.says(/state/);
    await shell.done('npx bgtask task resume getHelp');
    const notes = (await following.ended).stdout.split('\n').filter((line) => line.startsWith('progress …'));
    expect(new Set(notes).size).toBeGreaterThanOrEqual(2);
  });

  test('that is none, or too long, is refused', { timeout: TIMEOUT_MS }, async () => {
    const app = await startApp();
    const statuses = ['', '   ', 'x'.repeat(5_000)].map(
      async (body) => (await fetch(new URL('/question', app), { method: 'POST', body })).status,
    );
    expect(await Promise.all(statuses)).toEqual([400, 400, 413]);
  });

  test('without a bgtask server is answered with 503', { timeout: TIMEOUT_MS }, async () => {
    const app = await startApp();
    const response = await fetch(new URL('/question', app), { method: 'POST', body: 'Is anybody there?' });
    expect([response.status, await response.json()]).toEqual([503, { message: expect.stringMatching(/^No bgtask server answers/) }]);
  });
});

describe('an answer', () => {
  test('of a run that is not there, or of another task, is not found; of a cancelled one there is none', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await shell.serve('npx bgtask server start');
    const app = await startApp();
    const other = JSON.parse(await shell.done('npx bgtask task run other --json')) as RunSeen;
    const ids = ['nonsense', '0193a3f0-0000-7000-8000-000000000000', other.id];
    const statuses = ids.map(async (id) => (await fetch(new URL(`/answer/${id}`, app))).status);
    expect(await Promise.all(statuses)).toEqual([404, 404, 404]);

    const address = await post(app, 'Does it wait?');
    const open = await fetch(address);
    expect([open.status, await open.json()]).toEqual([202, { state: 'SCHEDULED' }]);
    await shell.done(`npx bgtask run cancel ${idOf(address)}`);
    const ended = await fetch(address);
    expect([ended.status, await ended.json()]).toEqual([500, { state: 'CANCELLED', message: expect.any(String) }]);
  });
});

describe('a model', () => {
  test('that is busy, fails, answers oddly and breaks off is asked again, after as long as it says', { timeout: TIMEOUT_MS }, async () => {
    const { app } = await startAll(told('busy,500,odd,cut'));
    const address = await post(app, 'What is the meaning of life?');
    await wait(idOf(address));
    expect(await (await fetch(address)).text()).toBe(ANSWER);
    const { history } = await inspect(idOf(address));
    const retries = history.filter(({ name, reason }) => name === 'AwaitingRetry' && !reason?.includes('Out of luck'));
    expect(retries.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('429 Rate limit reached'),
      expect.stringContaining('500 The server had an error'),
      expect.stringContaining('in another form than it was asked for'),
      expect.stringContaining('The answer broke off.'),
    ]);
    const busy = history.indexOf(retries[0] as (typeof retries)[number]);
    const waitedMs = Date.parse(history[busy + 1]?.at ?? '') - Date.parse(history[busy]?.at ?? '');
    expect(waitedMs).toBeGreaterThanOrEqual(2_000);
  });

  test('that does not know the key fails the run at once, with what it says', { timeout: TIMEOUT_MS }, async () => {
    shell.setEnv('OPENAI_API_KEY', 'wrong');
    const { app } = await startAll();
    const { code, stderr } = await shell.run(ASK, folder);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('There is no answer: 500 {"state":"FAILED","message":"401 Incorrect API key'),
    ]);
    expect((await fetch(new URL('/answer/nonsense', app))).status).toBe(404);
  });

  test('without a key is missed when the worker starts, with the name of the file that is to hold it', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { code, stderr } = await shell.run('npx bgtask task serve tasks.ts --no-watch', folder);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`copy .openai.env.example to ${join(folder, '.openai.env')}`)]);
  });
});

test('what the guide shows of the example is what it is', () => {
  const sources = ['app.ts', 'llm.ts'].map((name) => readFileSync(join(EXAMPLE, name), 'utf8'));
  const shown = blocksOf(readPage('docs/guide/15-ask-an-llm.md')).filter((block) => block.language === 'ts' && block.skipped);
  expect(shown.length).toBeGreaterThanOrEqual(3);
  expect(shown.filter(({ body }) => !sources.some((source) => source.includes(body)))).toEqual([]);
});
