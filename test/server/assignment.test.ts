/** What travels to a worker, and what comes back. */
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import type { LeasedRun } from '../../src/core/run.ts';
import { assignmentOf, eventOf, heldOf } from '../../src/server/assignment.ts';
import { aRun, BOOM, TOKEN } from '../core/builders.ts';

test('an assignment has the number of the attempt that begins, and the ends of its upstream runs', () => {
  const run = aRun('PENDING', { args: '["x"]', tags: ['a'], timeoutMs: 5, parentId: 'p' }) as LeasedRun;
  const done = aRun('COMPLETED', { id: 'done' });
  const failed = aRun('FAILED', { id: 'failed' });
  const assignment = assignmentOf(run, [done, failed, aRun('RUNNING', { id: 'open' }), undefined]);
  expect(assignment).toMatchObject({
    runId: run.id,
    token: run.lease.token,
    args: '["x"]',
    attempt: 1,
    alone: false,
    tags: ['a'],
    timeoutMs: 5,
    parentId: 'p',
  });
  expect(Object.keys(assignment.upstream)).toEqual(['done', 'failed']);
  expect(assignment.upstream.done).toMatchObject({ state: 'COMPLETED', error: null });
});

describe('an outcome', () => {
  const held = { runId: 'r', token: TOKEN };
  test.each([
    { ...held, type: 'succeed', result: '{"a":1}' },
    { ...held, type: 'succeed', result: null },
    { ...held, type: 'fail', error: BOOM, retry: true, retryDelayMs: 1, timedOut: false },
    { ...held, type: 'stopped' },
  ] as const)('is its event: $type', (outcome) => {
    const { runId: _, ...event } = outcome;
    expect(eventOf(outcome, LIMITS.resultBytes)).toEqual(event);
  });

  test.each([
    ['no json', 'ResultError'],
    ['[\n1]', 'ResultError'],
    [JSON.stringify('é'.repeat(LIMITS.resultBytes / 2)), 'ResultTooLargeError'],
  ])('whose result cannot be kept fails the run for good: %.20j', (result, name) => {
    expect(eventOf({ ...held, type: 'succeed', result }, LIMITS.resultBytes)).toMatchObject({
      type: 'fail',
      token: TOKEN,
      retry: false,
      error: { name },
    });
  });
});

test('what is told back of a lease is its run and its token', () => {
  expect(heldOf({ runId: 'r', token: 't', more: 1 } as never)).toEqual({ runId: 'r', token: 't' });
});
