import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { abridge, MASK } from '../../src/core/abridge.ts';

const WIDE = { entries: 1_000, text: 10_000, depth: 50 };

describe('abridge masks', () => {
  test.each(['password', 'PASSWD', 'apiKey', 'secret', 'clientSecret', 'accessToken', 'Authorization', 'oauth'])(
    'what stands under %s',
    (key) => {
      expect(abridge([{ deep: { [key]: 'hunter2', other: 1 } }], WIDE)).toEqual([{ deep: { [key]: MASK, other: 1 } }]);
    },
  );

  test('in a Map as in an object, and never in the value itself', () => {
    const value = { map: new Map([['token', 'hunter2']]), pass: { all: 'of it' } };
    expect(abridge(value, WIDE)).toEqual({ map: new Map([['token', MASK]]), pass: MASK });
    expect(value.pass.all).toBe('of it');
  });
});

describe('abridge keeps', () => {
  test('every other value as it is', () => {
    const value = {
      date: new Date(0),
      big: 1n,
      url: new URL('http://a/'),
      regexp: /x/g,
      set: new Set([1]),
      none: undefined,
      nan: Number.NaN,
    };
    expect(abridge(value, WIDE)).toEqual(value);
  });

  test('plain JSON without secrets equal', () => {
    const plain = fc.jsonValue().filter((value) => !/pass|secret|token|key|auth/i.test(JSON.stringify(value)));
    fc.assert(
      fc.property(plain, (value) => {
        expect(abridge(value, { ...WIDE, text: 1e9 })).toEqual(value);
      }),
    );
  });

  test('circles as circles', () => {
    const circle: Record<string, unknown> = { name: 'a' };
    circle.self = circle;
    const copy = abridge(circle, WIDE) as Record<string, unknown>;
    expect(copy.self).toBe(copy);
  });

  test('a key called __proto__ as data', () => {
    const copy = abridge(JSON.parse('{"__proto__":{"polluted":1}}'), WIDE) as object;
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect((copy as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('abridge leaves out', () => {
  const small = { entries: 2, text: 4, depth: 2 };

  test('what is too much, and says how much', () => {
    expect(abridge([1, 2, 3, 4], small)).toEqual([1, 2, '… 2 more']);
    expect(abridge({ a: 1, b: 2, c: 3 }, small)).toEqual({ a: 1, b: 2, '…': '1 more' });
    expect(
      abridge(
        new Map([
          ['a', 1],
          ['b', 2],
          ['c', 3],
        ]),
        small,
      ),
    ).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', 2],
        ['…', '1 more'],
      ]),
    );
    expect(abridge('abcdef', small)).toBe('abcd…');
    expect(abridge(new Uint8Array(9), small)).toHaveLength(2);
  });

  test('what is too deep', () => {
    expect(abridge([[[['deep']]]], small)).toEqual([[['…']]]);
    expect(abridge({ a: { b: { c: 1 } } }, small)).toEqual({ a: { b: { '…': '…' } } });
  });
});
