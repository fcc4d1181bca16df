import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { clockText, dateText, nextChangeMs, preciseText, tookText, whenText } from '../../src/tui/time.ts';
import { aRunning, aRunView, iso, NOON } from '../helpers/fake-client.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});

const waiting = aRunning({ state: 'SCHEDULED', stateName: 'Scheduled', startedAt: null, attempt: 0 });

describe('when', () => {
  test.each([
    [0, '0s ago'],
    [59_999, '59s ago'],
    [60_000, '1m ago'],
    [3_599_999, '59m ago'],
    [3_600_000, '1h ago'],
    [86_400_000 * 3, '3d ago'],
    [-5_000, '0s ago'],
  ])('an open run that is %i ms old shows %s', (age, text) => {
    expect(whenText(aRunning(), NOON + age)).toBe(text);
  });

  test('a finished run shows the clock of its day, and the date of another day', () => {
    expect(whenText(aRunView(), NOON + 3_600_000)).toBe('12:00:00');
    expect(whenText(aRunView(), NOON + 86_400_000)).toBe('Nov 24');
  });
});

describe('took', () => {
  test('a finished run shows its time exactly, a running one in whole seconds', () => {
    expect(tookText(aRunView(), NOON)).toBe('1.2s');
    expect(tookText(aRunning(), NOON + 12_900)).toBe('12s');
    expect(tookText(aRunning(), NOON + 125_900)).toBe('2m 5s');
  });

  test.each([
    [0, ''],
    [1, 'in 1s'],
    [4_000, 'in 4s'],
    [4_001, 'in 5s'],
    [59_000, 'in 59s'],
    [59_001, 'in 1m'],
    [299_000, 'in 5m'],
    [300_001, 'in 6m'],
    [3_540_001, 'in 1h'],
    [86_400_000, 'in 1d'],
  ])('a run that is due in %i ms shows %j', (left, text) => {
    expect(tookText({ ...waiting, dueAt: iso(NOON + left) }, NOON)).toBe(text);
  });

  test('a run that never started shows nothing', () => {
    expect(tookText(aRunView({ state: 'CANCELLED', startedAt: null }), NOON)).toBe('');
  });
});

describe('the next change', () => {
  test('of a finished run never comes', () => {
    expect(nextChangeMs(aRunView(), NOON)).toBeNull();
  });

  test('comes each second while it runs, and each minute where it only waits', () => {
    expect(nextChangeMs(aRunning({ startedAt: iso(NOON) }), NOON + 90_250)).toBe(750);
    expect(nextChangeMs(waiting, NOON + 90_250)).toBe(29_750);
  });

  test('is exactly when a text is another one', () => {
    const runs = [aRunning(), waiting, { ...waiting, dueAt: iso(NOON + 100_000_000) }, aRunning({ startedAt: iso(NOON + 700) })];
    const texts = (run: (typeof runs)[number], at: number) => `${whenText(run, at)}|${tookText(run, at)}`;
    fc.assert(
      fc.property(fc.constantFrom(...runs), fc.integer({ min: 1_000, max: 200_000_000 }), (run, age) => {
        const now = NOON + age;
        const wait = nextChangeMs(run, now) as number;
        expect(wait).toBeGreaterThan(0);
        for (const share of [0.5, 0.999]) {
          const before = now + Math.floor((wait - 1) * share);
          expect(texts(run, before)).toBe(texts(run, now));
        }
        expect(texts(run, now + wait)).not.toBe(texts(run, now));
      }),
    );
  });
});

test('clock texts are as a clock shows them', () => {
  const at = NOON + 3_723_045;
  expect([clockText(at), preciseText(at), dateText(at)]).toEqual(['13:02:03', '13:02:03.045', '2026-11-24 13:02:03']);
});
