import { describe, expect, test } from 'vitest';
import { retryDelayMs } from '../../src/core/retry.ts';
import { defineTask } from '../../src/task/options.ts';

const define = (options: unknown) => defineTask('greet', options, () => 1);

describe('the name of a task', () => {
  test.each(['greet', 'send-mail', 'a.b:c_D9', 'x'.repeat(128)])('may be %s', (name) => {
    expect(defineTask(name, {}, () => 1).name).toBe(name);
  });

  test.each(['', 'send mail', 'ä', '../x', 'x'.repeat(129), undefined, 7])('may not be %s', (name) => {
    expect(() => defineTask(name, {}, () => 1)).toThrow(/^The name of a task is/);
  });

  test('may be that of a member of every object', () => {
    expect(defineTask('__proto__', {}, () => 1).info.name).toBe('__proto__');
  });
});

describe('the options of a task', () => {
  test('default to one attempt without limits', () => {
    const { info, options } = define({});
    expect(info).toEqual({
      name: 'greet',
      maxAttempts: 1,
      timeoutMs: null,
      retry: { delaysMs: [0], factor: 1, maxMs: Number.MAX_SAFE_INTEGER, jitter: 0 },
      concurrency: null,
      concurrencyPerKey: null,
    });
    expect(options).toMatchObject({ input: null, retryIf: null, ttlMs: null, tags: [], runName: null, idempotencyKey: null });
  });

  test('that are undefined count as not given', () => {
    expect(define({ retries: undefined, timeout: undefined, input: undefined }).info.maxAttempts).toBe(1);
  });

  test('are told to the server in its own form', () => {
    expect(define({ retries: 3, timeout: '30s', concurrency: 4 }).info).toMatchObject({
      maxAttempts: 4,
      timeoutMs: 30_000,
      concurrency: 4,
    });
    const key = () => 'k';
    const keyed = define({ concurrency: { limit: 2, key } });
    expect(keyed.info).toMatchObject({ concurrency: null, concurrencyPerKey: 2 });
    expect(keyed.options.concurrencyKey).toBe(key);
    expect(define({ concurrency: { limit: 2 } }).info).toMatchObject({ concurrency: 2, concurrencyPerKey: null });
  });

  test.each([
    ['one delay', '2s', [2_000, 2_000, 2_000]],
    ['a list, whose last repeats', ['1s', 10], [1_000, 10, 10]],
    ['growing', { delay: '1s', factor: 3, max: '5s' }, [1_000, 3_000, 5_000]],
    ['growing by two where nothing else is said', { delay: 10 }, [10, 20, 40]],
  ])('retryDelay may be %s', (_name, retryDelay, waits) => {
    const { retry } = define({ retryDelay }).info;
    expect([1, 2, 3].map((failures) => retryDelayMs(retry, failures, 0.5))).toEqual(waits);
  });

  test.each([
    [{ retrys: 3 }, "Task 'greet' has no option 'retrys'; did you mean 'retries'?"],
    [{ timeOut: 3 }, "Task 'greet' has no option 'timeOut'; did you mean 'timeout'?"],
    [{ retries: '3' }, 'retries of task \'greet\' is "3"; expected a whole number, 0 or more.'],
    [{ retries: 1.5 }, "retries of task 'greet' is 1.5; expected a whole number, 0 or more."],
    [{ retryDelay: '5 parsecs' }, 'retryDelay of task \'greet\' is "5 parsecs"; expected milliseconds or text'],
    [{ retryDelay: [] }, "retryDelay of task 'greet' is an array; expected a list with at least one duration."],
    [{ retryDelay: ['1s', -1] }, "item 2 of retryDelay of task 'greet' is -1; expected milliseconds"],
    [{ retryDelay: { delay: 1, factr: 2 } }, "The retryDelay of task 'greet' has no option 'factr'; did you mean 'factor'?"],
    [{ retryDelay: { factor: 2 } }, "delay in retryDelay of task 'greet' is undefined; expected milliseconds"],
    [{ retryJitter: 2 }, "retryJitter of task 'greet' is 2; expected a number from 0 to 1."],
    [{ retryIf: true }, "retryIf of task 'greet' is true; expected a function."],
    [{ timeout: 0 }, "timeout of task 'greet' is 0; expected more than 0 milliseconds"],
    [{ ttl: null }, "ttl of task 'greet' is null; expected milliseconds"],
    [{ tags: 'vip' }, 'tags of task \'greet\' is "vip"; expected a list of texts'],
    [{ tags: ['a', ''] }, 'item 2 of tags of task \'greet\' is ""; expected text that is not empty.'],
    [{ runName: 'x' }, 'runName of task \'greet\' is "x"; expected a function.'],
    [{ concurrency: 0 }, "concurrency of task 'greet' is 0; expected a whole number, 1 or more."],
    [{ concurrency: { key: () => 'k' } }, "limit in concurrency of task 'greet' is undefined; expected a whole number, 1 or more."],
    [{ onConflict: 'ignore' }, "onConflict of task 'greet' is \"ignore\"; expected 'return', 'reject', 'replace' or 'cancel'."],
    [{ debounce: { wait: '1s' } }, "key in debounce of task 'greet' is undefined; expected a function."],
    [{ debounce: { key: String, wait: 0 } }, "wait in debounce of task 'greet' is 0; expected more than 0"],
    [{ throttle: { key: String } }, "per in throttle of task 'greet' is undefined; expected milliseconds"],
    [{ debounce: { key: String, wait: 1 }, throttle: { key: String, per: 1 } }, "have both 'debounce' and 'throttle'"],
    [{ debounce: { key: String, wait: 1 }, onConflict: 'cancel' }, "have 'onConflict' beside 'debounce'"],
    [{ input: { parse() {} } }, "input of task 'greet' is an object; expected a Standard Schema"],
    [null, "The options of task 'greet' is null; expected an object."],
  ])('may not be %j', (options, message) => {
    expect(() => define(options)).toThrow(
      expect.objectContaining({ code: 'BGTASK_INVALID_OPTION', message: expect.stringContaining(message) }),
    );
  });

  test('may not stand where the function belongs', () => {
    expect(() => defineTask('greet', {}, undefined)).toThrow("The function of task 'greet' is undefined; expected a function.");
  });
});
