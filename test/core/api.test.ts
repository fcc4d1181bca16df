import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runJson } from '../../src/core/api.ts';
import { RUN_STATES, type Run } from '../../src/core/run.ts';
import { newRun, transition } from '../../src/core/transition.ts';
import { encodeArgs, encodeResult } from '../../src/core/values.ts';
import { aFirstRun, aLife, aRun, aSubmit, EVENTS, play, T0, TOKEN } from './builders.ts';

/** The fields the contract names, and those it lets the library add. */
const FIELDS = [
  ...['id', 'task', 'name', 'state', 'stateName', 'attempt', 'maxAttempts', 'crashes', 'args', 'result', 'error', 'tags', 'priority'],
  ...['worker', 'idempotencyKey', 'parentId', 'waitFor', 'createdAt', 'dueAt', 'startedAt', 'endedAt', 'progress', 'history'],
  ...['retryOf', 'cachedFrom', 'meta', 'waitingFor'],
].sort();
const view = (run: Run, history = true) => JSON.parse(runJson(run, history)) as Record<string, unknown>;

describe('a run as JSON', () => {
  test.each(RUN_STATES.filter((state) => state !== 'COMPLETED'))('has exactly the fields of the contract: %s', (state) => {
    expect(Object.keys(view(aRun(state))).sort()).toEqual(FIELDS);
  });

  test('of a completed run has them too', () => {
    expect(Object.keys(view(aRun('COMPLETED'))).sort()).toEqual(FIELDS);
  });

  test('shows no token, no lease and no inner counter', () => {
    for (const state of RUN_STATES) expect(runJson(aRun(state), true)).not.toContain(TOKEN);
  });

  test('times are ISO 8601 in UTC, also in the history', () => {
    const run = view(aRun('COMPLETED'));
    expect(run).toMatchObject({
      createdAt: '2023-11-14T22:13:20.000Z',
      dueAt: '2023-11-14T22:13:20.000Z',
      endedAt: '2023-11-14T22:13:23.000Z',
    });
    expect(run.history).toEqual([
      { state: 'SCHEDULED', name: 'Scheduled', at: '2023-11-14T22:13:20.000Z', attempt: 0, reason: null },
      { state: 'PENDING', name: 'Pending', at: '2023-11-14T22:13:21.000Z', attempt: 0, reason: null },
      { state: 'RUNNING', name: 'Running', at: '2023-11-14T22:13:22.000Z', attempt: 1, reason: null },
      { state: 'COMPLETED', name: 'Completed', at: '2023-11-14T22:13:23.000Z', attempt: 1, reason: null },
    ]);
  });

  test('in a list comes without its history', () => {
    expect(view(aRun('RUNNING'), false)).not.toHaveProperty('history');
  });

  test('arguments and result stand in it as values, not as text', () => {
    const run = transition(
      newRun(aSubmit({ args: encodeArgs(['Ford', { n: 1 }]).args, direct: EVENTS.assign.lease }), []),
      { type: 'succeed', token: TOKEN, result: encodeResult({ ok: true }) },
      T0,
    );
    expect(view(run)).toMatchObject({ args: ['Ford', { n: 1 }], result: { ok: true }, error: null });
  });

  test('what its attempts have set stands in it as an object, also once it is over', () => {
    const said = { type: 'progress', token: TOKEN, progress: null } as const;
    const once = transition(aRun('RUNNING'), { ...said, meta: '{"a":1}' }, T0);
    const twice = transition(once, { ...said, meta: '{"b":[2]}' }, T0);
    expect(view(play(twice, 'succeed'))).toMatchObject({ meta: { a: 1, b: [2] }, progress: null });
    expect(view(aRun('RUNNING'))).toMatchObject({ meta: {} });
  });

  test('a rich value keeps its marked encoding, unparsed', () => {
    const { args } = encodeArgs([new Date(0)]);
    expect(runJson(newRun(aSubmit({ args }), []), false)).toContain(`"args":${args}`);
  });

  test('the result is null while open and after a failure, and left out where the task returned undefined', () => {
    expect(view(aRun('RUNNING')).result).toBeNull();
    expect(view(aRun('FAILED')).result).toBeNull();
    const nothing = transition(aRun('RUNNING'), { type: 'succeed', token: TOKEN, result: null }, T0);
    expect(view(nothing)).not.toHaveProperty('result');
  });

  test('the error has name, message, stack and cause', () => {
    expect(view(aRun('FAILED')).error).toEqual({ name: 'Error', message: 'boom', stack: null, cause: null });
  });

  test('waitFor is a list of ids', () => {
    const run = newRun(aSubmit({ waitFor: [{ id: 'up', allowFailure: true }] }), ['up']);
    expect(view(run).waitFor).toEqual(['up']);
  });

  test('maxAttempts is 1 until somebody said another number', () => {
    expect(view(newRun(aSubmit({ maxAttempts: null }), [])).maxAttempts).toBe(1);
    expect(view(play(newRun(aSubmit({ maxAttempts: null }), []), 'assign')).maxAttempts).toBe(3);
  });

  test('of any life can be parsed and agrees with the run', () => {
    fc.assert(
      fc.property(aFirstRun, aLife, fc.array(fc.jsonValue()), (first, life, args) => {
        let run: Run = { ...first, args: encodeArgs(args).args };
        for (const { event, wait } of life) run = transition(run, event, T0 + wait);
        const { state, stateName, attempt, error } = run;
        expect(view(run)).toMatchObject({ state, stateName, attempt, error });
        expect(view(run).args).toEqual(JSON.parse(run.args));
      }),
    );
  });
});
