import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FINAL_STATES, isFinal, isLeased, type OPEN_STATES, RUN_STATES, type Run, type RunEvent } from '../../src/core/run.ts';
import { MAX_CRASHES, MAX_LOSSES, newRun, transition } from '../../src/core/transition.ts';
import { aFirstRun, aLife, anEvent, aRun, aSubmit, BOOM, EVENTS, LEASE, play, T0, TOKEN } from './builders.ts';

describe('submit', () => {
  test('a submitted run is SCHEDULED at its due time, with one line of history', () => {
    const run = newRun(aSubmit({ dueAt: T0 + 60_000 }), []);
    expect(run).toMatchObject({ state: 'SCHEDULED', stateName: 'Scheduled', dueAt: T0 + 60_000, attempt: 0, lease: null, endedAt: null });
    expect(run.history).toEqual([{ state: 'SCHEDULED', name: 'Scheduled', at: T0, attempt: 0, reason: null }]);
  });

  test('a run that waits for others is called AwaitingDependency', () => {
    expect(newRun(aSubmit({ waitFor: [{ id: 'up', allowFailure: false }] }), ['up'])).toMatchObject({
      state: 'SCHEDULED',
      stateName: 'AwaitingDependency',
      blockedBy: ['up'],
    });
  });

  test('a direct call is RUNNING from its first moment, under the lease of its caller', () => {
    const run = newRun(aSubmit({ direct: LEASE, maxAttempts: null }), []);
    expect(run).toMatchObject({ state: 'RUNNING', attempt: 1, lease: LEASE, worker: 'worker one', startedAt: T0 });
    expect(run.history.map((entry) => entry.state)).toEqual(['SCHEDULED', 'PENDING', 'RUNNING']);
  });
});

describe('assign and start', () => {
  test('assign a lease: SCHEDULED → PENDING, without counting an attempt', () => {
    expect(play(aRun('SCHEDULED'), 'assign')).toMatchObject({ state: 'PENDING', attempt: 0, lease: LEASE, worker: 'worker one' });
  });

  test('what the submit said of attempts counts before what the worker says', () => {
    expect(play(newRun(aSubmit({ maxAttempts: 7 }), []), 'assign').maxAttempts).toBe(7);
    expect(play(newRun(aSubmit({ maxAttempts: null }), []), 'assign').maxAttempts).toBe(3);
  });

  test('start: PENDING → RUNNING, attempt + 1', () => {
    expect(play(aRun('PENDING'), 'start')).toMatchObject({ state: 'RUNNING', stateName: 'Running', attempt: 1, startedAt: T0 + 1_000 });
  });

  test('a second start under the same lease changes nothing', () => {
    const run = aRun('RUNNING');
    expect(play(run, 'start')).toBe(run);
  });

  test('the second attempt is called Retrying', () => {
    expect(play(aRun('RUNNING'), 'fail', 'assign', 'start')).toMatchObject({ state: 'RUNNING', stateName: 'Retrying', attempt: 2 });
  });

  test('a new attempt starts without the progress of the one before', () => {
    const run = play(aRun('RUNNING'), 'progress', 'fail');
    expect(run.progress).not.toBeNull();
    expect(play(run, 'assign', 'start').progress).toBeNull();
  });

  test('progress that overtakes the start of its attempt is kept', () => {
    const run = play(aRun('RUNNING'), 'fail', 'assign', 'progress');
    expect(play(run, 'start').progress).toEqual(run.progress);
    expect(play(run, 'succeed').progress).not.toBeNull();
  });

  test.each(['succeed', 'fail', 'crash'] as const)('a %s that overtakes its start counts as the start too', (event) => {
    const run = play(aRun('PENDING'), event);
    expect(run).toMatchObject({ attempt: 1, startedAt: T0 + 1_000 });
    expect(run.history.map((entry) => entry.state)).toContain('RUNNING');
  });

  test.each(['succeed', 'fail', 'crash'] as const)('so it does where a cancel came in between: %s', (event) => {
    expect(play(aRun('PENDING'), 'cancel', event)).toMatchObject({ attempt: 1, startedAt: T0 + 2_000 });
  });

  test('a start that arrives while the run is being cancelled counts once, however often it is told', () => {
    expect(play(aRun('PENDING'), 'cancel', 'start', 'start')).toMatchObject({ state: 'CANCELLING', attempt: 1 });
    expect(play(aRun('CANCELLING'), 'start')).toMatchObject({ state: 'CANCELLING', attempt: 1 });
  });
});

