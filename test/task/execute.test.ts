import { describe, expect, test, vi } from 'vitest';
import { RunCancelledError, TaskRunError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { decodeResult } from '../../src/core/values.ts';
import { systemClock } from '../../src/system/system.ts';
import { runContext } from '../../src/task/context.ts';
import { tellMove } from '../../src/task/execute.ts';
import { attempt, define } from './helpers.ts';

describe('a result', () => {
  test.each([
    ['null', null],
    ['0', 0],
    ['an empty text', ''],
    ['false', false],
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['a Map with a Date', new Map([['at', new Date(5)]])],
  ])('%s is kept as it is', async (_name, value) => {
    const { outcome } = await attempt(define(() => value));
    expect(outcome.type).toBe('succeed');
    expect(decodeResult(outcome.type === 'succeed' ? outcome.result : 'x')).toEqual(value);
  });

  test('of a promise is what the promise gives', async () => {
    const { outcome } = await attempt(
      define(async (name: string) => `Hello, ${name}!`),
      ['Marvin'],
    );
    expect(outcome).toEqual({ type: 'succeed', result: '"Hello, Marvin!"' });
  });

  test('that cannot be stored fails the run for good and says where it is wrong', async () => {
    const definition = define(() => ({ deep: [() => 1] }), { retries: 5 });
    const { outcome } = await attempt(definition);
    expect(outcome).toMatchObject({ type: 'fail', retry: false, timedOut: false, error: { name: 'ValueError' } });
    expect(outcome.type === 'fail' && outcome.error.message).toMatch(/^result\.deep\[0\] is a function/);
  });

  test('above the limit fails the run for good with its size', async () => {
    const definition = define(() => 'x'.repeat(LIMITS.resultBytes), { retries: 5 });
    const { outcome } = await attempt(definition);
    expect(outcome).toMatchObject({ type: 'fail', retry: false });
    expect(outcome.type === 'fail' && outcome.error.message).toBe(
      `result has ${LIMITS.resultBytes + 2} bytes as it is stored; the most is ${LIMITS.resultBytes}.`,
    );
  });

  test('just within the limit is kept, also where its text is shorter than its bytes', async () => {
    const { outcome } = await attempt(define(() => 'é'.repeat((LIMITS.resultBytes - 2) / 2)));
    expect(outcome.type).toBe('succeed');
  });
});

describe('an error', () => {
  test('is told with name, message, stack and cause', async () => {
    const { outcome } = await attempt(
      define(() => {
        throw new RangeError('too far', { cause: new Error('the road') });
      }),
    );
    expect(outcome).toMatchObject({
      type: 'fail',
      retry: false,
      retryDelayMs: 0,
      error: { name: 'RangeError', message: 'too far', stack: expect.stringContaining('execute.test'), cause: { message: 'the road' } },
    });
  });

  test.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a text', 'no', 'no'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
  ])('may be %s', async (_name, thrown, message) => {
    const { outcome } = await attempt(define(() => Promise.reject(thrown)));
    expect(outcome).toMatchObject({ type: 'fail', error: { name: 'Error', message, stack: null } });
  });

  test('that cannot even be read is still an outcome', async () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'message', {
      get() {
        throw new Error('no');
      },
    });
    const { outcome } = await attempt(define(() => Promise.reject(hostile)));
    expect(outcome).toMatchObject({ type: 'fail', error: { message: 'Something was thrown that cannot be read' } });
  });

  test('of any size is cut to what a frame can carry', async () => {
    const { outcome } = await attempt(define(() => Promise.reject(new Error('x'.repeat(5_000_000)))));
    expect(JSON.stringify(outcome).length).toBeLessThan(100_000);
  });
});

