import { expect, test, vi } from 'vitest';
import type { HookCall } from '../../src/core/frames.ts';
import { plainError } from '../../src/core/run.ts';
import { encodeArgs, FUTURE } from '../../src/core/values.ts';
import { systemClock } from '../../src/system/system.ts';
import { HOOK_NAMES } from '../../src/task/definition.ts';
import { tellHook } from '../../src/worker/tell-hook.ts';
import { define } from '../task/helpers.ts';

const aCall = (over: Partial<HookCall> = {}): HookCall => ({
  ...{ hook: 'onCrashed', runId: 'r', task: 'greet', name: 'n', state: 'CRASHED', stateName: 'Crashed', attempt: 3, maxAttempts: 1 },
  ...{ args: '["Ford"]', tags: ['t'], parentId: 'p', error: plainError('ProcessCrashedError', 'exit code 1'), upstream: {} },
  ...over,
});

function aDefinition() {
  const told: unknown[][] = [];
  const definition = define((_name: string) => 1);
  for (const kind of HOOK_NAMES)
    definition.hooks[kind].push((run: unknown, ...args: readonly unknown[]) => void told.push([kind, run, ...args]));
  return { definition, told };
}

test('a hook hears of the run and its arguments, with an error whose cause is what happened', async () => {
  const { definition, told } = aDefinition();
  await tellHook(definition, aCall(), systemClock);
  const run = {
    id: 'r',
    task: 'greet',
    name: 'n',
    state: 'CRASHED',
    stateName: 'Crashed',
    attempt: 3,
    maxAttempts: 1,
    tags: ['t'],
    parentId: 'p',
  };
  expect(told).toEqual([['onCrashed', expect.objectContaining({ ...run, args: ['Ford'], result: null }), 'Ford']]);
  expect(told[0]?.[1]).toMatchObject({ error: { name: 'TaskRunError', cause: { name: 'ProcessCrashedError', message: 'exit code 1' } } });
});

test('onRetrying hears of the error itself', async () => {
  const { definition, told } = aDefinition();
  await tellHook(definition, aCall({ hook: 'onRetrying', state: 'SCHEDULED', stateName: 'AwaitingRetry' }), systemClock);
  expect(told[0]?.[1]).toMatchObject({ state: 'SCHEDULED', error: { name: 'ProcessCrashedError' } });
});

test('a future in the arguments is its result where there is one', async () => {
  const { definition, told } = aDefinition();
  const of = (id: string) => ({ [FUTURE]: { id, allowFailure: false } });
  const { args } = encodeArgs([of('done'), of('failed'), of('open')]);
  const failed = { state: 'FAILED', result: null, error: plainError('Error', 'no') } as const;
  await tellHook(definition, aCall({ args, upstream: { done: { state: 'COMPLETED', result: '5', error: null }, failed } }), systemClock);
  expect(told[0]?.slice(2)).toEqual([5, undefined, undefined]);
});

test('what cannot be called is printed and rejects nothing', async () => {
  const { definition, told } = aDefinition();
  const print = vi.spyOn(console, 'error').mockImplementation(() => {});
  await tellHook(definition, aCall({ args: 'no JSON' }), systemClock);
  expect(told).toEqual([]);
  expect(print.mock.calls[0]?.[0]).toContain("onCrashed of run r of task 'greet'");
  print.mockRestore();
});
