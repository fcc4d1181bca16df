import { afterAll, beforeAll, expect, test } from 'vitest';
import RunInspect from '../../../commands/run/inspect.ts';
import type { RunView } from '../../../src/core/api.ts';
import { runContext, task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
let id: string;
beforeAll(async () => {
  server = await testServer();
  await server.serve(
    task('greet', async (who: { name: string; password: string }) => {
      runContext().meta.set('invoice', { id: 42 });
      throw new TypeError(`no ${who.name}`, { cause: new Error('why') });
    }),
  );
  const [run] = await server.client.submit([{ task: 'greet', args: [{ name: 'Ford', password: 'canary' }], options: { tags: ['vip'] } }]);
  id = (await server.client.final(run?.id as string)).id;
});
afterAll(() => server.close());

test('--json prints the run as the API has it, with its history', async () => {
  const run = (await bgtask(RunInspect, [id, '--json'], server.env)).json<RunView>();
  const fields = [
    'id',
    'task',
    'name',
    'state',
    'stateName',
    'attempt',
    'maxAttempts',
    'crashes',
    'args',
    'result',
    'error',
    'tags',
    'priority',
  ];
  const times = [
    'worker',
    'idempotencyKey',
    'parentId',
    'waitFor',
    'createdAt',
    'dueAt',
    'startedAt',
    'endedAt',
    'progress',
    'meta',
    'history',
  ];
  expect(Object.keys(run)).toEqual(expect.arrayContaining([...fields, ...times]));
  expect(run).toMatchObject({ id, state: 'FAILED', args: [{ name: 'Ford', password: 'canary' }], tags: ['vip'], worker: 'test-worker' });
  expect(run.error).toMatchObject({ name: 'TypeError', message: 'no Ford', cause: { name: 'Error', message: 'why' } });
  expect(run.createdAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(run.history?.map((entry) => entry.state)).toEqual(['SCHEDULED', 'PENDING', 'RUNNING', 'FAILED']);
});

test('a person sees everything on one page, but no secrets unless --reveal', async () => {
  const { stdout } = await bgtask(RunInspect, [id], server.env);
  expect(stdout).toContain(`Run         ${id}\n`);
  expect(stdout).toMatch(/^State {7}FAILED$/m);
  expect(stdout).toContain("Arguments   { name: 'Ford', password: '***' }");
  expect(stdout).toContain('Meta        invoice: { id: 42 }');
  expect(stdout).toMatch(/^Error {7}TypeError: no Ford$/m);
  expect(stdout).toContain('Caused by Error: why');
  expect(stdout).toMatch(/^TIME +STATE +ATTEMPT/m);
  expect(stdout).not.toContain('canary');
  expect((await bgtask(RunInspect, [id, '--reveal'], server.env)).stdout).toContain('canary');
});

test('an id that is none exits 1; one that begins like it is suggested', async () => {
  const { exit, stderr } = await bgtask(RunInspect, [id.slice(0, 12)], server.env);
  expect(exit).toBe(1);
  expect(stderr).toContain(`Did you mean ${id}? (greet)`);
  expect((await bgtask(RunInspect, ['nope', '--json'], server.env)).json()).toMatchObject({ error: { code: 'BGTASK_RUN_NOT_FOUND' } });
});

test('a run that was started by another, or started some, is shown in its tree', async () => {
  const submit = async (task: string, parentId?: string) =>
    (await server.client.submit([{ task, args: [], options: { parentId } }]))[0]?.id as string;
  const top = await submit('top');
  const middle = await submit('middle', top);
  const left = await submit('left', middle);
  const right = await submit('right', middle);
  const leaf = await submit('leaf', left);
  const { stdout } = await bgtask(RunInspect, [middle], server.env);
  expect(stdout.split('\n\n').at(-1)).toBe(
    [
      `SCHEDULED  top  ${top}`,
      `└ SCHEDULED  middle  ${middle}  ← this run`,
      `  ├ SCHEDULED  left  ${left}`,
      `  │ └ SCHEDULED  leaf  ${leaf}`,
      `  └ SCHEDULED  right  ${right}`,
      '',
    ].join('\n'),
  );
  expect((await bgtask(RunInspect, [id], server.env)).stdout).not.toContain('this run');
});

test('the runs it repeats are shown back to the first', async () => {
  const again = async (of: string) => (await server.client.request<RunView>('POST', `/runs/${of}/replay`)).id;
  const second = await again(id);
  const third = await again(second);
  expect((await bgtask(RunInspect, [third], server.env)).stdout).toContain(`Repeats     ${second} ← ${id}\n`);
  expect((await bgtask(RunInspect, [third, '--json'], server.env)).json()).toMatchObject({ retryOf: second });
});

test('a run can be named by the last eight characters of its id', async () => {
  const { stdout, exit } = await bgtask(RunInspect, [id.slice(-8), '--json'], server.env);
  expect({ exit, id: JSON.parse(stdout).id }).toEqual({ exit: 0, id });
});
