import { describe, expect, test } from 'vitest';
import { parseArgs, parseArgsJson, parsePair } from '../../src/cli/args.ts';

test('each argument is JSON where it parses, else text', () => {
  expect(parseArgs(['Ford', '42', '"42"', 'true', 'null', '[1,2]', '{"a":1}', '{a:1}', '', '1e3', '-0'])).toEqual([
    ...['Ford', 42, '42', true, null, [1, 2], { a: 1 }, '{a:1}', '', 1000, -0],
  ]);
});

describe('--args', () => {
  test('is a JSON array', () => {
    expect(parseArgsJson(' ["Ford", 42] ')).toEqual(['Ford', 42]);
  });

  test.each(['{"a":1}', '"x"', '5', 'null'])('refuses %s, which is none', (text) => {
    expect(() => parseArgsJson(text)).toThrow('must be a JSON array');
  });

  test('refuses what is no JSON', () => {
    expect(() => parseArgsJson('[1,')).toThrow('--args is not JSON');
  });
});

describe('KEY=VALUE', () => {
  test('is parted at the first =', () => {
    expect(parsePair('API_URL=http://x/?a=b')).toEqual(['API_URL', 'http://x/?a=b']);
    expect(parsePair('API_KEY=')).toEqual(['API_KEY', '']);
  });

  test('needs both', () => {
    expect(() => parsePair('LIMIT')).toThrow(expect.objectContaining({ suggestions: ['For example: bgtask config set LIMIT=VALUE'] }));
    expect(() => parsePair('=5')).toThrow('is not KEY=VALUE');
  });
});