describe('how an attempt ends', () => {
  test('success: RUNNING → COMPLETED, the result in the same record', () => {
    const run = play(aRun('RUNNING'), 'succeed');
    expect(run).toMatchObject({ state: 'COMPLETED', stateName: 'Completed', result: '"done"', error: null, lease: null });
    expect(run.endedAt).toBe(T0 + 1_000);
  });

  test('error, attempts left: RUNNING → SCHEDULED AwaitingRetry at now + delay, holding no lease', () => {
    expect(play(aRun('RUNNING'), 'fail')).toMatchObject({
      state: 'SCHEDULED',
      stateName: 'AwaitingRetry',
      dueAt: T0 + 1_000 + 5_000,
      failures: 1,
      lease: null,
    });
  });

  test('error, none left: RUNNING → FAILED with the error', () => {
    const run = play(aRun('RUNNING', { maxAttempts: 1 }), 'fail');
    expect(run).toMatchObject({ state: 'FAILED', stateName: 'Failed', error: BOOM, lease: null });
  });

  test('retries count exactly: retries 2 gives three starts', () => {
    const run = play(newRun(aSubmit({ maxAttempts: 3 }), []), 'assign', 'fail', 'assign', 'fail', 'assign', 'fail');
    expect(run).toMatchObject({ state: 'FAILED', attempt: 3, failures: 3 });
  });

  test('a non-retryable error is final whatever is left', () => {
    expect(play(aRun('RUNNING', { maxAttempts: 9 }), 'failForGood')).toMatchObject({ state: 'FAILED', attempt: 1 });
  });

  test('attempt over its timeout: as an error, and the last one is called TimedOut', () => {
    expect(play(aRun('RUNNING'), 'timeOut')).toMatchObject({ state: 'SCHEDULED', stateName: 'AwaitingRetry', failures: 1 });
    expect(play(aRun('RUNNING', { maxAttempts: 1 }), 'timeOut')).toMatchObject({ state: 'FAILED', stateName: 'TimedOut' });
  });

  test('the reason of a retry is one line of the error, cut at 200 characters', () => {
    const error = { ...BOOM, message: `${'x'.repeat(300)}\nsecond line` };
    const reason = transition(aRun('RUNNING'), { ...EVENTS.fail, error }, T0).history.at(-1)?.reason;
    expect(reason).toMatch(/^Error: x+…$/);
    expect(reason).toHaveLength(200);
  });

  test('of a message of several lines the reason tells them all, on one line', () => {
    const error = { ...BOOM, message: '[\n  {\n    "path": ["tone"]\r\n  }\n]' };
    const reason = transition(aRun('RUNNING'), { ...EVENTS.fail, error }, T0).history.at(-1)?.reason;
    expect(reason).toBe('Error: [ { "path": ["tone"] } ]');
  });
});

