import { expect, test } from 'vitest';
import { hasWords, wordsOf } from '../../src/core/search.ts';

const run = { id: '01a2-F00', task: 'resize', name: 'The Cat', tags: ['Vip', 'night'] };

test.each(['', '  ', '01a2', 'f00', 'RESIZE', 'cat the', 'vip', 'res vip 01'])('“%s” finds it: each word stands somewhere', (text) => {
  expect(hasWords(run, wordsOf(text))).toBe(true);
});

test.each(['dog', 'cat dog', 'thecat', 'resizevip'])('“%s” does not: a word stands nowhere, or only across two places', (text) => {
  expect(hasWords(run, wordsOf(text))).toBe(false);
});

test('a run without a name has none to be found by', () => {
  expect(hasWords({ ...run, name: null }, wordsOf('null'))).toBe(false);
});
