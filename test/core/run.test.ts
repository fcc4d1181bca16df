import { describe, expect, test } from 'vitest';
import { FINAL_STATES, isFinal, isFinalState, isLeased, isSameSubmit, OPEN_STATES, plainError, RUN_STATES } from '../../src/core/run.ts';
import { aRun, aSubmit } from './builders.ts';

test('each state is open or final, and none is both', () => {
  expect(RUN_STATES).toEqual([...OPEN_STATES, ...FINAL_STATES]);
  expect(new Set(RUN_STATES).size).toBe(9);
});

describe.each(RUN_STATES)('a run that is %s', (state) => {
  const run = aRun(state);

  test('is told to be final, or open, by looking at it', () => {
    const final = (FINAL_STATES as readonly string[]).includes(state);
    expect([isFinal(run), isFinalState(state)]).toEqual([final, final]);
  });

  test('holds a lease exactly where some worker may be running it', () => {
    expect(isLeased(run)).toBe(['PENDING', 'RUNNING', 'CANCELLING'].includes(state));
  });
});

test('an error of our own has a name and a sentence, no stack and no cause', () => {
  expect(plainError('Expired', 'Too late')).toEqual({ name: 'Expired', message: 'Too late', stack: null, cause: null });
});

test('a submit is the same as long as it says what the run was submitted with, whatever became of that', () => {
  for (const state of RUN_STATES)
    expect(isSameSubmit(aRun(state), aSubmit({ dueAt: 7, expiresAt: 8, dueBy: 9, createdAt: 10 })), state).toBe(true);
  for (const other of [
    { task: 'x' },
    { args: '[]' },
    { tags: ['x'] },
    { name: 'x' },
    { parentId: 'x' },
    { retryOf: 'x' },
    { maxAttempts: 4 },
  ]) {
    expect(isSameSubmit(aRun('RUNNING'), aSubmit(other)), JSON.stringify(other)).toBe(false);
  }
});

test('a number of retries that was left open is the same, whatever a worker has made of it', () => {
  expect(isSameSubmit(aRun('RUNNING', { maxAttempts: null }), aSubmit({ maxAttempts: null }))).toBe(true);
});
