import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  activeProfile,
  overruled,
  refuseDefault,
  setSettings,
  settingValue,
  shownProfiles,
  shownSettings,
  unsetSettings,
} from '../../src/cli/settings.ts';
import { type TestHome, testHome } from '../helpers/cli.ts';

let home: TestHome;
const before = { ...process.env };
beforeEach(() => {
  home = testHome();
  process.env.BGTASK_HOME = home.folder;
});
afterEach(() => {
  process.env = { ...before };
  home.remove();
});

test('what is set is found again, and gone when it is unset', async () => {
  expect(await setSettings(['LIMIT=5', 'API_KEY=canary'], {})).toEqual({
    profile: 'default',
    settings: [
      { key: 'LIMIT', value: '5', source: 'profile' },
      { key: 'API_KEY', value: '***', source: 'profile' },
    ],
  });
  expect(settingValue('API_KEY', {})).toBe('canary');
  expect(shownSettings({}).find(({ key }) => key === 'API_KEY')).toEqual({ key: 'API_KEY', value: '***', source: 'profile' });
  expect(shownProfiles()).toEqual([{ name: 'default', active: true, settings: { LIMIT: '5', API_KEY: '***' } }]);
  expect(await unsetSettings(['API_KEY', 'STORE'], {})).toEqual({ profile: 'default', keys: ['API_KEY'] });
  expect(settingValue('API_KEY', {})).toBeNull();
});

test('one wrong pair among others writes nothing', async () => {
  await expect(setSettings(['LIMIT=5', 'STORE=sqlite:x'], {})).rejects.toThrow('STORE');
  expect(settingValue('LIMIT', {})).toBe('10');
});

test('the profile that is worked on must be there', async () => {
  await expect(setSettings(['LIMIT=5'], { PROFILE: 'none' })).rejects.toThrow('There is no profile "none"');
  expect(() => activeProfile({ PROFILE: 'none' })).toThrow('There is no profile');
});

test('variables that still count first are named', () => {
  process.env.BGTASK_LIMIT = '5';
  process.env.BGTASK_STORE = '';
  expect(overruled(['LIMIT', 'STORE', 'API_URL'])).toEqual(['BGTASK_LIMIT']);
});

test('the profile default can be neither renamed nor deleted', () => {
  expect(() => refuseDefault('default', 'deleted')).toThrow('cannot be deleted');
  expect(() => refuseDefault('other', 'deleted')).not.toThrow();
});
