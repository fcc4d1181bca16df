import { afterEach, beforeEach, expect, test } from 'vitest';
import ProfileInspect from '../../../commands/profile/inspect.ts';
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

test('the settings of a profile, secrets hidden', async () => {
  expect((await bgtask(ProfileInspect, ['staging'], home.env)).stdout).toBe('KEY      VALUE\nLIMIT    5\nAPI_KEY  ***\n');
});

test('without a name, of the one in use; an empty one says what to do', async () => {
  const { stdout, stderr } = await bgtask(ProfileInspect, [], home.env);
  expect(stdout).toBe('');
  expect(stderr).toContain('bgtask config set KEY=VALUE --profile default');
  expect((await bgtask(ProfileInspect, ['--json'], home.env)).json()).toEqual({ name: 'default', active: true, settings: {} });
});

test('one that is not there exits 2', async () => {
  expect((await bgtask(ProfileInspect, ['none'], home.env)).exit).toBe(2);
});
