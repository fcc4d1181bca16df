import { afterEach, beforeEach, expect, test } from 'vitest';
import ProfileDelete from '../../../commands/profile/delete.ts';
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

test('a deleted profile is gone, and default is in use where it was', async () => {
  await changeProfiles(folders(), (draft) => {
    draft.active = 'staging';
  });
  expect(await bgtask(ProfileDelete, ['staging'], home.env)).toMatchObject({ exit: 0 });
  expect(readProfiles(folders())).toEqual({ active: 'default', profiles: { default: {} } });
});

test('default stays', async () => {
  expect((await bgtask(ProfileDelete, ['default'], home.env)).exit).toBe(2);
});
