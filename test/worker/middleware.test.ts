/** What is put around tasks: its order, and what counts when it throws, hides or forgets something. */
import { expect, test } from 'vitest';
import { runContext } from '../../src/task/context.ts';
import type { Middleware } from '../../src/task/types.ts';
import { around } from '../../src/worker/middleware.ts';
import { attempt, define } from '../task/helpers.ts';

const run = (fn: (...args: never[]) => unknown, middleware: Middleware[], options = {}) =>
  attempt(around(define(fn, options), middleware), ['Ford']);

test('the first is outermost; each sees the run, in its context', async () => {
  const told: unknown[] = [];
  const named =
    (name: string): Middleware =>
    async (of, next) => {
      told.push([name, of, runContext().runId]);
      told.push([name, await next()]);
    };
  const { outcome } = await run((who: string) => `Hello, ${who}!`, [named('outer'), named('inner')]);
  expect(outcome).toMatchObject({ type: 'succeed', result: '"Hello, Ford!"' });
  const of = { id: 'run-1', task: 'greet', attempt: 1, args: ['Ford'] };
  expect(told).toEqual([
    ['outer', of, 'run-1'],
    ['inner', of, 'run-1'],
    ['inner', 'Hello, Ford!'],
    ['outer', 'Hello, Ford!'],
  ]);
});

test('what it throws is the error of the run; before next() the task is not called', async () => {
  let called = 0;
  const refuse = () => {
    throw new TypeError('not today');
  };
  const { outcome } = await run(() => ++called, [refuse]);
  expect(outcome).toMatchObject({ type: 'fail', error: { name: 'TypeError', message: 'not today' } });
  expect(called).toBe(0);
});

test('an error of the task counts also where it was caught, and is tried again as ever', async () => {
  const boom = () => {
    throw new Error('boom');
  };
  const hide: Middleware = (_run, next) => next().catch(() => 'fine');
  expect((await run(boom, [hide], { retries: 1 })).outcome).toMatchObject({ type: 'fail', retry: true, error: { message: 'boom' } });
});

test('the result is what the task returned, also where nobody waited for it or returned it', async () => {
  const forgetful: Middleware = (_run, next) => void next();
  expect((await run(async () => 42, [forgetful])).outcome).toMatchObject({ type: 'succeed', result: '42' });
});

test('next() is called once: none or two are errors that say so', async () => {
  const none = (await run(() => 1, [async function idle() {}])).outcome;
  expect(none).toMatchObject({ type: 'fail', error: { message: expect.stringContaining('Middleware 1 (idle) ended without next()') } });
  const two = (await run(() => 1, [async (_run, next) => [await next(), await next()]])).outcome;
  expect(two).toMatchObject({ type: 'fail', error: { message: expect.stringContaining('called next() twice') } });
});

test('it is inside the timeout of the run', async () => {
  const slow: Middleware = async (_run, next) => {
    await new Promise((resolve) => runContext().signal.addEventListener('abort', resolve));
    await next();
  };
  expect((await run(() => 1, [slow], { timeout: 20 })).outcome).toMatchObject({ type: 'fail', timedOut: true });
});

test('without any the task is left as it is', () => {
  const definition = define(() => 1);
  expect(around(definition, [])).toBe(definition);
});
