import { expect, test } from 'vitest';
import { errorLine, errorText, resultText, valueText } from '../../src/cli/values.ts';
import { encodeResult } from '../../src/core/values.ts';

const rich = (value: unknown): unknown => JSON.parse(encodeResult(value) as string);

test('values read as they do in code', () => {
  expect(valueText(rich({ at: new Date(0), n: 5n, set: new Set([1]) }), false)).toBe(
    '{ at: 1970-01-01T00:00:00.000Z, n: 5n, set: Set(1) { 1 } }',
  );
  expect(valueText('text', false)).toBe("'text'");
  expect(resultText('text', false)).toBe('text');
  expect(resultText(42, false)).toBe('42');
});

test('what looks like a secret is hidden, at any depth, unless it is to be revealed', () => {
  const value = { user: { password: 'canary', apiToken: 'canary', name: 'Ford' } };
  expect(valueText(value, false)).toBe("{ user: { password: '***', apiToken: '***', name: 'Ford' } }");
  expect(valueText(value, true)).toContain("password: 'canary'");
});

test('nothing in them commands the terminal', () => {
  expect(resultText('\u001b[2J\u009b', false)).toBe('\\x1b[2J\\x9b');
  expect(valueText(['\u202e'], false)).toBe("[ '\\u202e' ]");
  expect(errorLine({ name: 'Error', message: '\u0007', stack: null, cause: null })).toBe('Error: \\x07');
});

test('what cannot be decoded is shown as it was sent', () => {
  expect(valueText({ $devalue: 'nonsense' }, false)).toBe("{ '$devalue': 'nonsense' }");
});

test('an error is told with its stack and its causes', () => {
  const cause = { name: 'Error', message: 'why', stack: null, cause: null };
  const error = { name: 'TypeError', message: 'no', stack: 'TypeError: no\n    at here', cause };
  expect(errorText(error)).toBe('TypeError: no\n    at here\nCaused by Error: why');
  expect(errorText({ ...error, stack: 'at here', cause: null })).toBe('TypeError: no\nat here');
  expect(errorLine({ ...error, message: '', cause: null })).toBe('TypeError');
  expect(errorLine(error)).toBe('TypeError: no (Error: why)');
});
