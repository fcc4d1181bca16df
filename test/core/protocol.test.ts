import { expect, test } from 'vitest';
import { HEARTBEAT_MS, LEASE_MS, LIMITS, limitsOf, RUN_ID, SILENCE_MS, TASK_NAME } from '../../src/core/protocol.ts';

test.each(['greet', 'send.email', 'a:b_c-1', 'x'.repeat(128)])('%s may name a task', (name) => {
  expect(name).toMatch(TASK_NAME);
});

test.each(['', ' greet', 'a/b', '../x', 'é', 'x'.repeat(129), 'a\n', '<img>'])('%j may not name a task', (name) => {
  expect(name).not.toMatch(TASK_NAME);
  expect(name).not.toMatch(RUN_ID);
});

test('a worker is heard several times before its lease ends, and leaves a dead connection before that', () => {
  expect(HEARTBEAT_MS * 3).toBeLessThanOrEqual(SILENCE_MS);
  expect(SILENCE_MS).toBeLessThan(LEASE_MS);
});

test('what is taken in one by one also fits a frame, and a frame into a batch', () => {
  expect(LIMITS.argsBytes + LIMITS.resultBytes).toBeLessThanOrEqual(LIMITS.frameBytes);
  expect(LIMITS.frameBytes).toBeLessThan(LIMITS.batchBodyBytes);
});

test('limits that are not given are the usual ones, and the usual ones follow from themselves', () => {
  expect(limitsOf({})).toEqual(LIMITS);
  expect(limitsOf({ connections: 8 })).toEqual({ ...LIMITS, connections: 8 });
  expect(limitsOf({ argsBytes: 5_000_000 })).toMatchObject({ bodyBytes: 5_065_536, frameBytes: 10_000_000 });
});
