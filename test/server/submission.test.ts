/** From a request to the run that is stored, or to why there is none. */
import { describe, expect, test } from 'vitest';
import type { SubmitRequest } from '../../src/core/api.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { directRunOf, isRefusal, newRunOf } from '../../src/server/submission.ts';
import { LEASE, T0 } from '../core/builders.ts';

const of = (request: Omit<SubmitRequest, 'task'> & { task?: string }) =>
  newRunOf({ task: 'greet', ...request }, 'made-id', T0, LIMITS.argsBytes);

describe('a run', () => {
  test('without options is due now and limits nothing', () => {
    expect(of({})).toMatchObject({
      id: 'made-id',
      args: '[]',
      dueAt: T0,
      expiresAt: null,
      maxAttempts: null,
      timeoutMs: null,
      waitFor: [],
    });
    expect(of({ id: 'mine', args: [1, { a: null }] })).toMatchObject({ id: 'mine', args: '[1,{"a":null}]' });
  });

  test('is due after its delay, or at its time, but never in the past', () => {
    expect(of({ options: { delay: '5m' } })).toMatchObject({ dueAt: T0 + 300_000 });
    expect(of({ options: { at: new Date(T0 + 7_000).toISOString() } })).toMatchObject({ dueAt: T0 + 7_000 });
    expect(of({ options: { at: '2001-01-01T00:00:00Z' } })).toMatchObject({ dueAt: T0 });
  });

  test('has what its options say in milliseconds and starts', () => {
    const options = { ttl: '1h', priority: '10s', timeout: 5, retries: 2, idempotencyKey: 'k', idempotencyTtl: '1d' } as const;
    expect(of({ options })).toMatchObject({
      ...{ expiresAt: T0 + 3_600_000, priority: 10_000, timeoutMs: 5, maxAttempts: 3 },
      ...{ idempotencyKey: 'k', idempotencyTtlMs: 86_400_000 },
    });
  });

  test('that may replace others is due no later than its longest wait', () => {
    const options = { idempotencyKey: 'k', onConflict: 'replace', delay: '1m', debounceMaxWait: '10s' } as const;
    expect(of({ options })).toMatchObject({ onConflict: 'replace', dueAt: T0 + 10_000, dueBy: T0 + 10_000, displaces: null });
  });

  test('that is waited for strictly anywhere is waited for strictly', () => {
    const waitFor = [{ id: 'a', allowFailure: true }, 'a', { id: 'b', allowFailure: true }, { id: 'b', allowFailure: true }];
    expect(of({ options: { waitFor } })).toMatchObject({
      waitFor: [
        { id: 'a', allowFailure: false },
        { id: 'b', allowFailure: true },
      ],
    });
  });
});

describe('a refusal', () => {
  test.each([
    [{ task: 'a b' }, 400, 'invalid_task'],
    [{ id: 'a/b' }, 400, 'invalid_id'],
    [{ args: ['é'.repeat(LIMITS.argsBytes / 2)] }, 413, 'too_large'],
    [{ options: { at: 'tomorrow' } }, 400, 'invalid_option'],
    [{ options: { ttl: -1 } }, 400, 'invalid_option'],
    [{ options: { onConflict: 'reject' as const } }, 400, 'invalid_option'],
    [{ options: { idempotencyKey: 'k', debounceMaxWait: 1_000 } }, 400, 'invalid_option'],
  ])('%.60j → %i %s', (request, status, code) => {
    expect(of(request)).toMatchObject({ status, code });
  });

  test('is told apart from a run', () => {
    expect(isRefusal(of({}))).toBe(false);
    expect(isRefusal(of({ task: '' }))).toBe(true);
  });
});

test('a direct call comes with its lease', () => {
  const call = {
    runId: 'r',
    token: 't',
    task: 'greet',
    args: [1],
    name: 'n',
    tags: ['x'],
    maxAttempts: 2,
    parentId: 'p',
    startedAt: '',
    caller: 'me',
  };
  expect(directRunOf(call, LEASE, T0, LIMITS.argsBytes)).toMatchObject({
    id: 'r',
    args: '[1]',
    name: 'n',
    tags: ['x'],
    maxAttempts: 2,
    parentId: 'p',
    direct: LEASE,
  });
  expect(directRunOf({ ...call, task: '' }, LEASE, T0, LIMITS.argsBytes)).toMatchObject({ code: 'invalid_task' });
});
