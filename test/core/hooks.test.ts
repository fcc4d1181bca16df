import { expect, test } from 'vitest';
import { HOOK_NAMES, hookOf } from '../../src/core/hooks.ts';
import type { Run, RunState, StateName } from '../../src/core/run.ts';
import { newRun } from '../../src/core/transition.ts';
import { aSubmit } from './builders.ts';

test('each hook tells of one state; what only waits, or is on its way, has none', () => {
  const inState = (state: RunState, stateName: StateName = 'Scheduled') => hookOf({ ...newRun(aSubmit(), []), state, stateName } as Run);
  const called = [
    inState('RUNNING'),
    inState('COMPLETED'),
    inState('FAILED'),
    inState('CRASHED'),
    inState('CANCELLED'),
    inState('EXPIRED'),
    inState('SCHEDULED', 'AwaitingRetry'),
  ];
  expect(called).toEqual([...HOOK_NAMES]);
  expect([inState('SCHEDULED'), inState('SCHEDULED', 'AwaitingConcurrency'), inState('PENDING'), inState('CANCELLING')]).toEqual(
    Array.from({ length: 4 }, () => null),
  );
});
