import { expect, test, vi } from 'vitest';
import { Asks } from '../../src/worker/asks.ts';
import type { LiveRun } from '../../src/worker/live-run.ts';
import type { PoolListener } from '../../src/worker/run-pool.ts';

test('a run that looks has begun, its question is told under its lease, and its answer goes to its child', () => {
  const send = vi.fn();
  const run = { id: 1, assignment: { runId: 'r', token: 't' }, child: { send }, hasStarted: false, stop: { why: 'cancel' } };
  const grace = vi.fn();
  const asked = vi.fn();
  const asks = new Asks(new Map([[1, run as unknown as LiveRun]]), { grace });
  const question = { key: 'k', ttlMs: null, refresh: false };
  asks.reported(
    {
      type: 'report',
      looking: [1, 2],
      asks: [
        { id: 1, ...question },
        { id: 2, ...question },
      ],
    },
    { asked } as unknown as PoolListener,
  );
  expect([run.hasStarted, grace.mock.calls.length]).toEqual([true, 1]);
  expect(asked).toHaveBeenCalledWith([{ runId: 'r', token: 't', ...question }]);
  asks.answer('unknown', null);
  asks.answer('t', null);
  expect(send.mock.calls).toEqual([[{ type: 'answers', runs: [{ id: 1, hit: null }] }]]);
});
