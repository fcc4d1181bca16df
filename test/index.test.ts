import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as bgtask from '../src/index.ts';
import { allowFailure, asCompleted, connect, getRun, runContext, serve, TaskRunError, task, taskRef, waitAll } from '../src/index.ts';
import { defaultClient } from '../src/task/default-client.ts';
import { type TestServer, testServer } from './helpers/cli-server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'src/index.ts');

describe('importing bgtask', () => {
  const graph = staticGraph(entry);

  test('gives what the documentation speaks of', () => {
    expect(
      Object.keys(bgtask)
        .filter((name) => !/Error$/.test(name))
        .sort(),
    ).toEqual(['allowFailure', 'asCompleted', 'connect', 'getRun', 'runContext', 'serve', 'task', 'taskRef', 'waitAll']);
  });

  test('loads no package that is not light', () => {
    expect(graph.files.size).toBeGreaterThanOrEqual(30);
    expect([...graph.packages].sort()).toEqual(['devalue', 'node:async_hooks', 'node:os', 'node:util', 'parse-duration']);
  });

  test('loads neither worker nor settings', () => {
    expect([...graph.files].filter((file) => /src\/(worker|server|store|cli|tui)\/|config\/(?!nearest)/.test(file))).toEqual([]);
  });

  test('awaits nothing at the top, so that CommonJS can require it', () => {
    expect([...graph.files].filter((file) => hasTopLevelAwait(parse(file)))).toEqual([]);
  });
});

describe('with a server and a worker', () => {
  let server: TestServer;
  const told: string[] = [];
  const gone: Error = new RangeError('too far', { cause: new Error('the road') });

  const greet = task('greet', { tags: ['polite'], runName: (name: string) => `greet ${name}` }, async (name: string) => {
    console.log('greeting', name);
    return `Hello, ${name}!`;
  });
  const shout = task('shout', (text: string, times = 1) => text.toUpperCase() + '!'.repeat(times));
  const fail = task('fail', () => Promise.reject(gone));
  const flaky = task('flaky', { retries: 2 }, () => {
    const { attempt, attemptKey } = runContext();
    if (attempt < 3) throw new Error(`attempt ${attempt}`);
    return attemptKey;
  });
  const settled = task('settled', (end: PromiseSettledResult<string>) => end.status);
  const parent = task('parent', async (name: string) => {
    runContext().progress(1, 2, 'half');
    return [await greet(name), (await shout.delay(name)).id];
  });
  greet.onCompleted((run, name) => void told.push(`${run.state} ${name} ${run.result}`));
  fail.onFailed((run) => void told.push(`${run.stateName} ${run.error.message}`));

  let worker: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    server = await testServer();
    for (const [key, value] of Object.entries(server.env)) vi.stubEnv(key, value);
    worker = await serve([greet, shout, fail, flaky, settled, parent], { isolation: 'none', onEvent: () => {} });
    await worker.ready;
  }, 60_000);
  afterAll(async () => {
    await worker.stop();
    await defaultClient().close();
    vi.unstubAllEnvs();
    await server.close();
  });

  test('a delayed call runs there, and its future gives the result, the run and its events', async () => {
    told.length = 0;
    const future = await greet.delay('Agrajag');
    expect(await future.result({ timeout: '10s' })).toBe('Hello, Agrajag!');
    expect(await future.get()).toMatchObject({ task: 'greet', name: 'greet Agrajag', tags: ['polite'], state: 'COMPLETED', attempt: 1 });
    expect(told).toEqual(['COMPLETED Agrajag Hello, Agrajag!']);
    const events: string[] = [];
    for await (const event of future.events())
      events.push(event.type === 'state' ? event.run.state : event.type === 'log' ? event.text : '');
    expect(events).toContain('COMPLETED');
  });

  test('many calls come back in order, by map and by delayMany', async () => {
    const mapped = await shout.map(['ford', 'arthur'], 2);
    expect((await waitAll(mapped)).map((run) => run.result)).toEqual(['FORD!!', 'ARTHUR!!']);
    const many = await shout.delayMany([['a'], ['b', 3]], { tags: ['bulk'] });
    const results: string[] = [];
    for await (const future of asCompleted(many)) results.push(await future.result());
    expect(results.sort()).toEqual(['A!', 'B!!!']);
  });

  test('an error reaches the caller with its remote self as the cause; wait gives the failed run', async () => {
    const future = await fail.delay();
    const error = await future.result().catch((thrown: unknown) => thrown as TaskRunError);
    expect(error).toBeInstanceOf(TaskRunError);
    expect(error).toMatchObject({
      name: 'TaskRunError',
      message: 'too far',
      runId: future.id,
      task: 'fail',
      state: 'FAILED',
      stateName: 'Failed',
    });
    expect(error).toMatchObject({ cause: { name: 'RangeError', message: 'too far', cause: { message: 'the road' } } });
    expect(await future.wait()).toMatchObject({ state: 'FAILED', result: null });
    expect(told).toContain('Failed too far');
  });

  test('retries count, and the key for side effects stays the same', async () => {
    const future = await flaky.delay();
    expect(await future.result()).toBe(`flaky/${future.id}`);
    expect(await future.get()).toMatchObject({ attempt: 3, maxAttempts: 3 });
    expect(await (await flaky.applyAsync([], { retries: 0 })).wait()).toMatchObject({ state: 'FAILED', attempt: 1 });
  });

  test('futures may be arguments, also of runs that fail', async () => {
    const first = await greet.delay('Ford');
    expect(await (await shout.delay(first)).result()).toBe('HELLO, FORD!!');
    const failing = await fail.delay();
    expect(await (await settled.delay(allowFailure(failing))).result()).toBe('rejected');
    expect(await (await settled.delay(allowFailure(first))).result()).toBe('fulfilled');
    expect(await (await shout.delay(failing)).wait()).toMatchObject({ state: 'FAILED', stateName: 'UpstreamFailed' });
  });

  test('a ref, an id and an idempotency key lead to runs as the task does', async () => {
    const byName = await taskRef<typeof greet>('greet').applyAsync(['Zaphod'], { idempotencyKey: 'once' });
    expect(await byName.result()).toBe('Hello, Zaphod!');
    const again = await greet.applyAsync(['Zaphod'], { idempotencyKey: 'once' });
    expect([again.id, again.deduplicated]).toEqual([byName.id, true]);
    expect(await getRun(byName.id).result()).toBe('Hello, Zaphod!');
    await expect(shout.getRun(byName.id).get()).rejects.toThrow("This is a run of task 'greet', not of 'shout'");
  });

  test('a direct call is recorded, with its log, its name and its parent', async () => {
    const [text, childId] = await (await parent.delay('Trillian')).result();
    expect(text).toBe('Hello, Trillian!');
    const connection = connect();
    const find = async (name: string) => (await connection.runs({ limit: 100 })).find((run) => run.name === name && run.worker !== null);
    await expect.poll(async () => (await find('greet Trillian'))?.state).toBe('COMPLETED');
    const direct = await find('greet Trillian');
    const child = await getRun(childId ?? '').wait();
    expect(direct?.parentId).toBe(child.parentId);
    expect(direct?.result).toBe('Hello, Trillian!');
    const logs = await server.client.request<{ text: string }[]>('GET', `/runs/${direct?.id}/logs`);
    expect(logs.map((line) => line.text)).toEqual(['greeting Trillian']);
    await connection.close();
  });

  test('a direct call that fails throws its own error and is recorded as failed', async () => {
    await expect(fail()).rejects.toBe(gone);
    const connection = connect({ url: server.server.url });
    const newest = async () => (await connection.runs({ task: 'fail', limit: 1 }))[0];
    await expect.poll(async () => (await newest())?.state).toBe('FAILED');
    await connection.close();
  });

  test('an explicit connection submits bound tasks', async () => {
    const connection = connect({ url: server.server.url });
    expect(await (await connection.bind(shout).delay('hi', 2)).result()).toBe('HI!!');
    await connection.close();
  });

  test('a script that only calls a task here leaves its run behind and ends by itself', async () => {
    const { code, stdout, stderr } = await script("await greet('Script'); console.log('done');", server.env);
    expect([code, stdout, stderr]).toEqual([0, 'hello Script\ndone\n', '']);
    await expect
      .poll(async () => (await server.client.request<{ runs: { task: string; state: string }[] }>('GET', '/runs?task=here&limit=5')).runs)
      .toMatchObject([{ task: 'here', state: 'COMPLETED' }]);
  });

  test('a script that delays and awaits nothing more ends by itself', async () => {
    const { code, stdout } = await script("const { id } = await greet.delay('Script'); console.log(id.length);", server.env);
    expect([code, stdout]).toEqual([0, '36\n']);
  });
});

