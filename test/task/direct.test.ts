import { describe, expect, test, vi } from 'vitest';
import { RunCancelledError } from '../../src/core/errors.ts';
import { runContext } from '../../src/task/context.ts';
import { taskMaker } from '../../src/task/task.ts';
import { FakeReach } from './fake-reach.ts';
import { attempt, define } from './helpers.ts';

function setup() {
  const reach = new FakeReach();
  return { reach, task: taskMaker(reach) };
}

describe('a direct call', () => {
  test('gives the very value of the function, stored form or not', async () => {
    const { task } = setup();
    const value = { fn: () => 1 };
    expect(await task('t', () => value)()).toBe(value);
    expect(await task('t', async (name = 'Marvin') => `Hello, ${name}!`)()).toBe('Hello, Marvin!');
    for (const kept of [undefined, null, 0, '']) expect(await task('t', () => kept)()).toBe(kept);
  });

  test('throws the very error of the function', async () => {
    const { task } = setup();
    const boom = new Error('boom');
    await expect(task('t', () => Promise.reject(boom))()).rejects.toBe(boom);
    await expect(task('t', () => Promise.reject(undefined))()).rejects.toBe(undefined);
  });

  test('gets its arguments as they are', async () => {
    const { task } = setup();
    const socket = { open: () => true };
    expect(await task('t', (given: { open(): boolean }) => given === socket)(socket)).toBe(true);
  });

  test('calls the function in the tick of the call', () => {
    const { task } = setup();
    const fn = vi.fn();
    void task('t', fn)();
    expect(fn).toHaveBeenCalledOnce();
  });

  test('tries again as the task says, with its waits', async () => {
    const { task } = setup();
    const attempts: number[] = [];
    const flaky = task('t', { retries: 2, retryDelay: [20, 1] }, () => {
      attempts.push(runContext().attempt);
      if (attempts.length < 3) throw new Error('not yet');
      return 'done';
    });
    const from = performance.now();
    expect(await flaky()).toBe('done');
    expect(performance.now() - from).toBeGreaterThanOrEqual(20);
    expect(attempts).toEqual([1, 2, 3]);
  });

  test('tries as often as withOptions says', async () => {
    const { task } = setup();
    const fn = vi.fn(() => Promise.reject(new Error('no')));
    await expect(task('t', { retries: 5 }, fn).withOptions({ retries: 1 })()).rejects.toThrow('no');
    expect(fn).toHaveBeenCalledTimes(2);
  });

  test('throws a TaskTimeoutError when the function gives in to its signal, and also when it never does', async () => {
    const { task } = setup();
    const obeying = task('obeying', { timeout: 5 }, () => {
      const { signal } = runContext();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });
    const endless = task('endless', { timeout: 5 }, () => new Promise(() => {}));
    await expect(obeying()).rejects.toMatchObject({ name: 'TaskTimeoutError', timeoutMs: 5 });
    await expect(endless()).rejects.toMatchObject({ name: 'TaskTimeoutError', timeoutMs: 5 });
  });

  test('calls each hook once for each move', async () => {
    const { task } = setup();
    const told: string[] = [];
    const flaky = task('t', { retries: 1 }, () => {
      if (runContext().attempt === 1) throw new Error('boom');
      return 'fine';
    });
    flaky.onRunning((run) => void told.push(`${run.state} ${run.stateName}`));
    flaky.onRetrying((run) => void told.push(`${run.stateName} ${run.error.message}`));
    flaky.onCompleted((run) => void told.push(`${run.state} ${run.result}`));
    await flaky();
    expect(told).toEqual(['RUNNING Running', 'AwaitingRetry boom', 'RUNNING Retrying', 'COMPLETED fine']);
  });

  test('inside a run belongs to it: the parent is known, and its cancellation reaches the inner call and its waits', async () => {
    const { reach, task } = setup();
    const inner = task('inner', { retries: 1, retryDelay: '1h' }, () => Promise.reject(new Error('boom')));
    const controller = new AbortController();
    const outer = define(async () => {
      const call = inner();
      setTimeout(() => controller.abort(new RunCancelledError()), 5);
      await call;
    });
    expect((await attempt(outer, [], { signal: controller.signal })).outcome).toEqual({ type: 'stopped' });
    expect(reach.recorded[0]).toMatchObject({ run: { task: 'inner', parentId: 'run-1' }, outcome: { type: 'fail', retry: false } });
  });
});

