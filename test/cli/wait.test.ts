import { expect, test } from 'vitest';
import { waitForEnd, whyNot } from '../../src/cli/wait.ts';
import type { Client } from '../../src/client/client.ts';
import { RunNotFoundError, WaitTimeoutError } from '../../src/core/errors.ts';
import { aRunView } from '../helpers/fake-client.ts';

const client = (final: () => Promise<unknown>) =>
  ({ final, request: async () => ({ ...aRunView(), runs: [], nextCursor: null }) }) as unknown as Client;

test('the run is given as it ended, read anew', async () => {
  expect(
    await waitForEnd(
      client(async () => null),
      'x',
      null,
    ),
  ).toMatchObject({ state: 'COMPLETED' });
});

test('a wait that ends first and a run that is none are told as such', async () => {
  const timedOut = client(() => Promise.reject(new WaitTimeoutError('x', 5)));
  await expect(waitForEnd(timedOut, 'x', 5)).rejects.toBeInstanceOf(WaitTimeoutError);
  const unknown = client(() => Promise.reject(new RunNotFoundError('x')));
  await expect(waitForEnd(unknown, 'x', null)).rejects.toBeInstanceOf(RunNotFoundError);
});

test('why a run did not complete is one line; a completed one needs none', () => {
  expect(whyNot(aRunView())).toBeNull();
  const error = { name: 'Error', message: 'two\nlines', stack: null, cause: null };
  expect(whyNot(aRunView({ id: 'x', task: 'greet', state: 'FAILED', stateName: 'TimedOut', error }))).toBe(
    'greet x is FAILED TimedOut: Error: two lines',
  );
});
