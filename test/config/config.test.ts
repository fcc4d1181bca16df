import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findSettings, loadSettings, readSetting, SETTINGS, settingOf } from '../../src/config/config.ts';
import { changeProfiles } from '../../src/config/profiles.ts';
import type { ConfigError } from '../../src/core/errors.ts';

let home: string;
let env: Record<string, string>;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bgtask-config-'));
  env = { BGTASK_HOME: home };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function inProfile(values: Record<string, string>, name = 'default'): Promise<void> {
  return changeProfiles({ config: home, data: home }, (draft) => {
    draft.profiles[name] = values;
  });
}

describe('precedence', () => {
  test('a flag counts before the environment, that before the profile, that before the default', async () => {
    expect(loadSettings({}, env)).toMatchObject({ limit: 10, sources: { LIMIT: 'default' } });
    await inProfile({ LIMIT: '20' });
    expect(loadSettings({}, env)).toMatchObject({ limit: 20, sources: { LIMIT: 'profile' } });
    env.BGTASK_LIMIT = '30';
    expect(loadSettings({}, env)).toMatchObject({ limit: 30, sources: { LIMIT: 'env' } });
    expect(loadSettings({ LIMIT: '40' }, env)).toMatchObject({ limit: 40, sources: { LIMIT: 'flag' } });
  });

  test('an empty environment variable is as none', async () => {
    await inProfile({ LIMIT: '20' });
    expect(loadSettings({}, { ...env, BGTASK_LIMIT: '', BGTASK_API_KEY: '' })).toMatchObject({ limit: 20, apiKey: null });
  });

  test('unknown BGTASK_ variables are ignored', () => {
    expect(() => loadSettings({}, { ...env, BGTASK_WHATEVER: 'x', BGTASK_LIMITZ: '3' })).not.toThrow();
  });

  test('the profile in use is named by flag, environment, then by what `profile use` left', async () => {
    await inProfile({ LIMIT: '1' }, 'a');
    await inProfile({ LIMIT: '2' }, 'b');
    await changeProfiles({ config: home, data: home }, (draft) => {
      draft.active = 'a';
    });
    expect(loadSettings({}, env)).toMatchObject({ profile: 'a', limit: 1, sources: { PROFILE: 'profile' } });
    expect(loadSettings({}, { ...env, BGTASK_PROFILE: 'b' })).toMatchObject({ profile: 'b', limit: 2 });
    expect(loadSettings({ PROFILE: 'default' }, { ...env, BGTASK_PROFILE: 'b' })).toMatchObject({ profile: 'default', limit: 10 });
  });
});

describe('values', () => {
  test('LIMITS are the usual ones but for those it names', () => {
    expect(loadSettings({}, env).limits.openRuns).toBe(100_000);
    const { limits } = loadSettings({ LIMITS: 'openRuns=5,logLineBytes=2KiB' }, env);
    expect(limits).toMatchObject({ openRuns: 5, logLineBytes: 2_048, logRunBytes: 10_485_760 });
    expect(() => loadSettings({}, { ...env, BGTASK_LIMITS: '10' })).toThrow(
      'BGTASK_LIMITS in the environment is "10": there is no limit "10"',
    );
  });

  test.each([
    ['http://127.0.0.1:4200', 'http://127.0.0.1:4200/api'],
    ['http://127.0.0.1:4200/', 'http://127.0.0.1:4200/api'],
    ['http://127.0.0.1:4200/api', 'http://127.0.0.1:4200/api'],
    ['http://127.0.0.1:4200/api/', 'http://127.0.0.1:4200/api'],
    ['https://example.com/bgtask', 'https://example.com/bgtask/api'],
  ])('API_URL %s is %s', (text, url) => {
    expect(loadSettings({ API_URL: text }, env).apiUrl).toBe(url);
  });

  test.each(['127.0.0.1:4200', 'ftp://x', 'http://user:key@x', 'http://x/?a=1', 'nonsense'])('API_URL %s is refused', (text) => {
    expect(() => loadSettings({ API_URL: text }, env)).toThrow('API_URL is');
  });

  test('STORE is a folder or memory, the folder absolute', () => {
    expect(loadSettings({}, env).store).toBe(`file:${join(home, 'store')}`);
    expect(loadSettings({ STORE: 'memory:' }, env).store).toBe('memory:');
    expect(loadSettings({ STORE: 'file:some/where' }, env).store).toBe(`file:${join(process.cwd(), 'some/where')}`);
    expect(loadSettings({ STORE: './here' }, env).store).toBe(`file:${join(process.cwd(), 'here')}`);
    expect(loadSettings({ STORE: 'file:~/x' }, env).store).toBe(`file:${join(homedir(), 'x')}`);
    expect(loadSettings({ STORE: 'file:///var/bgtask' }, env).store).toBe('file:/var/bgtask');
    expect(() => loadSettings({ STORE: 'sqlite:x' }, env)).toThrow('expected file:<folder> or memory:');
    expect(() => loadSettings({ STORE: 'file:' }, env)).toThrow('expected a folder');
  });

  test.each(['0', '-1', '1.5', 'many', '100000', '1e3', ' 5'])('LIMIT %s is refused', (text) => {
    expect(() => loadSettings({ LIMIT: text }, env)).toThrow('expected a whole number from 1 to 10000');
  });

  test('LOG_LEVEL is one of its four words', () => {
    expect(loadSettings({ LOG_LEVEL: 'debug' }, env).logLevel).toBe('debug');
    expect(() => loadSettings({ LOG_LEVEL: 'loud' }, env)).toThrow('expected one of debug, info, warn, error');
  });

  test('a wrong key of the server is refused without being shown', () => {
    expect(() => loadSettings({}, { ...env, BGTASK_API_KEY: 'sec ret' })).toThrow(/^((?!sec ret).)*$/);
  });
});

