import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Home } from '../../src/config/home.ts';
import { changeProfiles, checkNewName, profileNamed, profilesFile, readProfiles } from '../../src/config/profiles.ts';

let home: Home;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'bgtask-profiles-'));
  home = { config: folder, data: folder };
});
afterEach(() => rmSync(home.config, { recursive: true, force: true }));

test('without a file there is the profile default, empty and active', () => {
  expect(readProfiles(home)).toEqual({ active: 'default', profiles: { default: {} } });
});

test('a change is written to a file of 0600 that reads back the same', async () => {
  await changeProfiles(home, (draft) => {
    draft.profiles.staging = { API_URL: 'https://staging.example/api' };
    draft.active = 'staging';
  });
  expect(readProfiles(home)).toEqual({ active: 'staging', profiles: { default: {}, staging: { API_URL: 'https://staging.example/api' } } });
  expect(statSync(profilesFile(home)).mode & 0o777).toBe(0o600);
});

test('a file as an editor on Windows leaves it is read', () => {
  const text = JSON.stringify({ active: 'default', profiles: { default: { LIMIT: '7' } } }, null, 2);
  writeFileSync(profilesFile(home), `\uFEFF${text.replaceAll('\n', '\r\n')}\r\n`);
  expect(readProfiles(home).profiles.default).toEqual({ LIMIT: '7' });
});

test('a change that throws writes nothing', async () => {
  const refused = changeProfiles(home, () => {
    throw new Error('no');
  });
  await expect(refused).rejects.toThrow('no');
  expect(() => readFileSync(profilesFile(home))).toThrow(/ENOENT/);
});

test.each(['{', '[]', '{"active":1,"profiles":{}}', '{"active":"a","profiles":{"a":{"LIMIT":5}}}', 'null'])(
  'a file that holds %s is refused by name and never overwritten',
  async (text) => {
    writeFileSync(profilesFile(home), text);
    expect(() => readProfiles(home)).toThrow(profilesFile(home));
    await expect(changeProfiles(home, () => {})).rejects.toThrow('not a file of profiles');
    expect(readFileSync(profilesFile(home), 'utf8')).toBe(text);
  },
);

test('an unknown profile is refused with the nearest name', () => {
  const profiles = { active: 'default', profiles: { default: {}, staging: {} } };
  expect(() => profileNamed(profiles, 'stagign', 'flag')).toThrow('There is no profile "stagign"; did you mean staging?');
  expect(() => profileNamed(profiles, '__proto__', 'flag')).toThrow('There is no profile');
  expect(() => profileNamed(profiles, 'toString', 'flag')).toThrow('There is no profile');
});

test('a new profile needs a plain name that is free', () => {
  const profiles = readProfiles(home);
  expect(() => checkNewName(profiles, 'default')).toThrow('already');
  expect(() => checkNewName(profiles, '__proto__')).toThrow('no name for a profile');
  expect(() => checkNewName(profiles, 'a b')).toThrow('no name for a profile');
  expect(() => checkNewName(profiles, 'prod-2.eu')).not.toThrow();
});
