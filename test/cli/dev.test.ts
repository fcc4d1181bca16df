import { join } from 'node:path';
import { expect, test } from 'vitest';
import { devSettings, Notices } from '../../src/cli/dev.ts';
import { loadSettings } from '../../src/config/config.ts';

const env = { BGTASK_HOME: '/nowhere' };

test('the store is that of the project, unless a flag or the environment names one', () => {
  expect(devSettings(loadSettings({}, env)).store).toBe(`file:${join(process.cwd(), '.bgtask', 'store')}`);
  expect(devSettings(loadSettings({ STORE: 'memory:' }, env)).store).toBe('memory:');
  expect(devSettings(loadSettings({}, { ...env, BGTASK_STORE: 'memory:' })).store).toBe('memory:');
});

test('lines wait for the screen, are shown on it without colours, and are printed when it is gone', () => {
  const printed: string[] = [];
  const shown: string[] = [];
  const notices = new Notices((line) => printed.push(line));
  notices.write('early');
  const stop = notices.subscribe((line) => shown.push(line));
  notices.write('\u001b[31mred\u001b[39m');
  stop();
  notices.write('late');
  expect({ shown, printed }).toEqual({ shown: ['early', 'red'], printed: ['late'] });
});
