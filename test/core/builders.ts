/** Runs, events and their arbitraries for the tests of core. Nothing here asserts. */
import fc from 'fast-check';
import { FINAL_STATES, type NewRun, type Run, type RunEvent, type RunState } from '../../src/core/run.ts';
import { newRun, transition } from '../../src/core/transition.ts';

export const T0 = 1_700_000_000_000;
export const TOKEN = 'token-1';
export const LEASE = { token: TOKEN, workerId: 'w1', workerName: 'worker one' };
export const BOOM = { name: 'Error', message: 'boom', stack: null, cause: null };

export function aSubmit(over: Partial<NewRun> = {}): NewRun {
  return {
    id: 'run-1',
    task: 'greet',
    args: '["Marvin"]',
    name: null,
    tags: [],
    priority: 0,
    idempotencyKey: null,
    idempotencyTtlMs: null,
    concurrencyKey: null,
    parentId: null,
    retryOf: null,
    waitFor: [],
    timeoutMs: null,
    maxAttempts: 3,
    createdAt: T0,
    dueAt: T0,
    expiresAt: null,
    dueBy: null,
    onConflict: 'return',
    displaces: null,
    direct: null,
    ...over,
  };
}

export const EVENTS = {
  assign: { type: 'assign', lease: LEASE, maxAttempts: 3 },
  start: { type: 'start', token: TOKEN },
  failedFirst: { type: 'retry', token: TOKEN, attempt: 1, error: BOOM, retryDelayMs: 5_000 },
  startSecond: { type: 'start', token: TOKEN, attempt: 2 },
  progress: { type: 'progress', token: TOKEN, progress: { done: 1, total: 2, note: null } },
  succeed: { type: 'succeed', token: TOKEN, result: '"done"' },
  hit: { type: 'succeed', token: TOKEN, result: '"done"', cachedFrom: 'run-0' },
  key: { type: 'key', token: TOKEN, cache: { key: 'k', ttlMs: null } },
  defer: { type: 'defer', token: TOKEN, until: 'run-0' },
  fail: { type: 'fail', token: TOKEN, error: BOOM, retry: true, retryDelayMs: 5_000, timedOut: false },
  failForGood: { type: 'fail', token: TOKEN, error: BOOM, retry: false, retryDelayMs: 0, timedOut: false },
  timeOut: { type: 'fail', token: TOKEN, error: BOOM, retry: true, retryDelayMs: 5_000, timedOut: true },
  crash: { type: 'crash', token: TOKEN, error: BOOM, alone: true },
  crashTogether: { type: 'crash', token: TOKEN, error: BOOM, alone: false },
  stopped: { type: 'stopped', token: TOKEN },
  release: { type: 'release', token: TOKEN, reason: 'The worker drains' },
  lose: { type: 'lose', token: TOKEN, reason: 'The worker is gone' },
  cancel: { type: 'cancel', reason: 'asked by a test' },
  expire: { type: 'expire' },
  shift: { type: 'shift', from: T0, by: -1_000 },
} as const satisfies Record<string, RunEvent>;
type EventName = keyof typeof EVENTS;

/** `run` after these events, a second apart. */
export function play(run: Run, ...names: EventName[]): Run {
  return names.reduce((now, name, index) => transition(now, EVENTS[name], T0 + (index + 1) * 1_000), run);
}

/** A run in `state`, reached by events alone. */
export function aRun(state: RunState, over: Partial<NewRun> = {}): Run {
  const run = newRun(aSubmit({ expiresAt: state === 'EXPIRED' ? T0 : null, ...over }), []);
  const ways: Record<RunState, EventName[]> = {
    SCHEDULED: [],
    PENDING: ['assign'],
    RUNNING: ['assign', 'start'],
    CANCELLING: ['assign', 'start', 'cancel'],
    COMPLETED: ['assign', 'start', 'succeed'],
    FAILED: ['assign', 'start', 'failForGood'],
    CRASHED: ['assign', 'crash', 'assign', 'crash', 'assign', 'crash'],
    CANCELLED: ['cancel'],
    EXPIRED: ['expire'],
  };
  return play(run, ...ways[state]);
}

export const aToken = fc.constantFrom('token-1', 'token-2', 'token-3');
const anError = fc.record({
  name: fc.constantFrom('Error', 'TypeError'),
  message: fc.string(),
  stack: fc.option(fc.string()),
  cause: fc.constant(null),
});

/** Any event, with few enough tokens that many of them meet a lease. */
export const anEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({
    type: fc.constant('assign' as const),
    lease: aToken.map((token) => ({ token, workerId: 'w', workerName: 'w' })),
    maxAttempts: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ type: fc.constant('start' as const), token: aToken }),
  fc.record({ type: fc.constant('start' as const), token: aToken, attempt: fc.integer({ min: 1, max: 9 }) }),
  fc.record({
    type: fc.constant('retry' as const),
    token: aToken,
    attempt: fc.integer({ min: 1, max: 9 }),
    error: anError,
    retryDelayMs: fc.nat(10_000),
  }),
  fc.record({ type: fc.constant('progress' as const), token: aToken, progress: fc.constant({ done: 1, total: 2, note: 'half' }) }),
  fc.record({
    type: fc.constant('progress' as const),
    token: aToken,
    progress: fc.constant(null),
    meta: fc.constantFrom('{"a":1,"args":2}', '{"b":"x"}'),
  }),
  fc.record({ type: fc.constant('succeed' as const), token: aToken, result: fc.option(fc.json()) }),
  fc.record({
    type: fc.constant('fail' as const),
    token: aToken,
    error: anError,
    retry: fc.boolean(),
    retryDelayMs: fc.nat(10_000),
    timedOut: fc.boolean(),
  }),
  fc.record({ type: fc.constant('crash' as const), token: aToken, error: anError, alone: fc.boolean() }),
  fc.record({ type: fc.constant('key' as const), token: aToken, cache: fc.constant({ key: 'k', ttlMs: 5 }) }),
  fc.record({ type: fc.constant('defer' as const), token: aToken, until: fc.constantFrom('up-1', 'up-2') }),
  fc.record({ type: fc.constant('stopped' as const), token: aToken }),
  fc.record({ type: fc.constant('release' as const), token: aToken, reason: fc.string() }),
  fc.record({ type: fc.constant('lose' as const), token: aToken, reason: fc.string() }),
  fc.record({ type: fc.constant('cancel' as const), reason: fc.string() }),
  fc.constant({ type: 'expire' as const }),
  fc.record({ type: fc.constant('upstream' as const), id: fc.constantFrom('up-1', 'up-2'), state: fc.constantFrom(...FINAL_STATES) }),
);

/** The first state of any submit: with and without a ttl, upstream runs and limits of its own. */
export const aFirstRun: fc.Arbitrary<Run> = fc
  .record({
    maxAttempts: fc.option(fc.integer({ min: 1, max: 3 })),
    expiresAt: fc.option(fc.integer({ min: T0, max: T0 + 50_000 })),
    blocked: fc.subarray(['up-1', 'up-2']),
    allowFailure: fc.boolean(),
  })
  .map(({ maxAttempts, expiresAt, blocked, allowFailure }) =>
    newRun(aSubmit({ maxAttempts, expiresAt, waitFor: blocked.map((id) => ({ id, allowFailure })) }), blocked),
  );

/** A life: events with the time each of them came. */
export const aLife = fc.array(fc.record({ event: anEvent, wait: fc.nat(5_000) }), { maxLength: 40 });