describe('a direct call that is tried again by its caller', () => {
  const direct = () => newRun(aSubmit({ direct: LEASE, maxAttempts: 3 }), []);
  const failed = (attempt: number) => ({ ...EVENTS.failedFirst, attempt });

  test('keeps its lease while it waits, and its history is that of any retry', () => {
    const waits = play(direct(), 'failedFirst');
    expect(waits).toMatchObject({ state: 'PENDING', attempt: 1, failures: 1, lease: LEASE, dueAt: T0 + 1_000 + 5_000 });
    const run = play(waits, 'startSecond');
    expect(run).toMatchObject({ state: 'RUNNING', stateName: 'Retrying', attempt: 2, failures: 1, lease: LEASE });
    expect(run.history.slice(2).map(({ name, attempt, reason }) => [name, attempt, reason])).toEqual([
      ['Running', 1, null],
      ['AwaitingRetry', 1, 'Error: boom'],
      ['Pending', 1, null],
      ['Retrying', 2, null],
    ]);
  });

  test('may be told of again, all of it, and nothing is counted twice', () => {
    const [waits, runs] = [play(direct(), 'failedFirst'), play(direct(), 'failedFirst', 'startSecond')];
    expect(play(waits, 'failedFirst')).toBe(waits);
    expect(play(runs, 'failedFirst')).toBe(runs);
    expect(play(runs, 'startSecond')).toBe(runs);
    const waitsAgain = transition(runs, failed(2), T0);
    expect(play(waitsAgain, 'failedFirst')).toBe(waitsAgain);
    expect(play(waitsAgain, 'startSecond')).toBe(waitsAgain);
    expect(waitsAgain).toMatchObject({ attempt: 2, failures: 2 });
  });

  test('counts what was told late, and what was never told', () => {
    expect(transition(direct(), failed(2), T0)).toMatchObject({ state: 'PENDING', attempt: 2, failures: 2 });
    expect(transition(play(direct(), 'failedFirst'), failed(2), T0)).toMatchObject({ state: 'PENDING', attempt: 2, failures: 2 });
  });

  test('ends with the attempt that it says, also where it gave up while it waited', () => {
    expect(transition(play(direct(), 'failedFirst'), { ...EVENTS.failForGood, attempt: 1 }, T0)).toMatchObject({
      state: 'FAILED',
      attempt: 1,
      failures: 1,
    });
    expect(transition(play(direct(), 'failedFirst'), { ...EVENTS.succeed, attempt: 2 }, T0)).toMatchObject({
      state: 'COMPLETED',
      attempt: 2,
    });
    expect(transition(play(direct(), 'failedFirst', 'startSecond'), { ...EVENTS.failForGood, attempt: 2 }, T0)).toMatchObject({
      state: 'FAILED',
      attempt: 2,
      failures: 2,
    });
  });

  test('counts its attempts also while it is asked to stop', () => {
    const run = play(direct(), 'cancel', 'failedFirst', 'startSecond', 'startSecond');
    expect(run).toMatchObject({ state: 'CANCELLING', attempt: 2 });
  });

  test('is not tried more often than it may be', () => {
    const run = direct();
    expect(transition(run, failed(3), T0)).toBe(run);
  });
});

describe('crashes', () => {
  test('child died while shared: RUNNING → SCHEDULED at once, marked to run alone, not charged', () => {
    expect(play(aRun('RUNNING'), 'crashTogether')).toMatchObject({
      state: 'SCHEDULED',
      dueAt: T0,
      suspect: true,
      crashes: 0,
      failures: 0,
    });
  });

  test('child died while alone: tried again after 1 s and 10 s, the third is final', () => {
    const first = play(aRun('RUNNING'), 'crash');
    expect(first).toMatchObject({ state: 'SCHEDULED', stateName: 'AwaitingRetry', crashes: 1, suspect: true, dueAt: T0 + 1_000 + 1_000 });
    const second = play(first, 'assign', 'crash');
    expect(second).toMatchObject({ state: 'SCHEDULED', crashes: 2, dueAt: T0 + 2_000 + 10_000 });
    expect(play(second, 'assign', 'crash')).toMatchObject({ state: 'CRASHED', stateName: 'Crashed', crashes: MAX_CRASHES, error: BOOM });
  });

  test('crashes spend no retries, and retries no crashes', () => {
    const run = play(aRun('RUNNING', { maxAttempts: 2 }), 'crash', 'assign', 'fail');
    expect(run).toMatchObject({ state: 'SCHEDULED', stateName: 'AwaitingRetry', crashes: 1, failures: 1, attempt: 2 });
  });

  test('a suspect stays alone until it has ended', () => {
    expect(play(aRun('RUNNING'), 'crashTogether', 'assign', 'fail', 'assign').suspect).toBe(true);
  });
});

