import { expect, test } from 'vitest';
import { isMeta, joinMeta, setMeta } from '../../src/core/meta.ts';
import { LIMITS } from '../../src/core/protocol.ts';

test('a key is set once; the last value counts', () => {
  const one = setMeta(null, 'page', 1);
  expect(JSON.parse(setMeta(setMeta(one, 'url', { a: [null] }), 'page', 2))).toEqual({ page: 2, url: { a: [null] } });
});

test.each([undefined, () => 1, Symbol('x'), 1n])('what JSON does not have is refused: %s', (value) => {
  expect(() => setMeta(null, 'k', value)).toThrow(/value of meta\.set\('k', …\)/);
});

test.each(['', 'a b', 'x'.repeat(65), 'ü'])('%j is no key', (key) => {
  expect(() => setMeta(null, key, 1)).toThrow(/key of meta\.set/);
});

test('all of it together has a limit, in bytes', () => {
  const value = 'ü'.repeat(LIMITS.metaBytes / 4);
  const one = setMeta(null, 'a', value);
  expect(() => setMeta(one, 'b', value)).toThrow(`larger than ${LIMITS.metaBytes} bytes`);
  expect(setMeta(one, 'a', 1)).toBe('{"a":1}');
});

test('a later attempt adds to what an earlier one set; where both are too large the oldest goes', () => {
  expect(joinMeta(null, '{"a":1}')).toBe('{"a":1}');
  expect(joinMeta('{"a":1,"b":1}', '{"a":2}')).toBe('{"b":1,"a":2}');
  const half = (key: string) => JSON.stringify({ [key]: 'x'.repeat(LIMITS.metaBytes / 2) });
  expect(joinMeta(half('old'), half('new'))).toBe(half('new'));
});

test('the meta of a run is the text of an object within the limit', () => {
  expect(['{}', '{"a":1}', '[]', 'null', '1', '{', JSON.stringify({ a: 'x'.repeat(LIMITS.metaBytes) })].map(isMeta)).toEqual([
    ...[true, true, false, false, false, false, false],
  ]);
});
