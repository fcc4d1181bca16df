import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { devSettings, Notices } from '../../src/cli/dev.ts';
import { loadSettings } from '../../src/config/config.ts';
import { changeProfiles } from '../../src/config/profiles.ts';

const env = { BGTASK_HOME: '/nowhere' };

test('the store is that of the project, unless a flag or the environment names one', () => {
  expect(devSettings(loadSettings({}, env)).store).toBe(`file:${join(process.cwd(), '.bgtask', 'store')}`);
  expect(devSettings(loadSettings({ STORE: 'memory:' }, env)).store).toBe('memory:');
  expect(devSettings(loadSettings({}, { ...env, BGTASK_STORE: 'memory:' })).store).toBe('memory:');
});

test('the key of the profile is that of another server; one of the environment counts', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bgtask-dev-'));
  await changeProfiles({ config: home, data: home }, (draft) => {
    draft.profiles.default = { API_KEY: 'of-the-profile' };
  });
  const inHome = { BGTASK_HOME: home };
  expect(loadSettings({}, inHome).apiKey).toBe('of-the-profile');
  expect(devSettings(loadSettings({}, inHome)).apiKey).toBeNull();
  expect(devSettings(loadSettings({}, { ...inHome, BGTASK_API_KEY: 'of-the-environment' })).apiKey).toBe('of-the-environment');
  rmSync(home, { recursive: true });
});

test('lines wait for the screen, are shown on it without colours, and are printed when it is gone', () => {
  const printed: string[] = [];
  const shown: string[] = [];
  const notices = new Notices((line) => printed.push(line));
  notices.write('early');
  const stop = notices.subscribe((line) => shown.push(line));
  notices.write('\u001b[31mred\u001b[39m\nand why');
  stop();
  notices.write('late');
  expect({ shown, printed }).toEqual({ shown: ['early', 'red'], printed: ['late'] });
});
