import { expect, test } from 'vitest';
import { workerFlags, workerSettings } from '../../src/cli/worker-flags.ts';
import { loadSettings } from '../../src/config/config.ts';

test('an operator writes the variables without the words of the command', () => {
  expect(Object.values(workerFlags).map((flag) => flag.env)).toEqual(
    ['LIMIT', 'PROCESSES', 'NO_WATCH', 'NAME', 'DRAIN', 'GRACE', 'LOG_LEVEL'].map((name) => `BGTASK_${name}`),
  );
});

test('flags and settings become what a worker is told', async () => {
  const settings = loadSettings({ LIMIT: '7', API_KEY: 'key' }, { BGTASK_HOME: '/nowhere' });
  const { address, ...told } = workerSettings({ processes: 2, 'no-watch': true, name: 'ford', drain: '1m', grace: '2s' }, settings);
  expect(told).toEqual({ limit: 7, processes: 2, watch: false, drain: 60_000, grace: 2_000, name: 'ford' });
  expect(await address()).toEqual({ url: 'http://127.0.0.1:4200/api', apiKey: 'key' });
});

test('a drain or a grace that is no duration is refused', () => {
  const settings = loadSettings({}, { BGTASK_HOME: '/nowhere' });
  const flags = { processes: 1, 'no-watch': false, drain: '1s', grace: '1s' };
  expect(() => workerSettings({ ...flags, drain: 'soon' }, settings)).toThrow('--drain is "soon"');
  expect(() => workerSettings({ ...flags, grace: 'soon' }, settings)).toThrow('--grace is "soon"');
});
