/** The frames of the sockets; what a socket does with them stands in frames.test.ts. */
import { expect, test } from 'vitest';
import { clientFrame, submitFrame, workerFrame } from '../../src/server/frame-schemas.ts';

test('a frame of a newer client or worker is taken, without what is not known here', () => {
  expect(workerFrame.parse({ type: 'started', runs: [{ runId: 'r', token: 't', new: 1 }], more: 2 })).toEqual({
    type: 'started',
    runs: [{ runId: 'r', token: 't' }],
  });
  expect(clientFrame.parse({ type: 'get', ref: 1, id: 'r', more: 2 })).toEqual({ type: 'get', ref: 1, id: 'r' });
});

test('a frame of no known type, or for the other socket, is none', () => {
  expect(workerFrame.safeParse({ type: 'submit', ref: 1, runs: [] }).success).toBe(false);
  expect(clientFrame.safeParse({ type: 'hello' }).success).toBe(false);
});

test('the runs of a submit are left to be looked at one by one', () => {
  expect(submitFrame.parse({ type: 'submit', ref: 1, runs: [{ nonsense: true }] }).runs).toEqual([{ nonsense: true }]);
});
