import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { Expiries } from '../../src/store/expiries.ts';
import type { Row } from '../../src/store/rows.ts';
import { aRun, T0 } from '../core/builders.ts';

let seq = 0;
const row = (run: Run): Row => ({
  ...{ run, seq: ++seq, keyUntil: null, dependents: null, awaited: 0, uncached: false, expires: false, gone: false, noted: 0, notedIn: 0 },
});
const waiting = (expiresAt: number | null) => row(aRun('SCHEDULED', { expiresAt }));

test('runs come out as their time comes, soonest first', () => {
  const expiries = new Expiries();
  const [late, soon, never] = [waiting(T0 + 20), waiting(T0 + 10), waiting(null)];
  for (const one of [late, soon, never]) expiries.update(one);
  expect(expiries.nextAt()).toBe(T0 + 10);
  expect(expiries.take(T0 + 9)).toBeUndefined();
  expect([expiries.take(T0 + 20), expiries.take(T0 + 20), expiries.take(T0 + 20)]).toEqual([soon, late, undefined]);
  expect(expiries.nextAt()).toBeNull();
});

test('a run that was leased, has ended or is gone does not count; one given back does again', () => {
  const expiries = new Expiries();
  const [leased, gone] = [waiting(T0 + 1), waiting(T0 + 2)];
  for (const one of [leased, gone]) expiries.update(one);
  const before = leased.run;
  leased.run = aRun('PENDING', { expiresAt: T0 + 1 });
  gone.gone = true;
  expect(expiries.nextAt()).toBeNull();
  leased.run = before;
  expiries.update(leased);
  expiries.update(leased);
  expect(expiries.take(T0 + 5)).toBe(leased);
  expect(expiries.take(T0 + 5)).toBeUndefined();
});
