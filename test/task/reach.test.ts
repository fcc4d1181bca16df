import { expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { reachThrough } from '../../src/task/reach.ts';

test('the client is made when something goes out, and not before', async () => {
  const client = {
    submit: vi.fn(async () => [{ id: 'run-1', deduplicated: true }]),
    get: vi.fn(async () => ({ id: 'run-1', task: 'other' })),
    recordDirect: vi.fn(() => null),
  };
  const ask = vi.fn(() => client as unknown as Client);
  const serve = vi.fn();
  const reach = reachThrough(ask, serve);
  expect(ask).not.toHaveBeenCalled();

  expect(await reach.submit([{ task: 'greet' }])).toEqual([{ id: 'run-1', deduplicated: true }]);
  const future = reach.future('run-1', 'greet', true);
  expect(future).toMatchObject({ id: 'run-1', deduplicated: true });
  await expect(future.get()).rejects.toThrow("This is a run of task 'other', not of 'greet'");
  const call = () => ({}) as never;
  expect(reach.record(call)).toBeNull();
  expect(client.recordDirect).toHaveBeenCalledWith(call);
  expect(reach.serve).toBe(serve);
});
