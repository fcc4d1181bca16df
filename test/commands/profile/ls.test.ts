import { afterEach, beforeEach, expect, test } from 'vitest';
import ProfileLs from '../../../commands/profile/ls.ts';
import { changeProfiles } from '../../../src/config/profiles.ts';
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

test('profiles are listed with a star at the one in use', async () => {
  const { stdout } = await bgtask(ProfileLs, [], { ...home.env, BGTASK_PROFILE: 'staging' });
  expect(stdout.split('\n').slice(1, 3)).toEqual(['   default  -               0', '*  staging  -               2']);
});

test('--json has their settings, secrets hidden', async () => {
  expect((await bgtask(ProfileLs, ['--json'], home.env)).json()).toEqual([
    { name: 'default', active: true, settings: {} },
    { name: 'staging', active: false, settings: { LIMIT: '5', API_KEY: '***' } },
  ]);
});
