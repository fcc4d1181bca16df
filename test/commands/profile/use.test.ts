import { afterEach, beforeEach, expect, test } from 'vitest';
import ProfileUse from '../../../commands/profile/use.ts';
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

test('the profile is in use from now on', async () => {
  expect(await bgtask(ProfileUse, ['staging'], home.env)).toMatchObject({ exit: 0, stdout: '' });
  expect(readProfiles(folders()).active).toBe('staging');
});

test('one that is not there is refused with the nearest', async () => {
  const { exit, stderr } = await bgtask(ProfileUse, ['stagin'], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('did you mean staging?');
});

test('the environment counts first, and that is told', async () => {
  const { stderr } = await bgtask(ProfileUse, ['staging'], { ...home.env, BGTASK_PROFILE: 'default' });
  expect(stderr).toContain('But BGTASK_PROFILE is set');
});