describe('drained and lost workers', () => {
  test.each(['PENDING', 'RUNNING'] as const)('worker drained: %s → SCHEDULED at once, nothing charged', (state) => {
    const run = aRun(state);
    const next = play(run, 'release');
    expect(next).toMatchObject({ state: 'SCHEDULED', dueAt: run.dueAt, failures: 0, crashes: 0, losses: 0, attempt: run.attempt });
    expect(next.history.at(-1)?.reason).toBe('The worker drains');
  });

  test.each(['PENDING', 'RUNNING'] as const)('worker lost: %s → SCHEDULED at once, counted as a loss only', (state) => {
    expect(play(aRun(state), 'lose')).toMatchObject({ state: 'SCHEDULED', failures: 0, crashes: 0, losses: 1 });
  });

  test('the attempt number of a lost attempt is not given again', () => {
    expect(play(aRun('RUNNING'), 'lose', 'assign', 'start').attempt).toBe(2);
  });

  test(`a run that lost ${MAX_LOSSES} workers is CRASHED: it may be what takes them down`, () => {
    const almost = Array.from({ length: MAX_LOSSES - 1 }).reduce<Run>((run) => play(run, 'assign', 'lose'), aRun('SCHEDULED'));
    expect(almost.state).toBe('SCHEDULED');
    const lost = play(almost, 'assign', 'lose');
    expect(lost).toMatchObject({ state: 'CRASHED', losses: MAX_LOSSES });
    expect(lost.error?.name).toBe('WorkerLost');
  });
});

describe('cancel', () => {
  test('SCHEDULED → CANCELLED at once', () => {
    const run = play(aRun('SCHEDULED'), 'cancel');
    expect(run).toMatchObject({ state: 'CANCELLED', error: { name: 'Cancelled', message: 'asked by a test' } });
  });

  test.each(['PENDING', 'RUNNING'] as const)('%s → CANCELLING, still under its lease', (state) => {
    expect(play(aRun(state), 'cancel')).toMatchObject({ state: 'CANCELLING', stateName: 'Cancelling', lease: LEASE });
  });

  test.each(['stopped', 'fail', 'crash', 'release', 'lose'] as const)('CANCELLING → CANCELLED by %s', (event) => {
    expect(play(aRun('CANCELLING'), event)).toMatchObject({ state: 'CANCELLED', lease: null });
  });

  test('CANCELLING → COMPLETED where the success came first', () => {
    expect(play(aRun('CANCELLING'), 'succeed')).toMatchObject({ state: 'COMPLETED', result: '"done"' });
  });

  test('a second cancel changes nothing', () => {
    const run = aRun('CANCELLING');
    expect(play(run, 'cancel')).toBe(run);
  });
});

describe('ttl', () => {
  test('ttl passed before start: SCHEDULED → EXPIRED', () => {
    const run = newRun(aSubmit({ expiresAt: T0 + 500 }), []);
    expect(transition(run, { type: 'expire' }, T0 + 500)).toMatchObject({ state: 'EXPIRED', endedAt: T0 + 500 });
  });

  test('before its time, and once it has started, a ttl changes nothing', () => {
    const early = newRun(aSubmit({ expiresAt: T0 + 500 }), []);
    expect(transition(early, { type: 'expire' }, T0 + 499)).toBe(early);
    const retried = play(newRun(aSubmit({ expiresAt: T0 + 500 }), []), 'assign', 'start', 'fail');
    expect(transition(retried, { type: 'expire' }, T0 + 90_000)).toBe(retried);
    const running = aRun('RUNNING', { expiresAt: T0 + 500 });
    expect(transition(running, { type: 'expire' }, T0 + 90_000)).toBe(running);
  });
});

