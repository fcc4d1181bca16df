import { expect, test } from 'vitest';
import type { TaskInfo } from '../../src/core/frames.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import { encodeArgs } from '../../src/core/values.ts';
import { Inputs } from '../../src/server/inputs.ts';

const told = (input?: object): TaskInfo => ({
  ...{ name: 'greet', maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null },
  ...(input === undefined ? {} : { input: JSON.stringify(input) }),
});
const NAMED = { type: 'object', properties: { name: { type: 'string', minLength: 3 } }, required: ['name'] };
const problemOf = (inputs: Inputs, ...args: unknown[]) => inputs.problemOf({ task: 'greet', args });

test('a call that does not fit what a worker told of its task is refused, with every issue', () => {
  const inputs = new Inputs();
  inputs.learn([told(NAMED)]);
  expect(problemOf(inputs, { name: 'Ford', more: 1 })).toBeNull();
  expect(problemOf(inputs, { name: 'F' })).toMatchObject({
    ...{ status: 400, code: 'invalid_input', message: expect.stringMatching(/^The input of task 'greet' is not valid: name: Too small/) },
    input: { task: 'greet', issues: [{ path: ['name'] }] },
  });
  expect(inputs.problemOf({ task: 'other', args: [{ name: 'F' }] })).toBeNull();
});

test('what JSON Schema cannot judge is left to the schema itself', () => {
  const inputs = new Inputs();
  inputs.learn([told(NAMED)]);
  expect(problemOf(inputs)).toBeNull();
  expect(problemOf(inputs, ...(JSON.parse(encodeArgs([{ name: new Date(0) }]).args) as unknown[]))).toBeNull();
  inputs.learn([told({ type: 'string', format: 'email' })]);
  expect(problemOf(inputs, 'ford@localhost')).toBeNull();
  expect(problemOf(inputs, 5)).toMatchObject({ code: 'invalid_input' });
});

test('a schema that this server cannot read refuses nothing', () => {
  const inputs = new Inputs();
  for (const odd of [{ if: { type: 'string' } }, { $ref: 'http://elsewhere' }]) {
    inputs.learn([told(odd)]);
    expect(problemOf(inputs, 5)).toBeNull();
  }
  inputs.learn([{ ...told(), input: 'no JSON' }]);
  expect(problemOf(inputs, 5)).toBeNull();
});

test('the newest word counts, and a task that says nothing more has no schema', () => {
  const inputs = new Inputs();
  inputs.learn([told({ type: 'string' })]);
  inputs.learn([told({ type: 'number' })]);
  expect(problemOf(inputs, 5)).toBeNull();
  expect(problemOf(inputs, 'five')).not.toBeNull();
  inputs.learn([told()]);
  expect(problemOf(inputs, 'five')).toBeNull();
});
