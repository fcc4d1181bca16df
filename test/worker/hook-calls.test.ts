import { expect, test } from 'vitest';
import type { HookCall } from '../../src/core/frames.ts';
import type { Child } from '../../src/worker/child-process.ts';
import { HookCalls } from '../../src/worker/hook-calls.ts';

const call = { hook: 'onExpired', runId: 'r' } as HookCall;

function aScene() {
  const sent: unknown[] = [];
  const child = { runs: 0, send: (message: unknown) => void sent.push(message) } as unknown as Child;
  const crew = { roomiest: null as Child | null };
  return { sent, child, crew, calls: new HookCalls(crew) };
}

test('calls wait for a child, which stays busy until they have ended', () => {
  const { sent, child, crew, calls } = aScene();
  calls.push([call]);
  calls.push([call, call]);
  expect([sent, calls.isIdle]).toEqual([[], false]);
  crew.roomiest = child;
  calls.serve();
  expect(sent).toEqual([{ type: 'hooks', calls: [1, 2, 3].map((id) => ({ ...call, id })) }]);
  expect(child.runs).toBe(3);
  calls.reported(child, [
    [3, 'begins'],
    [1, 'begins'],
    [1, 'ended'],
    [3, 'ended'],
  ]);
  expect([child.runs, calls.isIdle]).toEqual([1, false]);
  calls.reported(child, [[2, 'ended']]);
  expect([child.runs, calls.isIdle]).toEqual([0, true]);
  calls.serve();
  expect(sent).toHaveLength(1);
});

test('what a child that died had begun to call is not called again, what it had not begun is', () => {
  const { sent, child, crew, calls } = aScene();
  const second = { hook: 'onCancelled', runId: 's' } as HookCall;
  crew.roomiest = child;
  calls.push([call, second]);
  calls.reported(child, [[1, 'begins']]);
  crew.roomiest = null;
  calls.gone(child);
  expect([calls.isIdle, sent.length]).toEqual([false, 1]);
  const other = { ...child, runs: 0 } as Child;
  crew.roomiest = other;
  calls.serve();
  expect(sent.at(-1)).toMatchObject({ calls: [second] });
  calls.reported(other, [[3, 'ended']]);
  calls.gone(other);
  expect([calls.isIdle, sent.length]).toEqual([true, 2]);
});

test('calls in a child that had to be killed for a run are given to another one, those that have ended are not', () => {
  const { sent, child, crew, calls } = aScene();
  const second = { hook: 'onCancelled', runId: 's' } as HookCall;
  crew.roomiest = child;
  calls.push([call, second]);
  calls.reported(child, [
    [2, 'begins'],
    [1, 'ended'],
  ]);
  calls.gone(child, [{ isOverdue: true }]);
  expect(sent.at(-1)).toEqual({ type: 'hooks', calls: [{ ...second, id: 3 }] });
});
