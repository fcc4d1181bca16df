import { afterEach, beforeEach, expect, test } from 'vitest';
import ConfigLs from '../../../commands/config/ls.ts';
import { bgtask, type TestHome, testHome } from '../../helpers/cli.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
});
afterEach(() => home.remove());

test('--json is an array of key, value and source; secrets are hidden', async () => {
  const env = { ...home.env, BGTASK_LIMIT: '7', BGTASK_API_KEY: 'canary' };
  const settings = (await bgtask(ConfigLs, ['--json'], env)).json();
  expect(settings).toEqual([
    { key: 'API_URL', value: 'http://127.0.0.1:4200/api', source: 'default' },
    { key: 'API_KEY', value: '***', source: 'env' },
    { key: 'HOME', value: home.folder, source: 'env' },
    { key: 'STORE', value: `file:${home.folder}/store`, source: 'default' },
    { key: 'KEEP_COMPLETED', value: '7d,50000', source: 'default' },
    { key: 'KEEP_FAILED', value: '30d,10000', source: 'default' },
    { key: 'LIMIT', value: '7', source: 'env' },
    { key: 'LIMITS', value: null, source: 'default' },
    { key: 'LOG_LEVEL', value: 'info', source: 'default' },
    { key: 'PROFILE', value: 'default', source: 'default' },
  ]);
});

test('a table of keys and values; with --sources where each comes from', async () => {
  const plain = await bgtask(ConfigLs, [], home.env);
  expect(plain.stdout).toMatch(/^KEY +VALUE\nAPI_URL +http:\/\/127\.0\.0\.1:4200\/api\n/);
  const sources = await bgtask(ConfigLs, ['--sources'], home.env);
  expect(sources.stdout).toMatch(/^KEY +VALUE +SOURCE\n/);
});

test('a wrong value is listed, not refused: it must be seen to be mended', async () => {
  const output = await bgtask(ConfigLs, ['--json'], { ...home.env, BGTASK_LIMIT: 'many' });
  expect(output.exit).toBe(0);
  expect(output.json()).toContainEqual({ key: 'LIMIT', value: 'many', source: 'env' });
});

test('BGTASK_JSON is as --json, BGTASK_CONFIG_LS_SOURCES as --sources', async () => {
  expect((await bgtask(ConfigLs, [], { ...home.env, BGTASK_JSON: '1' })).json()).toHaveLength(10);
  expect((await bgtask(ConfigLs, [], { ...home.env, BGTASK_CONFIG_LS_SOURCES: 'true' })).stdout).toContain('SOURCE');
});

test('a profile that is not there exits 78 where the environment names it, 2 where a flag does', async () => {
  expect((await bgtask(ConfigLs, [], { ...home.env, BGTASK_PROFILE: 'none' })).exit).toBe(78);
  expect((await bgtask(ConfigLs, ['--profile', 'none'], home.env)).exit).toBe(2);
});
