import { beforeEach, expect, test } from 'vitest';
import type { TaskInfo } from '../../src/core/frames.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import { encodeArgs } from '../../src/core/values.ts';
import { Inputs } from '../../src/server/inputs.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { T0 } from '../core/builders.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore('memory:');
});

const told = (input?: object): TaskInfo => ({
  ...{ name: 'greet', maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null },
  ...(input === undefined ? {} : { input: JSON.stringify(input) }),
});
const NAMED = { type: 'object', properties: { name: { type: 'string', minLength: 3 } }, required: ['name'] };
const problemOf = (inputs: Inputs, ...args: unknown[]) => inputs.problemOf({ task: 'greet', args });

test('a call that does not fit what a worker told of its task is refused, with every issue', () => {
  const inputs = new Inputs(store);
  inputs.learn([told(NAMED)], T0);
  expect(problemOf(inputs, { name: 'Ford', more: 1 })).toBeNull();
  expect(problemOf(inputs, { name: 'F' })).toMatchObject({
    ...{ status: 400, code: 'invalid_input', message: expect.stringMatching(/^The input of task 'greet' is not valid: name: Too small/) },
    input: { task: 'greet', issues: [{ path: ['name'] }] },
  });
  expect(inputs.problemOf({ task: 'other', args: [{ name: 'F' }] })).toBeNull();
});

test('what JSON Schema cannot judge is left to the schema itself', () => {
  const inputs = new Inputs(store);
  inputs.learn([told(NAMED)], T0);
  expect(problemOf(inputs)).toBeNull();
  expect(problemOf(inputs, ...(JSON.parse(encodeArgs([{ name: new Date(0) }]).args) as unknown[]))).toBeNull();
  inputs.learn([told({ type: 'string', format: 'email' })], T0);
  expect(problemOf(inputs, 'ford@localhost')).toBeNull();
  expect(problemOf(inputs, 5)).toMatchObject({ code: 'invalid_input' });
});

test('a schema that this server cannot read refuses nothing', () => {
  const inputs = new Inputs(store);
  for (const odd of [{ if: { type: 'string' } }, { $ref: 'http://elsewhere' }]) {
    inputs.learn([told(odd)], T0);
    expect(problemOf(inputs, 5)).toBeNull();
  }
  inputs.learn([{ ...told(), input: 'no JSON' }], T0);
  expect(problemOf(inputs, 5)).toBeNull();
});

test('the newest word counts, and a task that says nothing more has no schema', () => {
  const inputs = new Inputs(store);
  inputs.learn([told({ type: 'string' })], T0);
  inputs.learn([told({ type: 'number' })], T0);
  expect(problemOf(inputs, 5)).toBeNull();
  expect(problemOf(inputs, 'five')).not.toBeNull();
  inputs.learn([told()], T0);
  expect(problemOf(inputs, 'five')).toBeNull();
});

test('what was told is known to the server that comes after, until a worker tells it otherwise', () => {
  new Inputs(store).learn([told({ type: 'string' })], T0);
  const restarted = new Inputs(store);
  expect(problemOf(restarted, 5)).toMatchObject({ code: 'invalid_input' });
  restarted.learn([told()], T0);
  expect(problemOf(restarted, 5)).toBeNull();
  expect(problemOf(new Inputs(store), 5)).toBeNull();
});
