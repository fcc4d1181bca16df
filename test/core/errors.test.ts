import { describe, expect, test } from 'vitest';
import * as errors from '../../src/core/errors.ts';
import { BOOM } from './builders.ts';

/** One of each class that needs no arguments of its own kind. */
const EXAMPLES = [
  new errors.InvalidOptionError('delay', -1, 'milliseconds'),
  new errors.ValueError('args[0].socket', 'is of class Socket, which cannot be stored; pass plain data'),
  new errors.ServerUnreachableError('http://127.0.0.1:4200/api'),
  new errors.UnauthorizedError('http://127.0.0.1:4200/api'),
  new errors.RefusedError(429, 'queue_full', 'The queue is full.'),
  new errors.RunNotFoundError('run-1'),
  new errors.WaitTimeoutError('run-1', 500),
  new errors.TaskRunError({ id: 'run-1', task: 'greet', state: 'FAILED', stateName: 'TimedOut' }, 'boom', BOOM),
  new errors.NonRetryableError('no use'),
  new errors.RetryAfterError('later', 500),
  new errors.StoreError('locked', 'The store is in use by process 7.', ['Stop it: bgtask server stop']),
];

test.each(EXAMPLES)('$name has a stable code, a sentence and is an Error', (error) => {
  expect(error).toBeInstanceOf(errors.BgtaskError);
  expect(error).toBeInstanceOf(Error);
  expect(error.code).toMatch(/^BGTASK_[A-Z_]+$/);
  expect(error.name).toBe(error.constructor.name);
  expect(error.message.length).toBeGreaterThan(3);
  expect(Object.prototype.toString.call(error.suggestions)).toBe('[object Array]');
});

test('no two classes share a code', () => {
  const codes = EXAMPLES.map((error) => error.code);
  expect(new Set(codes).size).toBe(codes.length);
});

test('an option that is wrong is named, shown and told what would be right', () => {
  const say = (value: unknown) => new errors.InvalidOptionError('retries', value, 'a whole number').message;
  expect(say('three')).toBe('retries is "three"; expected a whole number.');
  expect(say(() => 3)).toBe('retries is a function; expected a whole number.');
  expect(say([3])).toBe('retries is an array; expected a whole number.');
  expect(say({ n: 3 })).toBe('retries is an object; expected a whole number.');
  expect(say(undefined)).toBe('retries is undefined; expected a whole number.');
});

test('a TaskRunError tells of the run, and its cause is the error of the task', () => {
  const cause = new TypeError('x is not a function');
  const error = new errors.TaskRunError({ id: 'run-1', task: 'greet', state: 'FAILED', stateName: 'Failed' }, cause.message, cause);
  expect(error).toMatchObject({ name: 'TaskRunError', runId: 'run-1', task: 'greet', state: 'FAILED', stateName: 'Failed', cause });
});

test('a TaskRunError without a cause has none, not an undefined one', () => {
  const error = new errors.TaskRunError({ id: 'r', task: 't', state: 'CANCELLED', stateName: 'Cancelled' }, 'cancelled');
  expect(Object.hasOwn(error, 'cause')).toBe(false);
});

describe('a store error', () => {
  test.each([
    ['damaged', 65],
    ['unsafe', 73],
    ['failed', 74],
    ['full', 74],
    ['locked', 75],
    ['url', 78],
  ] as const)('that says %s ends a command with exit code %d', (kind, exitCode) => {
    expect(new errors.StoreError(kind, 'It is so.')).toMatchObject({ code: `BGTASK_STORE_${kind.toUpperCase()}`, exitCode });
  });
});
