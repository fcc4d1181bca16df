import { describe, expect, test } from 'vitest';
import { FINAL_STATES, isFinal, isFinalState, isLeased, OPEN_STATES, plainError, RUN_STATES } from '../../src/core/run.ts';
import { aRun } from './builders.ts';

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