describe('the record of a direct call', () => {
  test('tells the run, its log lines and how it ended', async () => {
    const { reach, task } = setup();
    const greet = task('greet', { tags: ['own'], retries: 2, runName: (name: string) => `greet ${name}` }, (name: string) => {
      console.log('Hello', name);
      return new Date(0);
    });
    await greet.withOptions({ tags: ['vip'] })('Marvin');
    expect(reach.recorded).toMatchObject([
      {
        run: { task: 'greet', args: ['Marvin'], name: 'greet Marvin', tags: ['own', 'vip'], maxAttempts: 3, parentId: null },
        logs: [{ level: 'info', text: 'Hello Marvin', attempt: 1 }],
        outcome: { type: 'succeed', result: '{"$devalue":[["Date","1970-01-01T00:00:00.000Z"]]}' },
      },
    ]);
    expect(reach.recorded[0]?.run.runId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test('tells how far it is and what it has set', async () => {
    const { reach, task } = setup();
    await task('t', () => {
      runContext().progress(1, 2, 'half');
      runContext().meta.set('file', 'cat.png');
    })();
    const progress = { done: 1, total: 2, note: 'half' };
    expect(reach.recorded[0]?.shown).toEqual([{ progress }, { progress, meta: '{"file":"cat.png"}' }]);
  });

  test('has the outcome of the last attempt alone', async () => {
    const { reach, task } = setup();
    await expect(task('t', { retries: 1 }, () => Promise.reject(new RangeError('no')))()).rejects.toThrow();
    expect(reach.recorded).toMatchObject([{ outcome: { type: 'fail', attempt: 2, retry: false, error: { name: 'RangeError' } } }]);
  });

  test('tells each attempt that failed and each that followed', async () => {
    const { reach, task } = setup();
    let made = 0;
    const third = task('t', { retries: 5, retryDelay: [0, 1] }, () => {
      made += 1;
      if (made < 3) throw new RangeError(`no ${made}`);
      return new WeakMap();
    });
    await third();
    const error = (message: string) => expect.objectContaining({ name: 'RangeError', message });
    expect(reach.recorded[0]).toMatchObject({
      attempts: [
        { attempt: 1, failed: { error: error('no 1'), retryDelayMs: 0 } },
        { attempt: 2, failed: null },
        { attempt: 2, failed: { error: error('no 2'), retryDelayMs: 1 } },
        { attempt: 3, failed: null },
      ],
      logs: [{ attempt: 1 }, { attempt: 2 }, { level: 'warn', attempt: 3 }],
      outcome: { type: 'succeed', attempt: 3, result: null },
    });
  });

  test('says in words what cannot be stored, and the call does not fail for it', async () => {
    const { reach, task } = setup();
    await task('t', (_fn: () => void) => new WeakMap())(() => {});
    expect(reach.recorded).toMatchObject([
      {
        run: { args: ['[not stored: args[0] is a function and cannot be stored.]'] },
        logs: [{ level: 'warn', text: expect.stringContaining('result is of class WeakMap') }],
        outcome: { type: 'succeed', result: null },
      },
    ]);
  });

  test('has no name where runName throws, and the call does not fail for it', async () => {
    const { reach, task } = setup();
    const silent = vi.spyOn(console, 'error').mockReturnValue();
    const boom = (): string => {
      throw new Error('boom');
    };
    expect(await task('t', { runName: boom }, () => 1)()).toBe(1);
    expect(silent).toHaveBeenCalledOnce();
    silent.mockRestore();
    expect(reach.recorded).toMatchObject([{ run: { name: null } }]);
  });

  test('costs nothing where there is nobody to tell', async () => {
    const { reach, task } = setup();
    reach.isRecording = false;
    const hostile = {
      get x() {
        throw new Error('was read');
      },
    };
    expect(await task('t', (_given: object) => 1)(hostile)).toBe(1);
  });
});

describe('a cache', () => {
  test('is shared by the direct calls of a process: one computes at a time, and each caller has a copy', async () => {
    const { task } = setup();
    let calls = 0;
    const square = task('direct-square', { cache: { key: ['inputs'] } }, async (n: number) => {
      calls += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { n: n * n };
    });
    const [first, second] = await Promise.all([square(3), square(3)]);
    expect(second).toEqual({ n: 9 });
    expect(second).not.toBe(first);
    expect(await square(3)).toEqual({ n: 9 });
    expect(await square(4)).toEqual({ n: 16 });
    expect(calls).toBe(2);
  });

  test('computes again after a failure, and over the retries of one call', async () => {
    const { task } = setup();
    let calls = 0;
    const shaky = task('direct-shaky', { cache: { key: ['inputs'] }, retries: 1, retryDelay: 0 }, async (_n: number) => {
      calls += 1;
      if (calls < 4) throw new Error(`call ${calls}`);
      return calls;
    });
    await expect(shaky(1)).rejects.toThrow('call 2');
    expect(await shaky(1)).toBe(4);
    expect(await shaky(1)).toBe(4);
  });

  test('what cannot be stored goes to its caller and is not kept', async () => {
    const { task } = setup();
    let calls = 0;
    const odd = task('direct-odd', { cache: { key: ['inputs'] } }, async () => {
      calls += 1;
      return () => calls;
    });
    expect((await odd())()).toBe(1);
    expect((await odd())()).toBe(2);
  });
});
