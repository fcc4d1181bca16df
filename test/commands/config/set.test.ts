import { afterEach, beforeEach, expect, test } from 'vitest';
import ConfigSet from '../../../commands/config/set.ts';
import { readProfiles } from '../../../src/config/profiles.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
});
afterEach(() => home.remove());
const kept = () => readProfiles({ config: home.folder, data: home.folder }).profiles;

test('values are written in their settled form; messages go to stderr', async () => {
  const { stdout, stderr, exit } = await bgtask(ConfigSet, ['API_URL=http://10.0.0.7:4200', 'LIMIT=20'], home.env);
  expect({ stdout, exit }).toEqual({ stdout: '', exit: 0 });
  expect(stderr).toBe('Set API_URL=http://10.0.0.7:4200/api, LIMIT=20 in the profile default.\n');
  expect(kept()).toEqual({ default: { API_URL: 'http://10.0.0.7:4200/api', LIMIT: '20' } });
});

test.each([
  ['LIMTI=5', 'There is no setting "LIMTI"; did you mean LIMIT?'],
  ['LIMIT=many', 'LIMIT is "many": expected a whole number'],
  ['LIMIT', '"LIMIT" is not KEY=VALUE.'],
  ['HOME=/x', 'HOME says where settings come from'],
  ['PROFILE=x', 'PROFILE says where settings come from'],
])('%s is refused with exit 2, and nothing is written', async (pair, message) => {
  const { stderr, exit } = await bgtask(ConfigSet, ['STORE=memory:', pair], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain(message);
  expect(kept()).toEqual({ default: {} });
});

test('a key is not shown', async () => {
  const { stderr, stdout } = await bgtask(ConfigSet, ['API_KEY=canary', '--json'], home.env);
  expect(stdout + stderr).not.toContain('canary');
  expect(kept().default).toEqual({ API_KEY: 'canary' });
});

test('--profile names another profile, which must be there', async () => {
  expect(await bgtask(ConfigSet, ['LIMIT=5', '--profile', 'none'], home.env)).toMatchObject({ exit: 2 });
});

test('what the environment says still counts first, and that is told', async () => {
  const { stderr } = await bgtask(ConfigSet, ['LIMIT=5'], { ...home.env, BGTASK_LIMIT: '7' });
  expect(stderr).toContain('But BGTASK_LIMIT is set in the environment');
});

test('a wrong value that is there already does not stand in the way of a right one', async () => {
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${home.folder}/profiles.json`, '{"active":"default","profiles":{"default":{"LIMIT":"x","LIMTI":"y"}}}');
  expect(await bgtask(ConfigSet, ['LIMIT=5'], home.env)).toMatchObject({ exit: 0 });
  expect(kept().default).toEqual({ LIMIT: '5', LIMTI: 'y' });
});