describe('a clock that is set', () => {
  test('moves what waits, once', () => {
    const waiting = play(aRun('RUNNING'), 'fail');
    const from = waiting.state === 'SCHEDULED' ? waiting.dueAt : 0;
    const moved = transition(waiting, { type: 'shift', from, by: -7_200_000 }, T0);
    const began = { ...waiting.history.at(-1), at: (waiting.history.at(-1)?.at ?? 0) - 7_200_000 };
    expect(moved).toEqual({ ...waiting, dueAt: from - 7_200_000, history: [...waiting.history.slice(0, -1), began] });
    expect(transition(moved, { type: 'shift', from, by: -7_200_000 }, T0)).toBe(moved);
  });

  test('does not hold back what was leased before', () => {
    const ahead = aSubmit({ createdAt: T0 + 3_600_000, dueAt: T0 + 3_600_000 });
    for (const end of ['lose', 'release', 'crashTogether', 'defer'] as const) {
      const again = play(newRun(ahead, []), 'assign', end);
      if (again.state === 'SCHEDULED') expect(again.dueAt, end).toBeLessThanOrEqual(again.history.at(-1)?.at ?? 0);
      else throw new Error(`${end} ended in ${again.state}`);
    }
  });
});

describe('upstream runs', () => {
  const waiting = (allowFailure: boolean) =>
    newRun(aSubmit({ waitFor: ['up-1', 'up-2'].map((id) => ({ id, allowFailure })) }), ['up-1', 'up-2']);

  test('the run comes free when the last upstream run completed', () => {
    const one = transition(waiting(false), { type: 'upstream', id: 'up-1', state: 'COMPLETED' }, T0 + 1);
    expect(one).toMatchObject({ stateName: 'AwaitingDependency', blockedBy: ['up-2'] });
    const both = transition(one, { type: 'upstream', id: 'up-2', state: 'COMPLETED' }, T0 + 2);
    expect(both).toMatchObject({ state: 'SCHEDULED', stateName: 'Scheduled', blockedBy: [] });
  });

  test.each(['FAILED', 'CRASHED', 'CANCELLED', 'EXPIRED'] as const)('an upstream run that is %s fails it: UpstreamFailed', (state) => {
    const run = transition(waiting(false), { type: 'upstream', id: 'up-1', state }, T0 + 1);
    expect(run).toMatchObject({ state: 'FAILED', stateName: 'UpstreamFailed', blockedBy: [] });
    expect(run.error?.message).toContain('up-1');
  });

  test('with allowFailure any end will do', () => {
    const one = transition(waiting(true), { type: 'upstream', id: 'up-1', state: 'FAILED' }, T0 + 1);
    expect(one).toMatchObject({ state: 'SCHEDULED', blockedBy: ['up-2'] });
  });

  test('the end of a run it does not wait for changes nothing', () => {
    const run = waiting(false);
    expect(transition(run, { type: 'upstream', id: 'another', state: 'FAILED' }, T0)).toBe(run);
  });
});