describe('the key of the server in a file', () => {
  const file = () => join(home, 'key');

  test('is read from where BGTASK_API_KEY_FILE says, without the line end', async () => {
    await inProfile({ API_KEY: 'of-the-profile' });
    writeFileSync(file(), 'of-the-file\n');
    const inFile = { ...env, BGTASK_API_KEY_FILE: file() };
    expect(loadSettings({}, inFile)).toMatchObject({ apiKey: 'of-the-file', sources: { API_KEY: 'env' } });
    expect(loadSettings({}, { ...inFile, BGTASK_API_KEY: 'said-itself' }).apiKey).toBe('said-itself');
    expect(loadSettings({}, { ...env, BGTASK_API_KEY_FILE: '' }).apiKey).toBe('of-the-profile');
  });

  test('is refused where the file is not there, is empty or holds none, but settings can be listed', () => {
    const inFile = { ...env, BGTASK_API_KEY_FILE: file() };
    expect(() => loadSettings({}, inFile)).toThrow(`BGTASK_API_KEY_FILE in the environment is "${file()}": there is no such file.`);
    expect(findSettings({}, inFile).find((one) => one.setting.key === 'API_KEY')).toMatchObject({ text: null, source: 'env' });
    writeFileSync(file(), '\n');
    expect(() => loadSettings({}, inFile)).toThrow('the file is empty');
    writeFileSync(file(), 'sec ret');
    expect(() => loadSettings({}, inFile)).toThrow(/^BGTASK_API_KEY_FILE in the environment((?!sec ret).)*$/);
    expect(() => loadSettings({}, { ...env, BGTASK_API_KEY_FILE: home })).toThrow('it cannot be read (EISDIR)');
  });
});

describe('what is wrong is named', () => {
  test('with where it was said', async () => {
    expect(() => loadSettings({}, { ...env, BGTASK_LIMIT: 'x' })).toThrow('BGTASK_LIMIT in the environment is "x"');
    await inProfile({ LIMIT: 'x' });
    expect(() => loadSettings({}, env)).toThrow(`LIMIT in the profile default (${join(home, 'profiles.json')}) is "x"`);
  });

  test('and only what was typed is a mistake of usage', () => {
    const sourceOf = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as ConfigError).source;
      }
      return 'nothing thrown';
    };
    expect(sourceOf(() => loadSettings({ LIMIT: 'x' }, env))).toBe('flag');
    expect(sourceOf(() => loadSettings({}, { ...env, BGTASK_LIMIT: 'x' }))).toBe('env');
    expect(sourceOf(() => loadSettings({}, { ...env, BGTASK_PROFILE: 'none' }))).toBe('env');
  });

  test('a misspelt key is refused with the nearest right one', () => {
    expect(() => settingOf('API_ULR')).toThrow('There is no setting "API_ULR"; did you mean API_URL?');
    expect(() => settingOf('XYZ')).toThrow('There is no setting "XYZ".');
    expect(settingOf('BGTASK_LIMIT').key).toBe('LIMIT');
  });

  test('a misspelt key in the profile is refused too, but can be listed and taken out', async () => {
    await inProfile({ LIMITT: '5' });
    expect(() => loadSettings({}, env)).toThrow('The profile default has "LIMITT", which is no setting; LIMIT is.');
    expect(findSettings({}, env).map((one) => one.setting.key)).toEqual(SETTINGS.map((setting) => setting.key));
  });

  test('HOME and PROFILE cannot stand in a profile', async () => {
    await inProfile({ HOME: '/elsewhere' });
    expect(() => loadSettings({}, env)).toThrow('"HOME", which is no setting');
  });

  test('a profiles file that cannot be read stops everything that needs settings', () => {
    writeFileSync(join(home, 'profiles.json'), '{"act');
    expect(() => loadSettings({}, env)).toThrow('profiles.json');
  });
});

test('the table says of each setting what it means, and its own default is a value it takes', () => {
  for (const setting of SETTINGS) {
    expect(setting.env).toBe(`BGTASK_${setting.key}`);
    expect(setting.describe).not.toBe('');
    const text = setting.default({ config: home, data: home });
    if (text !== null) expect(readSetting(setting, text, 'default')).toBe(text);
  }
});
