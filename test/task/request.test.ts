import { describe, expect, test } from 'vitest';
import type { SubmitOptions } from '../../src/core/api.ts';
import type { Upstream } from '../../src/core/run.ts';
import { FUTURE } from '../../src/core/values.ts';
import { defineTask } from '../../src/task/options.ts';
import { requestOf as submitOf, type Target } from '../../src/task/request.ts';
import { readable } from './fake-reach.ts';
import { attempt, define } from './helpers.ts';

const future = (id: string, allowFailure = false) => ({ id, [FUTURE]: { id, allowFailure } satisfies Upstream });
const requestOf = (to: Target, args: readonly unknown[], said: SubmitOptions) => {
  const submit = submitOf(to, args, said);
  return submit instanceof Promise ? submit.then(readable) : readable(submit);
};
const target = (options: object = {}, fn: (...args: never[]) => unknown = () => 1) => ({
  name: 'greet',
  definition: defineTask('greet', options, fn),
});

describe('the arguments of a request', () => {
  test.each([
    ['simple values', ['a', 1, true, null]],
    ['plain JSON', [{ a: [1, { b: null }] }]],
    ['none', []],
  ])('are %s as they are', (_name, args) => {
    expect(requestOf(target(), args, {})).toEqual({ task: 'greet', args });
  });

  test('are encoded where JSON alone would lose them', () => {
    const { args } = requestOf(target(), [new Date(0), undefined, -0], {}) as unknown as { args: object[] };
    for (const arg of args) expect(Object.keys(arg)).toEqual(['$devalue']);
  });

  test('are those of the moment of the call', () => {
    const list = [1];
    const options = ['x'];
    const request = requestOf(target(), [list], {});
    const simple = requestOf(target(), options, {});
    list.push(2);
    options.push('y');
    expect(request).toMatchObject({ args: [[1]] });
    expect(simple).toMatchObject({ args: ['x'] });
  });

  test('that cannot be stored are an error that names the path', () => {
    expect(() => requestOf(target(), [1, { socket: () => {} }], {})).toThrow(/^args\[1\]\.socket is a function/);
  });
});

describe('futures', () => {
  test('inside the arguments are waited for, each once', () => {
    const { options } = requestOf(target(), [future('run-1'), { deep: [future('run-2')] }, future('run-1')], {}) as { options: object };
    expect(options).toEqual({ waitFor: ['run-1', 'run-2'] });
  });

  test('that may fail are told as such, unless another mention of the run says otherwise', () => {
    const said = { waitFor: [{ id: 'run-1', allowFailure: true }] };
    expect(requestOf(target(), [future('run-2', true)], said)).toMatchObject({
      options: {
        waitFor: [
          { id: 'run-1', allowFailure: true },
          { id: 'run-2', allowFailure: true },
        ],
      },
    });
    expect(requestOf(target(), [future('run-1')], said)).toMatchObject({ options: { waitFor: ['run-1'] } });
  });

  test('cannot be part of a name, and a key must be said with the call', () => {
    const named = target({ runName: (name: string) => `greet ${name}` });
    expect(requestOf(named, [future('run-1')], {})).toMatchObject({ options: { waitFor: ['run-1'] } });
    const keyed = target({ idempotencyKey: (name: string) => name });
    expect(() => requestOf(keyed, [future('run-1')], {})).toThrow(/idempotencyKey of task 'greet' is made from the arguments.*future/);
    expect(requestOf(keyed, [future('run-1')], { idempotencyKey: 'k' })).toMatchObject({ options: { idempotencyKey: 'k' } });
  });
});

describe('what the task says of its runs', () => {
  const options = {
    tags: ['own'],
    ttl: '1h',
    runName: (name: string) => `greet ${name}`,
    idempotencyKey: (name: string) => name,
    idempotencyTtl: '1d',
    concurrency: { limit: 1, key: (name: string) => `lane-${name}` },
  };

  test('is in the request', () => {
    expect(requestOf(target(options), ['Ford'], {})).toEqual({
      task: 'greet',
      args: ['Ford'],
      options: {
        tags: ['own'],
        ttl: 3_600_000,
        runName: 'greet Ford',
        idempotencyKey: 'Ford',
        idempotencyTtl: 86_400_000,
        concurrencyKey: 'lane-Ford',
      },
    });
  });

  test('gives way to what the call says', () => {
    const said = { ttl: 1, runName: 'n', idempotencyKey: 'k', idempotencyTtl: 2, concurrencyKey: 'c', tags: ['call'] };
    expect(requestOf(target(options), ['Ford'], said)).toMatchObject({ options: { ...said, tags: ['own', 'call'] } });
  });

  test('must be text where a function makes it', () => {
    expect(() => requestOf(target({ runName: () => 7 }), [], {})).toThrow("What runName of task 'greet' gave is 7; expected text");
    expect(() => requestOf(target({ concurrency: { limit: 1, key: () => '' } }), [], {})).toThrow(
      `What concurrency.key of task 'greet' gave is ""`,
    );
  });

  test('does not include retries and timeout, which the worker knows', () => {
    expect(requestOf(target({ retries: 3, timeout: '1m' }), [], {})).toEqual({ task: 'greet', args: [] });
  });
});

describe('a schema', () => {
  const input = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => (typeof value === 'string' ? { value: Number(value) } : { issues: [{ message: 'no text' }] }),
    },
  };

  test('is asked at submit; the input travels as it was given, and functions of it get the output', async () => {
    const request = requestOf(target({ input, runName: (n: number) => `n+1=${n + 1}` }), ['41'], {});
    await expect(request).resolves.toEqual({ task: 'greet', args: ['41'], options: { runName: 'n+1=42' } });
  });

  test('refuses the call', async () => {
    await expect(requestOf(target({ input }), [41], {})).rejects.toMatchObject({ code: 'BGTASK_INVALID_INPUT', task: 'greet' });
  });

  test('is left to the worker where the input holds a future', () => {
    expect(requestOf(target({ input }), [future('run-1')], {})).toMatchObject({ options: { waitFor: ['run-1'] } });
  });
});

test('a call made by the code of a run names that run as its parent', async () => {
  const { outcome } = await attempt(define(() => requestOf(target(), [], {})));
  expect(outcome).toMatchObject({ result: expect.stringContaining('"options":{"parentId":"run-1"}') });
});
