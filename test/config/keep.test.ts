import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/config.ts';
import { readKeep, settleKeep } from '../../src/config/keep.ts';
import { DEFAULT_KEEP } from '../../src/store/store.ts';

test.each([
  ['12h,100', '12h,100'],
  ['100,12h', '12h,100'],
  ['1h 30m', '1h30m,50000'],
  ['007', '7d,7'],
])('%s is %s: what is left out is as usual', (text, settled) => {
  expect(settleKeep(text, '7d,50000')).toBe(settled);
});

test.each(['', ',', '7', '7d,', '7d,8d', '1,2', '7 days', '-1', '7d,50000,1', '1e3', '0', '0d', '99999999'])(
  '%j is told as wrong or a number',
  (text) => {
    if (text === '7') expect(settleKeep(text, '7d,50000')).toBe('7d,7');
    else expect(() => settleKeep(text, '7d,50000')).toThrow(/^expected /);
  },
);

test('a settled text is an age in milliseconds and a number', () => {
  expect(readKeep('1h30m,3')).toEqual({ ms: 5_400_000, count: 3 });
});

test('unless somebody says otherwise the settings are what a server does by itself', () => {
  const { completed, failed } = loadSettings({}, { BGTASK_HOME: '/nowhere' }).keep;
  expect([completed, failed]).toEqual([
    { ms: DEFAULT_KEEP.completedMs, count: DEFAULT_KEEP.completedCount },
    { ms: DEFAULT_KEEP.failedMs, count: DEFAULT_KEEP.failedCount },
  ]);
});
