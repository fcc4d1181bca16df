import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import ConfigUnset from '../../../commands/config/unset.ts';
import { readProfiles } from '../../../src/config/profiles.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
  writeFileSync(`${home.folder}/profiles.json`, '{"active":"default","profiles":{"default":{"LIMIT":"5","STORE":"memory:","LIMTI":"y"}}}');
});
afterEach(() => home.remove());
const kept = () => readProfiles({ config: home.folder, data: home.folder }).profiles.default;

test('settings are taken out, also keys that are no settings but stand there', async () => {
  const output = await bgtask(ConfigUnset, ['LIMIT', 'LIMTI', '--json'], home.env);
  expect(output.json()).toEqual({ profile: 'default', keys: ['LIMIT', 'LIMTI'] });
  expect(kept()).toEqual({ STORE: 'memory:' });
});

test('what is not there is nothing to fail for; what is no setting is', async () => {
  expect(await bgtask(ConfigUnset, ['API_URL'], home.env)).toMatchObject({ exit: 0 });
  const { exit, stderr } = await bgtask(ConfigUnset, ['STORE', 'API_ULR'], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('did you mean API_URL?');
  expect(kept()?.STORE).toBe('memory:');
});
