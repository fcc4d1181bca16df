import { describe, expect, test } from 'vitest';
import { attemptText, beganText, outcomeText, parts } from '../../src/client/direct-frames.ts';
import type { DirectRun, Outcome } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { scan } from '../../src/server/scan.ts';

const held = { runId: 'a', token: 't' };
const run: DirectRun = {
  ...held,
  task: 'greet',
  args: [1],
  name: null,
  tags: [],
  maxAttempts: 1,
  parentId: null,
  startedAt: '',
  caller: 'me',
};
const error = { name: 'Error', message: 'x'.repeat(5_000), stack: 'y'.repeat(LIMITS.frameBytes), cause: null };

describe('a direct call as text', () => {
  test('tells of an attempt that is not the last no more than its history keeps', () => {
    expect(JSON.parse(attemptText({ ...held, attempt: 2, at: '', failed: null }))).toEqual({ ...held, attempt: 2, at: '', failed: null });
    const told = attemptText({ ...held, attempt: 1, at: '', failed: { error, retryDelayMs: 5 } });
    expect(JSON.parse(told).failed).toEqual({ error: { ...error, message: 'x'.repeat(1_000), stack: null }, retryDelayMs: 5 });
  });

  test('is itself, also with arguments of the very limit', () => {
    expect(JSON.parse(beganText(run))).toEqual(run);
    const full = { ...run, args: ['x'.repeat(LIMITS.argsBytes - 4)] };
    expect(JSON.parse(beganText(full))).toEqual(full);
  });

  test('does without arguments that the server would not take', () => {
    const over = { ...run, args: ['x'.repeat(LIMITS.argsBytes - 3)] };
    expect(JSON.parse(beganText(over)).args).toEqual(['[not stored: the arguments are too large]']);
  });
});

test('a direct call does without arguments of more keys than the server takes, for which it would end the socket', () => {
  const keys = (count: number) => ({ ...run, args: [Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))] });
  const most = keys(LIMITS.keys - Object.keys(run).length);
  expect(JSON.parse(beganText(most))).toEqual(most);
  expect(scan(`{"runs":[${beganText(most)}]}`, 3)).toBeNull();
  const over = beganText(keys(LIMITS.keys));
  expect(JSON.parse(over).args).toEqual(['[not stored: the arguments are too large]']);
  expect(scan(`{"runs":[${over}]}`, 3)).toBeNull();
});

describe('an outcome as text', () => {
  test('is itself where a frame has room for it', () => {
    const outcome: Outcome = { ...held, type: 'succeed', result: '{"a":1}' };
    expect(JSON.parse(outcomeText(outcome))).toEqual(outcome);
  });

  test('does without what no frame has room for: quotes in a result count twice', () => {
    const result = `"${'\\"'.repeat(LIMITS.resultBytes / 2 - 1)}"`;
    expect(Buffer.byteLength(result)).toBe(LIMITS.resultBytes);
    expect(JSON.parse(outcomeText({ ...held, type: 'succeed', result }))).toEqual({ ...held, type: 'succeed', result: null });
    const failed: Outcome = { ...held, type: 'fail', error, retry: false, retryDelayMs: 0, timedOut: false };
    expect(JSON.parse(outcomeText(failed))).toMatchObject({ type: 'fail', error: { message: 'x'.repeat(1_000), stack: null } });
  });
});

test('parts keep the order and fit into a frame, also where every character takes three bytes', () => {
  const texts = Array.from({ length: 100 }, () => '€'.repeat(30_000));
  const all = parts(texts, (text) => text.length);
  expect(all.flat()).toEqual(texts);
  for (const part of all) expect(Buffer.byteLength(part.join(','))).toBeLessThan(LIMITS.frameBytes);
  expect(all.length).toBeLessThan(10);
  expect(parts([], () => 1)).toEqual([]);
});
