import { afterEach, beforeEach, expect, test } from 'vitest';
import ConfigGet from '../../../commands/config/get.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
});
afterEach(() => home.remove());

test('the value that counts is the one line on stdout', async () => {
  expect(await bgtask(ConfigGet, ['LIMIT'], home.env)).toMatchObject({ stdout: '10\n', stderr: '', exit: 0 });
  expect(await bgtask(ConfigGet, ['API_URL'], { ...home.env, BGTASK_API_URL: 'http://x:1' })).toMatchObject({ stdout: 'http://x:1/api\n' });
});

test('a key is printed in full: it was asked for', async () => {
  expect(await bgtask(ConfigGet, ['API_KEY'], { ...home.env, BGTASK_API_KEY: 'k' })).toMatchObject({ stdout: 'k\n' });
});

test('no value prints nothing, or null', async () => {
  expect(await bgtask(ConfigGet, ['API_KEY'], home.env)).toMatchObject({ stdout: '', stderr: 'API_KEY has no value.\n', exit: 0 });
  expect((await bgtask(ConfigGet, ['API_KEY', '--json'], home.env)).json()).toEqual({ key: 'API_KEY', value: null });
});

test('a misspelt key exits 2, also as JSON', async () => {
  const output = await bgtask(ConfigGet, ['APIURL', '--json'], home.env);
  expect(output.exit).toBe(2);
  expect(output.stderr).toBe('');
  expect(output.json()).toMatchObject({ error: { code: 'BGTASK_CONFIG', message: 'There is no setting "APIURL"; did you mean API_URL?' } });
});

test('a missing key is never read from stdin', async () => {
  const { stderr, exit } = await bgtask(ConfigGet, [], home.env);
  expect(exit).toBe(2);
  expect(stderr).toContain('KEY is missing');
});
