import { expect, test } from 'vitest';
import { whileWaiting } from '../../src/client/waiting.ts';
import { attempt, define } from '../task/helpers.ts';

test('outside of a run a wait is a wait', async () => {
  expect(await whileWaiting(async () => 5)).toBe(5);
});

test('a run is told when the first wait in it begins and when the last has ended, also by an error', async () => {
  const told: (boolean | string)[] = [];
  const definition = define(async () => {
    told.push('begins');
    await Promise.all([whileWaiting(async () => 1), whileWaiting(async () => Promise.reject(new Error('boom'))).catch(() => 2)]);
    told.push('goes on');
    return await whileWaiting(async () => 3);
  });
  const { outcome } = await attempt(definition, [], { onWaiting: (isWaiting) => void told.push(isWaiting) });
  expect(outcome).toMatchObject({ type: 'succeed', result: '3' });
  expect(told).toEqual(['begins', true, false, 'goes on', true, false]);
});

test('a wait that outlives its attempt is over with it', async () => {
  const told: boolean[] = [];
  let release = () => {};
  const definition = define(async () => void whileWaiting(() => new Promise<void>((resolve) => (release = resolve))));
  await attempt(definition, [], { onWaiting: (isWaiting) => void told.push(isWaiting) });
  release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([true, false]);
});
