import { expect, test } from 'vitest';
import type { Outcome } from '../../src/core/frames.ts';
import { newLease, tellAgain } from '../../src/worker/lease.ts';
import type { Outbox } from '../../src/worker/outbox.ts';
import { anAssignment } from './pools.ts';

function toldOf(over: Partial<ReturnType<typeof newLease>>): string[] {
  const told: string[] = [];
  const names = ['outcome', 'started', 'asked', 'waiting'] as const;
  const outbox = Object.fromEntries(names.map((name) => [name, () => void told.push(name)]));
  tellAgain({ ...newLease(anAssignment('greet')), ...over }, outbox as unknown as Outbox);
  return told;
}
const question = { key: 'k', ttlMs: null, refresh: false };
const outcome = { type: 'stopped' } as unknown as Outcome;

test('what the server may not have heard is told again: the outcome alone, or how far the run is', () => {
  expect(toldOf({})).toEqual([]);
  expect(toldOf({ question })).toEqual(['asked']);
  expect(toldOf({ startedAt: 1, isWaiting: false })).toEqual(['started', 'waiting']);
  expect(toldOf({ startedAt: 1, question, isWaiting: true, outcome })).toEqual(['outcome']);
});
