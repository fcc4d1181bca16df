import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/core/text.ts';

interface Library {
  tokenize(line: string): never;
  styledCharsFromTokens(tokens: never): unknown[];
  styledCharsToString(characters: readonly unknown[]): string;
}
const load = (file: string) => import(new URL(`../../${file}`, import.meta.url).href);
const [library, standIn] = (await Promise.all([
  load('node_modules/@alcalzone/ansi-tokenize/build/index.js'),
  load('scripts/ansi-tokenize.mjs'),
])) as [Library, Library];
const { default: stringWidth } = (await load('scripts/string-width.mjs')) as { default: (text: string) => number };

const styles = [
  '\x1b[1m',
  '\x1b[2m',
  '\x1b[22m',
  '\x1b[31m',
  '\x1b[36m',
  '\x1b[39m',
  '\x1b[7m',
  '\x1b[27m',
  '\x1b[0m',
  '\x1b[48;5;3m',
  '\x1b[49m',
];
const line = fc.array(fc.constantFrom('a', 'b ', '日', '👍🏽', '✓', ...styles)).map((pieces) => pieces.join(''));

describe('what the bundle puts in the place of libraries of Ink', () => {
  test('puts lines together as the library does', () => {
    const blank = { type: 'char', value: ' ', fullWidth: false, styles: [] };
    const drawn = ({ tokenize, styledCharsFromTokens, styledCharsToString }: Library, left: string, right: string) =>
      styledCharsToString([...styledCharsFromTokens(tokenize(left)), blank, ...styledCharsFromTokens(tokenize(right))]);
    fc.assert(
      fc.property(line, line, (left, right) => {
        expect(drawn(standIn, left, right)).toBe(drawn(library, left, right));
      }),
    );
  });

  test('measures text with colours as text without', () => {
    fc.assert(
      fc.property(line, (text) => {
        expect(stringWidth(text)).toBe(displayWidth(styles.reduce((rest, style) => rest.replaceAll(style, ''), text)));
      }),
    );
  });
});
