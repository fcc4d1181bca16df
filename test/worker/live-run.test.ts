import { describe, expect, test } from 'vitest';
import type { StopReason } from '../../src/worker/ipc.ts';
import { type Death, type LiveRun, liveRun, outcomeOf, outcomeOfDeath, timeoutOf, workOf } from '../../src/worker/live-run.ts';
import { anAssignment } from './pools.ts';

const RETRY = { delaysMs: [1_000, 5_000], factor: 1, maxMs: 60_000, jitter: 0.5 };

function aRun(over: Partial<LiveRun> = {}): LiveRun {
  const assignment = anAssignment('resize', [], { maxAttempts: 3, failures: 1, timeoutMs: 200 });
  const info = { name: 'resize', maxAttempts: 3, timeoutMs: 900, retry: RETRY, concurrency: null, concurrencyPerKey: null };
  return { ...liveRun(7, assignment, info), hasStarted: true, ...over };
}

function asked(why: StopReason): Partial<LiveRun> {
  return { stop: { id: 7, why, reason: 'because' } };
}

const DEATH: Death = { how: 'exit code 42', tail: ['one', 'two'], killedBecause: null, started: 1 };
const STRAY = { name: 'Error', message: 'loose', stack: null, cause: null };

describe('the death of its process means for a run', () => {
  test.each([
    ['a crash of its own where nothing else ran', {}, {}, { type: 'crash', alone: true }],
    ['a crash that nobody is charged for where others ran', {}, { started: 2 }, { type: 'crash', alone: false }],
    [
      'nothing where its code had not begun',
      { hasStarted: false },
      {},
      { type: 'release', reason: expect.stringContaining('exit code 42') },
    ],
    ['nothing where the worker killed it for another', {}, { killedBecause: 'made room' }, { type: 'release', reason: 'made room' }],
    ['the stop it was cancelled for', { ...asked('cancel'), isOverdue: true }, {}, { type: 'stopped' }],
    ['the stop, also where the process died of itself', asked('cancel'), {}, { type: 'stopped' }],
    ['the stop, also where it had not begun', { ...asked('cancel'), hasStarted: false }, {}, { type: 'stopped' }],
    ['an end nobody hears of, where it was fenced', asked('fenced'), {}, { type: 'stopped' }],
    ['that it is given back, where the worker had to', asked('leave'), {}, { type: 'release', reason: 'because' }],
    ['a timeout where it was over it', { isOverdue: true }, { killedBecause: 'late' }, { type: 'fail', timedOut: true, retry: true }],
    ['the error that escaped it', { stray: STRAY, isOverdue: true }, {}, { type: 'fail', timedOut: false, retry: true, error: STRAY }],
  ] as const)('%s', (_what, run, death, outcome) => {
    const live = aRun(run);
    expect(outcomeOfDeath(live, { ...DEATH, ...death }, 0.5)).toMatchObject({
      ...outcome,
      runId: live.assignment.runId,
      token: live.assignment.token,
    });
  });

  test('a retry after the delay of its task, with its jitter', () => {
    expect(outcomeOfDeath(aRun({ isOverdue: true }), DEATH, 0.5)).toMatchObject({ retryDelayMs: 5_000 });
    expect(outcomeOfDeath(aRun({ isOverdue: true }), DEATH, 0)).toMatchObject({ retryDelayMs: 2_500 });
  });

  test('no retry where it has no attempt left', () => {
    const last = anAssignment('resize', [], { maxAttempts: 3, failures: 2 });
    expect(outcomeOfDeath(aRun({ isOverdue: true, assignment: last }), DEATH, 0.5)).toMatchObject({ retry: false, retryDelayMs: 0 });
  });
});

test('a timeout said at the submit counts before that of the task', () => {
  expect(timeoutOf(aRun())).toBe(200);
  expect(timeoutOf(aRun({ assignment: anAssignment('resize') }))).toBe(900);
});

test('the message of a crash holds the last 50 lines, and stays readable whatever they are', () => {
  const tail = Array.from({ length: 80 }, (_, line) => `line ${line}`);
  const outcome = outcomeOfDeath(aRun(), { ...DEATH, tail }, 0);
  const message = outcome.type === 'crash' ? outcome.error.message : '';
  expect(message).toMatch(/^The process that ran it ended: exit code 42\. Its last lines:\nline 30\n/);
  expect(message).toMatch(/line 79$/);
  const long = outcomeOfDeath(aRun(), { ...DEATH, tail: Array.from({ length: 50 }, () => 'x'.repeat(100_000)) }, 0);
  expect(long.type === 'crash' && long.error.message.length).toBeLessThan(9_000);
});

describe('what a child gets of a run', () => {
  test('is its number and what is not usual', () => {
    const { runId } = aRun().assignment;
    const usual = { ...anAssignment('greet', ['Ford']), runId };
    const work = { id: 7, runId, task: 'greet', args: '["Ford"]', attempt: 1, maxAttempts: 1 };
    expect(JSON.parse(JSON.stringify(workOf({ id: 7, assignment: usual })))).toEqual(work);
    const upstream = { up: { state: 'COMPLETED', result: '1', error: null } } as const;
    const special = { failures: 2, timeoutMs: 5, name: 'Greet Ford', parentId: 'p', tags: ['vip'], upstream };
    expect(workOf({ id: 7, assignment: { ...usual, ...special } })).toEqual({ ...work, ...special });
  });

  test('comes back as an outcome under the lease', () => {
    const held = { runId: 'r', token: 't' };
    expect(outcomeOf(held, { id: 7, type: 'succeed', result: null })).toEqual({ ...held, type: 'succeed', result: null });
    expect(outcomeOf(held, { id: 7, type: 'release', reason: 'x' })).toEqual({ ...held, type: 'release', reason: 'x' });
  });
});
