import { describe, expect, test } from 'vitest';
import { PATIENCE_MS, within } from '../../src/task/hooks.ts';
import { ManualClock } from '../helpers/clock.ts';

describe('within', () => {
  test('gives what is there at once, without a timer', async () => {
    const clock = new ManualClock();
    clock.after = () => {
      throw new Error('no timer is needed');
    };
    expect(await within(clock, () => 7)).toBe(7);
  });

  test('gives what comes in time', async () => {
    expect(await within(new ManualClock(), async () => 7)).toBe(7);
    await expect(within(new ManualClock(), () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
  });

  test('waits no longer than its patience', async () => {
    const clock = new ManualClock();
    const asked = within(clock, () => new Promise(() => {}));
    clock.advance(PATIENCE_MS);
    await expect(asked).rejects.toThrow('It took longer than 30.0s');
  });

  test('throws what the question itself throws', async () => {
    const ask = (): number => {
      throw new Error('boom');
    };
    await expect(within(new ManualClock(), ask)).rejects.toThrow('boom');
  });
});
