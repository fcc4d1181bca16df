import { afterEach, beforeEach, expect, test } from 'vitest';
import ProfileRename from '../../../commands/profile/rename.ts';
import { changeProfiles, readProfiles } from '../../../src/config/profiles.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';

let home: TestHome;
const folders = () => ({ config: home.folder, data: home.folder });
beforeEach(async () => {
  home = testHome();
  await changeProfiles(folders(), (draft) => {
    draft.profiles.staging = { LIMIT: '5', API_KEY: 'canary' };
  });
});
afterEach(() => home.remove());

test('a profile keeps its settings under the new name, and stays in use', async () => {
  await changeProfiles(folders(), (draft) => {
    draft.active = 'staging';
  });
  expect(await bgtask(ProfileRename, ['staging', 'stage'], home.env)).toMatchObject({ exit: 0 });
  expect(readProfiles(folders())).toEqual({ active: 'stage', profiles: { default: {}, stage: { LIMIT: '5', API_KEY: 'canary' } } });
});

test.each([
  ['default', 'x'],
  ['staging', 'default'],
  ['none', 'x'],
])('%s cannot become %s', async (name, next) => {
  expect((await bgtask(ProfileRename, [name, next], home.env)).exit).toBe(2);
});
