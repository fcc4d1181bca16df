/** What a repeat of a run asks for: what was about the call comes along, what was about that one run does not. */
import { expect, test } from 'vitest';
import { repeating } from '../../src/server/repeat.ts';
import { aRun } from '../core/builders.ts';

test('task, arguments and options are those of the run; its key and its ttl were its own', () => {
  const said = { tags: ['a'], priority: 5, name: 'n', concurrencyKey: 'c', parentId: 'p', timeoutMs: 7, maxAttempts: 4 };
  const run = aRun('FAILED', { ...said, args: '[1,{"a":null}]', idempotencyKey: 'k', expiresAt: 9 });
  expect(repeating(run, undefined, [])).toEqual({
    task: run.task,
    args: [1, { a: null }],
    options: {
      ...{ tags: ['a'], priority: 5, runName: 'n', concurrencyKey: 'c', parentId: 'p', timeout: 7, retries: 3, retryOf: run.id },
    },
  });
});

test('other arguments stand in place of its own', () => {
  expect(repeating(aRun('RUNNING', { args: '[1]' }), ['x'], []).args).toEqual(['x']);
});

test('it waits again for what goes on and for what its own arguments stand for, not for what is over', () => {
  const waitFor = ['open', 'used', 'over', 'gone'].map((id) => ({ id, allowFailure: id === 'used' }));
  const run = aRun('FAILED', { waitFor, args: '["~",[{"run":"used"}]]' });
  const upstream = [aRun('RUNNING', { id: 'open' }), aRun('COMPLETED', { id: 'used' }), aRun('FAILED', { id: 'over' }), undefined];
  const idsOf = (args?: unknown[]) => repeating(run, args, upstream).options?.waitFor;
  expect(idsOf()).toEqual([waitFor[0], waitFor[1]]);
  expect(idsOf(['none'])).toEqual([waitFor[0]]);
});
