import { afterEach, beforeEach, expect, test } from 'vitest';
import ProfileCreate from '../../../commands/profile/create.ts';
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

test('a new profile is empty, or begins as another', async () => {
  expect((await bgtask(ProfileCreate, ['a', '--json'], home.env)).json()).toEqual({ name: 'a' });
  await bgtask(ProfileCreate, ['b', '--from', 'staging'], home.env);
  expect(readProfiles(folders()).profiles).toMatchObject({ a: {}, b: { LIMIT: '5', API_KEY: 'canary' } });
});

test.each([['staging'], ['a b'], ['__proto__']])('%s is no free name', async (name) => {
  expect(await bgtask(ProfileCreate, [name], home.env)).toMatchObject({ exit: 2 });
  expect(Object.keys(readProfiles(folders()).profiles)).toEqual(['default', 'staging']);
});
