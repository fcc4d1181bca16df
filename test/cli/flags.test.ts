import { boolean, string } from '@oclif/core/flags';
import { describe, expect, test } from 'vitest';
import { apiFlags, bulkFlags, commonFlags, filterOf, listed, settingFlag, withEnv } from '../../src/cli/flags.ts';

describe('every flag has its environment variable', () => {
  test('a setting its own', () => {
    expect(settingFlag('LIMIT', { helpValue: 'N' }).env).toBe('BGTASK_LIMIT');
    expect(apiFlags['api-url'].env).toBe('BGTASK_API_URL');
    expect(commonFlags.json.env).toBe('BGTASK_JSON');
  });

  test('any other one by its command and name', () => {
    const flags = withEnv('TASK_LS', { 'no-live': boolean(), limit: string({ env: 'KEPT' }) });
    expect(flags['no-live'].env).toBe('BGTASK_TASK_LS_NO_LIVE');
    expect(flags.limit.env).toBe('KEPT');
    expect(withEnv('', { port: string() }).port.env).toBe('BGTASK_PORT');
    expect(Object.values(bulkFlags('RUN_RM')).map((flag) => flag.env)).toEqual(
      ['STATE', 'TASK', 'TAG', 'YES'].map((name) => `BGTASK_RUN_RM_${name}`),
    );
  });

  test('but no flag takes the API key', () => {
    expect(Object.keys({ ...apiFlags, ...commonFlags })).not.toContain('api-key');
  });
});

describe('a filter', () => {
  test('holds only what was said, states in any case', () => {
    expect(filterOf({})).toEqual({});
    expect(filterOf({ state: ['failed', 'CRASHED,Completed'], task: 'greet' })).toEqual({
      state: ['FAILED', 'CRASHED', 'COMPLETED'],
      task: 'greet',
    });
    expect(filterOf({ state: 'failed,expired', tag: 'vip' })).toEqual({ state: ['FAILED', 'EXPIRED'], tag: 'vip' });
  });

  test('refuses a state that is none, with the nearest', () => {
    expect(() => filterOf({ state: ['FAILD'] })).toThrow('--state: there is no state "FAILD"; did you mean FAILED?');
  });
});

test('a list comes from flags given again, from commas, or from one environment variable', () => {
  expect(listed(undefined)).toEqual([]);
  expect(listed(['a', 'b,c'])).toEqual(['a', 'b', 'c']);
  expect(listed('a,b')).toEqual(['a', 'b']);
});
