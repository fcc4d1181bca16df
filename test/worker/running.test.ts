import { expect, test } from 'vitest';
import type { CacheQuestion, Settled } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { encodeArgs, FUTURE } from '../../src/core/values.ts';
import { task } from '../../src/index.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import { type Definition, definitionOf } from '../../src/task/definition.ts';
import type { Work } from '../../src/worker/ipc.ts';
import { Running } from '../../src/worker/running.ts';
import { aWork } from './pools.ts';

const plain = definitionOf(task('plain', async () => 1)) as Definition;
const limited = definitionOf(task('limited', { timeout: '1s' }, async () => 1)) as Definition;

function aRunning(over: Partial<Work> = {}, definition = plain) {
  const phases: string[] = [];
  const asked: (string | null)[] = [];
  const listener = {
    limits: LIMITS,
    log: () => {},
    progress: () => {},
    waiting: () => {},
    ask: (_running: Running, question: CacheQuestion | null) => void asked.push(question?.key ?? null),
    phase: (_running: Running, phase: string) => void phases.push(phase),
  };
  const options = { clock: systemClock, random: systemRandom, graceMs: null };
  return { running: new Running(listener, options, definition, aWork('plain', [], over)), phases, asked };
}

function argsOf(upstream: Record<string, Settled>, allowFailure: boolean): readonly unknown[] {
  const { args } = encodeArgs([{ of: { [FUTURE]: { id: 'up', allowFailure } } }, new Date(5)]);
  return aRunning({ args, upstream }).running.args;
}

const DONE: Settled = { state: 'COMPLETED', result: '{"a":1}', error: null };
const FAILED: Settled = { state: 'FAILED', result: null, error: { name: 'TypeError', message: 'no tea', stack: 'far away', cause: null } };

test('a future in the arguments is the result of its run', () => {
  expect(argsOf({ up: DONE }, false)).toEqual([{ of: { a: 1 } }, new Date(5)]);
});

test('where any end was allowed it says how the run settled', () => {
  expect(argsOf({ up: DONE }, true)[0]).toEqual({ of: { status: 'fulfilled', value: { a: 1 } } });
  const [{ of }] = argsOf({ up: FAILED }, true) as [{ of: { status: string; reason: Error } }];
  expect(of.status).toBe('rejected');
  expect(of.reason).toBeInstanceOf(Error);
  expect(of.reason).toMatchObject({ name: 'TypeError', message: 'no tea', stack: 'far away' });
});

test('a run that did not complete, or did not come along, is an error', () => {
  expect(() => argsOf({ up: FAILED }, false)).toThrow('no tea');
  expect(() => argsOf({}, false)).toThrow(/the result of run up/);
  expect(() => argsOf(JSON.parse('{"__proto__":{}}'), false)).toThrow(/the result of run up/);
});

test('the signal is one and the same, asked for before or after the abort', () => {
  const { running } = aRunning();
  const { signal } = running;
  running.abort('enough');
  expect(signal.aborted).toBe(true);
  expect(running.signal).toBe(signal);
  const late = aRunning().running;
  late.abort('enough');
  expect(late.signal.reason).toBe('enough');
});

test('phases are told where a timeout asks for them, once the first turn is over', () => {
  const without = aRunning();
  without.running.isFresh = false;
  without.running.onPhase('after');
  expect(without.phases).toEqual([]);
  for (const { running, phases } of [aRunning({ timeoutMs: 5 }), aRunning({}, limited)]) {
    running.onPhase('function');
    running.isFresh = false;
    running.onPhase('after');
    expect(phases).toEqual(['after']);
  }
});