describe('a timeout', () => {
  const untilAborted = () =>
    new Promise((_resolve, reject) => {
      const { signal } = runContext();
      signal.addEventListener('abort', () => reject(signal.reason));
    });

  test('aborts the signal, and the failure is TimedOut and tried again', async () => {
    const { outcome } = await attempt(define(untilAborted, { timeout: 5, retries: 1 }));
    expect(outcome).toMatchObject({ type: 'fail', timedOut: true, retry: true, error: { name: 'TaskTimeoutError', cause: null } });
  });

  test('of the submit wins over the one of the definition', async () => {
    const { outcome } = await attempt(define(untilAborted, { timeout: '1h' }), [], { timeoutMs: 5 });
    expect(outcome).toMatchObject({ error: { message: "An attempt of task 'greet' took longer than its timeout of 5 ms." } });
  });

  test('counts where the function settles late, whatever it gives', async () => {
    const busy = () => {
      const until = performance.now() + 20;
      while (performance.now() < until);
      return 'done';
    };
    expect((await attempt(define(busy, { timeout: 5 }))).outcome).toMatchObject({ type: 'fail', timedOut: true });
  });

  test('keeps what was thrown late as its cause', async () => {
    const late = async () => {
      await untilAborted().catch(() => {});
      throw new Error('interrupted');
    };
    expect((await attempt(define(late, { timeout: 5 }))).outcome).toMatchObject({
      timedOut: true,
      error: { cause: { message: 'interrupted' } },
    });
  });

  test('gives up on code that goes on only where a grace is set', async () => {
    const endless = define(() => new Promise(() => {}), { timeout: 5 });
    expect((await attempt(endless, [], { graceMs: 5 })).outcome).toMatchObject({ timedOut: true });
  });

  test('does not touch what ends in time', async () => {
    expect((await attempt(define(async () => 1, { timeout: '1m' }))).outcome).toEqual({ type: 'succeed', result: '1' });
  });
});

describe('a cancellation', () => {
  test('ends as stopped when the function gives in', async () => {
    const controller = new AbortController();
    const definition = define(() => {
      controller.abort(new RunCancelledError());
      runContext().signal.throwIfAborted();
    });
    expect((await attempt(definition, [], { signal: controller.signal })).outcome).toEqual({ type: 'stopped' });
  });

  test('reaches the function through the signal of its timeout too', async () => {
    const controller = new AbortController();
    const definition = define(
      () => {
        const { signal } = runContext();
        controller.abort(new RunCancelledError());
        signal.throwIfAborted();
      },
      { timeout: '1m' },
    );
    expect((await attempt(definition, [], { signal: controller.signal })).outcome).toEqual({ type: 'stopped' });
  });

  test('does not undo a success that came all the same', async () => {
    const controller = new AbortController();
    const definition = define(() => {
      controller.abort(new RunCancelledError());
      return 'sent';
    });
    expect((await attempt(definition, [], { signal: controller.signal })).outcome).toEqual({ type: 'succeed', result: '"sent"' });
  });
});

describe('a schema', () => {
  const numberFromText = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value: unknown) =>
        typeof value === 'string' ? { value: Number(value) } : { issues: [{ message: 'expected text', path: [{ key: 'n' }, 0] }] },
    },
  };

  test('gives the function what it makes of the input', async () => {
    const double = define((n: number) => n * 2, { input: numberFromText });
    expect((await attempt(double, ['21'])).outcome).toEqual({ type: 'succeed', result: '42' });
  });

  test('refuses for good and without calling the function', async () => {
    const fn = vi.fn();
    const { outcome } = await attempt(define(fn, { input: numberFromText, retries: 3 }), [21]);
    expect(outcome).toMatchObject({ type: 'fail', retry: false, error: { name: 'InvalidInputError' } });
    expect(outcome.type === 'fail' && outcome.error.message).toBe("The input of task 'greet' is not valid: n.0: expected text.");
    expect(fn).not.toHaveBeenCalled();
  });
});

