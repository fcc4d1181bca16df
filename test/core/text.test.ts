import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, displayWidth, escapePainted, escapeText, oneLine, toWidth, wrap } from '../../src/core/text.ts';

/** Text as the worst of callers may send it. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('a', ' ', '日', '👨‍👩‍👧', '🇩🇪', '\u0301', '\u200b', '\x1b[2J', '\x9b', '\u202e', '\n', '\t', '\ud800', '…'),
  }),
);
const safe = hostile.map(escapeText);
const safeLine = hostile.map(oneLine);
/** What must never reach a terminal, said in another way than the code says it. */
const commands = ([...text]: string): boolean =>
  text.some((character) => {
    const code = character.codePointAt(0) as number;
    const control = (code < 0x20 && code !== 0x0a && code !== 0x09) || (code >= 0x7f && code <= 0x9f);
    const turned = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || [0x61c, 0x200e, 0x200f].includes(code);
    return control || turned || (code >= 0xd800 && code <= 0xdfff) || [0x2028, 0x2029, 0xfeff].includes(code);
  });

describe('escapeText', () => {
  test.each([
    ['\x1b[31mred', '\\x1b[31mred'],
    ['\x1b]52;c;aGk=\x07', '\\x1b]52;c;aGk=\\x07'],
    ['\x9b2J', '\\x9b2J'],
    ['a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['\x7f\0\r', '\\x7f\\x00\\x0d'],
    ['\ud800', '\\ud800'],
    ['line\n\tnext', 'line\n\tnext'],
    ['日本語 👍🏽 é', '日本語 👍🏽 é'],
  ])('%j is shown as %j', (text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('leaves nothing that a terminal obeys, and changes nothing when it is done twice', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = escapeText(text);
        expect(commands(shown)).toBe(false);
        expect(escapeText(shown)).toBe(shown);
      }),
    );
  });
});

test('escapePainted lets colours and weights pass, and nothing else', () => {
  expect(escapePainted('\x1b[1;31mred\x1b[39m\x1b[2J\x9b31m\x1b[?25l\x1b[31')).toBe(
    '\x1b[1;31mred\x1b[39m\\x1b[2J\\x9b31m\\x1b[?25l\\x1b[31',
  );
});

describe('oneLine', () => {
  test('makes one blank of line breaks and tabs, however many', () => {
    expect(oneLine('a\r\n\n\tb')).toBe('a b');
  });

  test('never gives a line break', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(oneLine(text)).not.toMatch(/[\n\r\t]/);
      }),
    );
  });
});

describe('displayWidth', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['日本語', 6],
    ['한국', 4],
    ['ｱ', 1],
    ['Ａ', 2],
    ['e\u0301', 1],
    ['\u200b', 0],
    ['👨‍👩‍👧', 2],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['❤', 1],
    ['✓✗○●◔◐⊘◌…─❯', 11],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('cut', () => {
  test.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%j to %i columns is %j', (text, width, short) => {
    expect(cut(text, width)).toBe(short);
  });

  test('is never wider than asked, and is the text itself where that fits', () => {
    fc.assert(
      fc.property(safeLine, fc.nat(20), (text, width) => {
        const short = cut(text, width);
        expect(displayWidth(short)).toBeLessThanOrEqual(width);
        if (displayWidth(text) <= width && !short.includes('\ufffd')) expect(short).toBe(text);
      }),
    );
  });

  test('a letter under a thousand marks takes its one column and no more room', () => {
    expect(cut(`a${'\u0301'.repeat(1_000)}b`, 10)).toBe('\ufffdb');
  });
});

test('toWidth gives exactly so many columns, filled on the side that is free', () => {
  expect(toWidth('ab', 4)).toBe('ab  ');
  expect(toWidth('ab', 4, 'right')).toBe('  ab');
  expect(toWidth('日本', 3)).toBe('日…');
  fc.assert(
    fc.property(safeLine, fc.nat(30), (text, width) => {
      expect(displayWidth(toWidth(text, width))).toBe(width);
    }),
  );
});

describe('wrap', () => {
  test('keeps line breaks and parts long lines after a blank where one is near', () => {
    expect(wrap('one two three\nfour', 8)).toEqual(['one two ', 'three', 'four']);
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrap('a\n\nb', 4)).toEqual(['a', '', 'b']);
  });

  test('loses nothing and keeps to the width', () => {
    fc.assert(
      fc.property(safe, fc.integer({ min: 2, max: 20 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        if (!lines.join('').includes('\ufffd')) expect(lines.join('')).toBe(text.replaceAll('\t', '    ').replaceAll('\n', ''));
      }),
    );
  });

  test('stops after the most lines asked for', () => {
    expect(wrap('x'.repeat(1_000_000), 10, 3)).toHaveLength(3);
  });
});