describe('every state with every event', () => {
  const pairs = RUN_STATES.flatMap((state) => Object.keys(EVENTS).map((event) => ({ state, event: event as keyof typeof EVENTS })));
  const ENDS = ['hit', 'succeed', 'fail', 'failForGood', 'timeOut', 'crash', 'crashTogether', 'release', 'lose'] as const;
  const CHANGES: Record<(typeof OPEN_STATES)[number], readonly (keyof typeof EVENTS)[]> = {
    SCHEDULED: ['assign', 'cancel', 'shift'],
    PENDING: ['start', 'startSecond', 'failedFirst', 'progress', 'key', 'defer', 'cancel', ...ENDS],
    RUNNING: ['failedFirst', 'progress', 'cancel', ...ENDS],
    CANCELLING: ['startSecond', 'defer', 'stopped', ...ENDS],
  };

  test.each(pairs)('$state with $event changes exactly what the table says', ({ state, event }) => {
    const run = aRun(state);
    const next = play(run, event);
    const moves = (CHANGES as Record<string, string[]>)[state]?.includes(event) ?? false;
    expect(next !== run).toBe(moves);
  });

  test('the pairs are all there', () => {
    expect(pairs).toHaveLength(RUN_STATES.length * Object.keys(EVENTS).length);
  });
});

describe('for any life of any run', () => {
  type Look = (before: Run, next: Run, token: string | undefined, at: number, event: RunEvent) => void;

  /** Plays a life and looks at each step. */
  function always(look: Look) {
    alwaysBut(() => false, look);
  }

  function alwaysBut(isLeftOut: (event: RunEvent) => boolean, look: Look) {
    fc.assert(
      fc.property(aFirstRun, aLife, (first, life) => {
        let run = first;
        let at = T0;
        for (const { event, wait } of life.filter((step) => !isLeftOut(step.event))) {
          at += wait;
          const next = transition(run, event, at);
          look(run, next, 'token' in event ? event.token : undefined, at, event);
          run = next;
        }
      }),
      { numRuns: 500 },
    );
  }

  test('a final run never changes', () => {
    always((before, next) => {
      if (isFinal(before)) expect(next).toBe(before);
    });
  });

  test('an event under another token than the lease changes nothing', () => {
    always((before, next, token) => {
      if (token !== undefined && before.lease?.token !== token) expect(next).toBe(before);
    });
  });

  test('an attempt number is never reused', () => {
    always((before, next) => expect(next.attempt).toBeGreaterThanOrEqual(before.attempt));
  });

  test('one lease starts at most one attempt, unless its holder counts them', () => {
    const counts = (event: RunEvent) => 'attempt' in event;
    alwaysBut(counts, (_before, next) => {
      const grantedAt = next.history.findLast((entry) => entry.state === 'PENDING')?.attempt ?? 0;
      expect(next.attempt - grantedAt).toBeLessThanOrEqual(1);
    });
  });

  const mostAdded = ({ state }: Run, { type }: RunEvent) => (state === 'PENDING' ? 2 : 1) + (type === 'retry' ? 1 : 0);

  test('each change of state adds to the history, its last line is what the run is, and old lines stay', () => {
    always((before, next, _token, at, event) => {
      expect(next.history.slice(0, before.history.length)).toEqual(before.history);
      const added = next.history.slice(before.history.length);
      // An outcome that overtook its start writes both lines, and who tries again under the same lease has two of its own.
      expect(added.length).toBeLessThanOrEqual(mostAdded(before, event));
      if (next.state !== before.state || next.stateName !== before.stateName) expect(added.length).toBeGreaterThan(0);
      for (const entry of added) expect(entry.at).toBe(at);
      expect(next.history.at(-1)).toMatchObject({ state: next.state, name: next.stateName });
    });
  });

  test('the same object comes back where nothing changed', () => {
    always((before, next) => {
      if (JSON.stringify(before) === JSON.stringify(next)) expect(next).toBe(before);
    });
  });

  test('the input is never changed', () => {
    fc.assert(
      fc.property(aFirstRun, aLife, (first, life) => {
        let run = first;
        for (const { event } of life) {
          const copy = JSON.stringify(run);
          const next = transition(Object.freeze(run), event, T0);
          expect(JSON.stringify(run)).toBe(copy);
          run = next;
        }
      }),
    );
  });

  test('a run holds a lease exactly in PENDING, RUNNING and CANCELLING, and has an end exactly where it is final', () => {
    always((_before, next) => {
      expect(isLeased(next)).toBe(['PENDING', 'RUNNING', 'CANCELLING'].includes(next.state));
      expect(next.endedAt !== null).toBe((FINAL_STATES as readonly string[]).includes(next.state));
      expect(next.error !== null).toBe(isFinal(next) && next.state !== 'COMPLETED');
      if (next.state !== 'COMPLETED') expect(next.result).toBeNull();
    });
  });

  test('what was said at submit never changes, but for the attempts a worker fills in', () => {
    always((before, next) => {
      for (const key of ['id', 'task', 'args', 'tags', 'priority', 'createdAt', 'expiresAt', 'waitFor', 'timeoutMs'] as const) {
        expect(next[key]).toBe(before[key]);
      }
      if (before.maxAttempts !== null) expect(next.maxAttempts).toBe(before.maxAttempts);
    });
  });

  test('failures never pass the attempts allowed, crashes and losses never their limits', () => {
    always((_before, next) => {
      expect(next.failures).toBeLessThanOrEqual(next.maxAttempts ?? 1);
      expect(next.crashes).toBeLessThanOrEqual(MAX_CRASHES);
      expect(next.losses).toBeLessThanOrEqual(MAX_LOSSES);
    });
  });

  test('no event, however odd, makes it throw', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RUN_STATES), anEvent, (state, event) => {
        expect(RUN_STATES).toContain(transition(aRun(state), event, T0).state);
      }),
    );
    expect(transition(aRun('RUNNING'), { type: 'no such event', token: TOKEN } as never, T0).state).toBe('RUNNING');
  });
});