test('without a server a direct call just works, and the script ends at once with nothing to say about it', async () => {
  const { code, stdout, stderr } = await script("console.log(await greet('Marvin'));", { BGTASK_API_URL: 'http://127.0.0.1:1' });
  expect([code, stdout, stderr]).toEqual([0, 'hello Marvin\nMarvin\n', '']);
});

test('without a server a delayed call says what to do', async () => {
  const { code, stderr } = await script("await greet.delay('Marvin');", { BGTASK_API_URL: 'http://127.0.0.1:1' });
  expect(code).toBe(1);
  expect(stderr).toContain('No bgtask server answers at http://127.0.0.1:1/api');
});

/** Runs a script that has a task `greet`, in a process and a folder of its own. */
async function script(code: string, env: Record<string, string>): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bgtask-script-'));
  const file = join(folder, 'script.mts');
  const head = `import { task } from ${JSON.stringify(entry)};
const greet = task('here', async (name: string) => { console.log('hello', name); return name; });`;
  writeFileSync(file, `${head}\n${code}\n`);
  const options = { cwd: root, env: { ...process.env, BGTASK_HOME: folder, ...env } };
  const child = spawn(process.execPath, ['--import', 'tsx', file], options);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = await new Promise<number | null>((done) => child.once('close', done));
  rmSync(folder, { recursive: true, force: true });
  return { code: exit, stdout, stderr };
}

/** What is loaded when `file` is imported: without types, and without what is imported later. */
function staticGraph(file: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    for (const name of loadedBy(parse(path))) {
      if (name.startsWith('.')) visit(resolve(dirname(path), name));
      else packages.add(name);
    }
  };
  visit(file);
  return { files, packages };
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}

function loadedBy(source: ts.SourceFile): string[] {
  return source.statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword;
    const isExport = ts.isExportDeclaration(statement) && !statement.isTypeOnly && statement.moduleSpecifier !== undefined;
    return isImport || isExport ? [(statement.moduleSpecifier as ts.StringLiteral).text] : [];
  });
}

function hasTopLevelAwait(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
  return ts.forEachChild(node, hasTopLevelAwait) ?? false;
}
