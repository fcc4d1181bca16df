import { describe, expect, test, vi } from 'vitest';
import { refMaker, taskMaker } from '../../src/task/task.ts';
import { FakeReach } from './fake-reach.ts';

function setup() {
  const reach = new FakeReach();
  return { reach, task: taskMaker(reach), taskRef: refMaker(reach) };
}

describe('a task', () => {
  test('has the name it was given and prints as a function', () => {
    const { task } = setup();
    const greet = task('greet', (name: string) => `Hello, ${name}!`);
    expect(greet.name).toBe('greet');
    expect(Object.keys(greet)).toEqual([]);
  });

  test('delay submits one run and gives its future', async () => {
    const { reach, task } = setup();
    const greet = task('greet', (name: string) => `Hello, ${name}!`);
    await expect(greet.delay('Agrajag')).resolves.toMatchObject({ id: 'run-1', deduplicated: false });
    expect(reach.submitted).toEqual([[{ task: 'greet', args: ['Agrajag'] }]]);
  });

  test('delay reaches the client in the tick of the call, so that calls of one tick can share a request', () => {
    const { reach, task } = setup();
    const greet = task('greet', (name: string) => name);
    void greet.delay('Ford');
    void greet.delay('Prefect');
    expect(reach.submitted).toHaveLength(2);
  });

  test('applyAsync takes the arguments as a list, and options for the call', async () => {
    const { reach, task } = setup();
    const greet = task('greet', (name: string) => name);
    const before = await greet.delay('first');
    const at = new Date('2030-01-02T03:04:05Z');
    await greet.applyAsync(['Ford'], {
      at,
      ttl: '1h',
      idempotencyKey: 'k',
      idempotencyTtl: '1d',
      priority: '1m',
      tags: ['a'],
      runName: 'n',
      waitFor: [before],
      retries: 2,
      timeout: '30s',
      concurrencyKey: 'c',
    });
    expect(reach.last).toEqual({
      task: 'greet',
      args: ['Ford'],
      options: {
        at: '2030-01-02T03:04:05.000Z',
        ttl: 3_600_000,
        idempotencyKey: 'k',
        idempotencyTtl: 86_400_000,
        priority: 60_000,
        tags: ['a'],
        runName: 'n',
        waitFor: ['run-1'],
        retries: 2,
        timeout: 30_000,
        concurrencyKey: 'c',
      },
    });
    await greet.applyAsync(['Ford'], { delay: '5m' });
    expect(reach.last.options).toEqual({ delay: 300_000 });
  });

  test('delayMany and map are one submit each, in order', async () => {
    const { reach, task } = setup();
    const add = task('add', (a: number, b = 0) => a + b);
    const futures = await add.delayMany([[1], [2, 3]], { tags: ['t'] });
    expect(futures.map(({ id }) => id)).toEqual(['run-1', 'run-2']);
    await add.map([1, 2], 9);
    await add.map(new Set([7]));
    expect(reach.submitted).toEqual([
      [
        { task: 'add', args: [1], options: { tags: ['t'] } },
        { task: 'add', args: [2, 3], options: { tags: ['t'] } },
      ],
      [
        { task: 'add', args: [1, 9] },
        { task: 'add', args: [2, 9] },
      ],
      [{ task: 'add', args: [7] }],
    ]);
  });

  test('map over nothing asks for nothing', async () => {
    const { reach, task } = setup();
    await expect(task('t', (n: number) => n).map([])).resolves.toEqual([]);
    expect(reach.submitted).toEqual([]);
  });

  test('map refuses a text, which is no list of items', async () => {
    const { task } = setup();
    const greet = task('greet', (name: string) => name);
    await expect(greet.map('Ford' as never)).rejects.toThrow(/items of map of task 'greet' is "Ford"; expected a list or a set/);
  });

  test.each([
    ['applyAsync', 'Ford', /arguments of task 'greet' is "Ford"/],
    ['delayMany', 'Ford', /calls of task 'greet' is "Ford"/],
    ['delayMany', ['Ford'], /item 1 of the calls of task 'greet' is "Ford"/],
  ] as const)('%s refuses %j', async (method, args, message) => {
    const { task } = setup();
    const greet = task('greet', (name: string) => name);
    await expect(greet[method](args as never)).rejects.toThrow(message);
  });

  test('refuses options for a call that are wrong, before anything goes out', async () => {
    const { reach, task } = setup();
    const greet = task('greet', (name: string) => name);
    const options = { dely: '5s' } as never;
    await expect(greet.applyAsync(['x'], options)).rejects.toMatchObject({ code: 'BGTASK_INVALID_OPTION' });
    await expect(greet.delayMany([['x']], options)).rejects.toMatchObject({ code: 'BGTASK_INVALID_OPTION' });
    expect(() => greet.withOptions(options)).toThrow("A call of task 'greet' has no option 'dely'; did you mean 'delay'?");
    expect(reach.submitted).toEqual([]);
  });

  test('withOptions says options for every call; later ones win, tags add up, and the task itself stays as it was', async () => {
    const { reach, task } = setup();
    const greet = task('greet', { tags: ['own'] }, (name: string) => name);
    const vip = greet.withOptions({ tags: ['vip'], priority: '1m', retries: 1 }).withOptions({ retries: 2 });
    await vip.applyAsync(['Ford'], { tags: ['now', 'vip'], priority: '2m' });
    expect(reach.last.options).toEqual({ tags: ['own', 'vip', 'now'], priority: 120_000, retries: 2 });
    await greet.delay('Ford');
    expect(reach.last.options).toEqual({ tags: ['own'] });
  });

  test('getRun gives a future that knows its task', () => {
    const { task } = setup();
    expect(task('greet', () => 1).getRun('run-7')).toMatchObject({ id: 'run-7', task: 'greet' });
  });

  test('its methods can be taken out', async () => {
    const { task } = setup();
    const { delay } = task('greet', (name: string) => name);
    await expect(delay('x')).resolves.toMatchObject({ id: 'run-1' });
  });

  test('serve serves this task', async () => {
    const { reach, task } = setup();
    const greet = task('greet', () => 1);
    await greet.serve({ limit: 3 });
    expect(reach.served).toEqual([{ tasks: [greet], options: { limit: 3 } }]);
  });

  test('takes hooks, also through withOptions, and gives itself back', async () => {
    const { task } = setup();
    const greet = task('greet', (name: string) => name);
    const hook = vi.fn();
    expect(greet.onCompleted(hook)).toBe(greet);
    greet.withOptions({ tags: ['vip'] }).onCompleted(hook);
    await greet('Ford');
    expect(hook).toHaveBeenCalledTimes(2);
    expect(() => greet.onFailed(1 as never)).toThrow("The hook onFailed of task 'greet' is 1; expected a function.");
  });
});

describe('a ref', () => {
  test('submits by name alone and has no function', async () => {
    const { reach, task, taskRef } = setup();
    const greet = task('greet', (name: string) => name);
    const ref = taskRef<typeof greet>('greet');
    await expect(ref.withOptions({ tags: ['x'] }).delay('Ford')).resolves.toMatchObject({ id: 'run-1' });
    expect(reach.last).toEqual({ task: 'greet', args: ['Ford'], options: { tags: ['x'] } });
    expect(ref).not.toBeTypeOf('function');
    expect(ref.name).toBe('greet');
  });

  test('has a name that a task can have', () => {
    expect(() => setup().taskRef('send mail')).toThrow('The name of a task is "send mail"');
  });
});
