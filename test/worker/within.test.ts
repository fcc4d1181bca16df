import { expect, test } from 'vitest';
import { within } from '../../src/worker/within.ts';
import { ManualClock } from '../helpers/clock.ts';

test('says whether it came in time', async () => {
  const clock = new ManualClock();
  expect(await within(clock, 100, Promise.resolve())).toBe(true);
  const late = within(clock, 100, new Promise(() => {}));
  clock.advance(100);
  expect(await late).toBe(false);
});
