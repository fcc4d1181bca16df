import { describe, expect, test } from 'vitest';
import { encodeArgs, encodeResult, toRunError } from '../../src/core/values.ts';
import { errorLine, errorText, longText, shortArgs, shortResult } from '../../src/tui/values.ts';
import { aRunView } from '../helpers/fake-client.ts';

const args = (...values: unknown[]) => aRunView({ args: JSON.parse(encodeArgs(values).args) });
const result = (value: unknown) => aRunView({ result: JSON.parse(encodeResult(value) ?? 'null') });

describe('short texts', () => {
  test('show arguments as a call, rich values as they read in code', () => {
    expect(shortArgs(args('Ada', 300))).toBe("('Ada', 300)");
    expect(shortArgs(args(new Date(0), 5n, new Map([['a', 1]])))).toBe("(1970-01-01T00:00:00.000Z, 5n, Map(1) { 'a' => 1 })");
    expect(shortArgs(args())).toBe('()');
  });

  test('mask secrets', () => {
    expect(shortArgs(args({ password: 'hunter2' }))).toBe("({ password: '***' })");
  });

  test('are one safe line, however long and hostile the value', () => {
    const text = shortArgs(args('\x1b[2J\u202e\n'.repeat(100_000)));
    expect(text.length).toBeLessThan(1_000);
    expect(text).not.toMatch(/[\u202e\n]/);
  });

  test('show a result, and nothing for nothing', () => {
    expect(shortResult(result({ ok: true }))).toBe('{ ok: true }');
    const { result: _none, ...nothing } = aRunView();
    expect(shortResult(nothing)).toBe('');
  });

  test('show what does not decode as it was sent', () => {
    expect(shortArgs(aRunView({ args: [{ $devalue: 'broken' }] }))).toBe("({ '$devalue': 'broken' })");
  });
});

test('long texts take as many lines as they need, and mask secrets too', () => {
  const text = longText({ list: Array.from({ length: 50 }, (_, index) => `item ${index}`), apiKey: 'hunter2' }, 40);
  expect(text.split('\n').length).toBeGreaterThan(10);
  expect(text).toContain("'item 49'");
  expect(text).toContain("apiKey: '***'");
});

describe('errors', () => {
  test('are one line in the list', () => {
    expect(errorLine({ name: 'TypeError', message: 'no\nway', stack: null, cause: null })).toBe('TypeError: no way');
    expect(errorLine({ name: 'Error', message: '', stack: null, cause: null })).toBe('Error');
    const cause = { name: 'Error', message: 'connect ECONNREFUSED', stack: null, cause: null };
    expect(errorLine({ name: 'TypeError', message: 'fetch failed', stack: null, cause })).toBe(
      'TypeError: fetch failed (Error: connect ECONNREFUSED)',
    );
  });

  test('come with stack and causes in the details', () => {
    const text = errorText(toRunError(new Error('outer', { cause: new TypeError('inner') })));
    expect(text).toMatch(/^Error: outer\n\s+at /);
    expect(text).toMatch(/\nCaused by TypeError: inner\n\s+at /);
  });

  test('keep their message where the stack does not carry it', () => {
    expect(errorText({ name: 'Boom', message: 'told', stack: 'at /x.ts:1:1', cause: null })).toBe('Boom: told\nat /x.ts:1:1');
  });

  test('are safe', () => {
    expect(errorText({ name: 'E', message: '\x1b]0;title\x07', stack: null, cause: null })).toBe('E: \\x1b]0;title\\x07');
  });
});