describe('hooks', () => {
  test('are called once for each move, in order, with the run and its arguments, in the context of the run', async () => {
    const told: unknown[] = [];
    const definition = define((name: string) => `Hello, ${name}!`);
    const note =
      (kind: string) =>
      (run: never, ...args: readonly unknown[]) => {
        const { state, stateName, result } = run as { state: string; stateName: string; result: unknown };
        told.push([kind, runContext().runId, state, stateName, result, ...args]);
      };
    definition.hooks.onRunning.push(note('running'));
    definition.hooks.onCompleted.push(note('first'), note('second'));
    definition.hooks.onFailed.push(note('failed'));
    await attempt(definition, ['Marvin']);
    expect(told).toEqual([
      ['running', 'run-1', 'RUNNING', 'Running', null, 'Marvin'],
      ['first', 'run-1', 'COMPLETED', 'Completed', 'Hello, Marvin!', 'Marvin'],
      ['second', 'run-1', 'COMPLETED', 'Completed', 'Hello, Marvin!', 'Marvin'],
    ]);
  });

  test('of a failed attempt tell a retry from the end', async () => {
    const boom = new Error('boom');
    const definition = define(() => Promise.reject(boom), { retries: 1 });
    const [onRunning, onRetrying, onFailed] = [vi.fn(), vi.fn(), vi.fn()];
    definition.hooks.onRunning.push(onRunning);
    definition.hooks.onRetrying.push(onRetrying);
    definition.hooks.onFailed.push(onFailed);
    await attempt(definition);
    expect(onRetrying.mock.calls).toEqual([[expect.objectContaining({ state: 'SCHEDULED', stateName: 'AwaitingRetry', error: boom })]]);
    expect(onFailed).not.toHaveBeenCalled();
    await attempt(definition, [], { attempt: 2, failures: 1 });
    expect(onRetrying).toHaveBeenCalledTimes(1);
    expect(onRunning.mock.calls.map(([run]) => run.stateName)).toEqual(['Running', 'Retrying']);
    const [[{ error, stateName }]] = onFailed.mock.calls as [[{ error: TaskRunError; stateName: string }]];
    expect(stateName).toBe('Failed');
    expect(error).toBeInstanceOf(TaskRunError);
    expect(error.message).toBe('boom');
    expect(error.cause).toBe(boom);
  });

  test('that throw, at once or later, are logged and change nothing; the next one is still called', async () => {
    const definition = define(() => 1);
    const last = vi.fn();
    definition.hooks.onCompleted.push(
      () => {
        throw new Error('first');
      },
      () => Promise.reject(new Error('second')),
      last,
    );
    const { outcome, logs } = await attempt(definition);
    expect(outcome).toEqual({ type: 'succeed', result: '1' });
    expect(logs.map((line) => line.text)).toEqual([
      expect.stringMatching(/A hook onCompleted of task 'greet' failed.*first/s),
      expect.stringMatching(/A hook onCompleted of task 'greet' failed.*second/s),
    ]);
    expect(last).toHaveBeenCalledOnce();
  });

  test('that take for ever are left behind', async () => {
    const after = vi.fn((_ms: number, fn: () => void) => {
      queueMicrotask(fn);
      return { cancel() {} };
    });
    const definition = define(() => 1);
    definition.hooks.onCompleted.push(() => new Promise(() => {}));
    const { outcome, logs } = await attempt(definition, [], { clock: { now: () => 0, monotonic: () => 0, after } });
    expect(outcome.type).toBe('succeed');
    expect(logs[0]?.text).toContain('It took longer than 30.0s');
  });

  test('onCancelled are called for a cancelled run and not for one that is stopped otherwise', async () => {
    const onCancelled = vi.fn();
    for (const reason of [new Error('draining'), new RunCancelledError('Not needed.')]) {
      const controller = new AbortController();
      const definition = define(() => {
        controller.abort(reason);
        throw reason;
      });
      definition.hooks.onCancelled.push(onCancelled);
      await attempt(definition, [], { signal: controller.signal });
    }
    expect(onCancelled.mock.calls).toEqual([[expect.objectContaining({ state: 'CANCELLED', error: expect.any(TaskRunError) })]]);
  });

  test('of a move that was made elsewhere are called with its run, and may print and throw', async () => {
    const crashed = { id: 'run-1', task: 'greet', name: null, state: 'CRASHED', stateName: 'Crashed', attempt: 3, maxAttempts: 1 } as const;
    const run = { ...crashed, args: ['Ford'], tags: [], parentId: null, result: null, error: new Error('its process died') };
    const definition = define(() => 1);
    const onCrashed = vi.fn(() => {
      throw new Error(runContext().runId);
    });
    definition.hooks.onCrashed.push(onCrashed);
    const logs: string[] = [];
    const { signal } = new AbortController();
    const source = { runId: 'run-1', attempt: 3, signal, clock: systemClock, onProgress: () => {} };
    await tellMove(definition, 'onCrashed', run, { ...source, onLog: (line) => logs.push(line.text) });
    expect(onCrashed.mock.calls).toEqual([[run, 'Ford']]);
    expect(logs).toEqual([expect.stringMatching(/A hook onCrashed of task 'greet' failed; the run goes on: Error: run-1/)]);
  });

  test('do not use up the time of the function', async () => {
    const phases: string[] = [];
    const definition = define(() => phases.push('called'), { timeout: '1m' });
    definition.hooks.onRunning.push(() => phases.push('onRunning'));
    definition.hooks.onCompleted.push(() => phases.push('onCompleted'));
    await attempt(definition, [], { onPhase: (phase) => phases.push(phase) });
    expect(phases).toEqual(['onRunning', 'function', 'called', 'after', 'onCompleted']);
  });
});