describe('the cache', () => {
  const ended = (id: string, state: (typeof FINAL_STATES)[number]) => ({ type: 'upstream', id, state }) as const;

  test('a result that was there already completes a run that never started', () => {
    const run = play(aRun('PENDING'), 'hit');
    expect(run).toMatchObject({
      state: 'COMPLETED',
      stateName: 'Cached',
      cachedFrom: 'run-0',
      result: '"done"',
      attempt: 0,
      startedAt: null,
    });
    expect(run.history.at(-1)).toMatchObject({ name: 'Cached', reason: 'Result of run run-0' });
    expect(play(aRun('COMPLETED'))).toMatchObject({ stateName: 'Completed', cachedFrom: null });
  });

  test('the key is that of the lease under which it was told', () => {
    const keyed = play(aRun('PENDING'), 'key');
    expect(keyed.cache).toEqual({ key: 'k', ttlMs: null });
    expect(play(keyed, 'key')).toBe(keyed);
    expect(play(keyed, 'start', 'succeed').cache).toEqual({ key: 'k', ttlMs: null });
    expect(play(keyed, 'start', 'fail', 'assign').cache).toBeNull();
  });

  test('a run whose result another one makes waits for it, charged with no attempt and holding no lease', () => {
    const run = play(aRun('PENDING'), 'defer');
    expect(run).toMatchObject({ state: 'SCHEDULED', stateName: 'AwaitingConcurrency', blockedBy: ['run-0'], attempt: 0, lease: null });
    expect(run.history.at(-1)?.reason).toBe('Run run-0 makes the same result');
  });

  test.each(FINAL_STATES)('and asks again however that one ends: %s', (state) => {
    const run = play(aRun('PENDING'), 'defer');
    const next = transition(run, ended('run-0', state), T0 + 9_000);
    expect(next).toMatchObject({ state: 'SCHEDULED', stateName: 'Scheduled', blockedBy: [] });
    expect(transition(run, ended('another', state), T0 + 9_000)).toBe(run);
  });

  test('a run that is cancelled before it was deferred is cancelled', () => {
    expect(play(aRun('CANCELLING'), 'defer')).toMatchObject({ state: 'CANCELLED' });
    expect(play(aRun('CANCELLING'), 'hit')).toMatchObject({ state: 'COMPLETED', stateName: 'Cached' });
  });
});
