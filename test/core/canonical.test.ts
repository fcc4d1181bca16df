import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../src/core/canonical.ts';
import { ValueError } from '../../src/core/errors.ts';
import { decodeArgs, encodeArgs } from '../../src/core/values.ts';

const textOf = (value: unknown) => canonical(value, 'it');

/** The same value, put together in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value instanceof Map) return new Map([...value].reverse().map(([key, item]) => [key, shuffled(item)]));
  if (value instanceof Set) return new Set([...value].reverse());
  const isRecord = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isRecord
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, item]) => [key, shuffled(item)]),
      )
    : value;
}

const aValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.bigInt(), fc.date(), fc.uint8Array()),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value;

describe('the text of a value', () => {
  test('does not depend on the order in which it was put together', () => {
    fc.assert(fc.property(aValue, (value) => void expect(textOf(shuffled(value))).toBe(textOf(value))));
  });

  test('is the same for what comes out of the store again', () => {
    fc.assert(fc.property(aValue, (value) => void expect(textOf(decodeArgs(encodeArgs([value]).args)[0])).toBe(textOf(value))));
  });

  test.each([
    ['1', 1],
    [1, 1n],
    [0, -0],
    [null, undefined],
    [[], {}],
    [new Set(), new Map()],
    [new Date(5), 5],
    [new Date(5), new Date(6)],
    [/a/, /a/g],
    [new URL('https://a.example'), 'https://a.example/'],
    [new Uint8Array([1]), [1]],
    [new Uint8Array([1]), new Uint8Array([2])],
    [
      [1, [2]],
      [[1], 2],
    ],
    ['a","b', ['a', 'b']],
    [new Map([['a', 1]]), { a: 1 }],
    [new Error('a'), new Error('b')],
    [Number.NaN, null],
  ])('tells %o from %o', (one, other) => expect(textOf(one)).not.toBe(textOf(other)));

  test('takes a property that is undefined for none, and an error without its stack', () => {
    expect(textOf({ a: 1, b: undefined })).toBe(textOf({ a: 1 }));
    expect(textOf(new Error('x'))).toBe(textOf(new Error('x')));
  });

  test('can be made of what holds itself', () => {
    const ring = (name: string) => {
      const one: Record<string, unknown> = { name };
      one.self = one;
      return one;
    };
    expect(textOf(ring('a'))).toBe(textOf(ring('a')));
    expect(textOf(ring('a'))).not.toBe(textOf(ring('b')));
  });
});

describe('what has no such text', () => {
  class Socket {}
  test.each([
    [{ a: [() => 1] }, 'args[0].a[0] is a function and cannot be part of a cache key.'],
    [{ socket: new Socket() }, 'args[0].socket is of class Socket, and cannot be part of a cache key.'],
    [Symbol('x'), 'args[0] is a symbol and cannot be part of a cache key.'],
    [Promise.resolve(1), 'args[0] is a promise; await it first, and cannot be part of a cache key.'],
    [new Map([['k', new Socket()]]), 'args[0].get("k") is of class Socket, and cannot be part of a cache key.'],
    [{ [Symbol('k')]: 1 }, 'args[0] has a key that is a symbol, and cannot be part of a cache key.'],
  ])('is named with its path', (value, message) => {
    expect(() => canonical(value, 'args[0]')).toThrow(ValueError);
    expect(() => canonical(value, 'args[0]')).toThrow(message);
  });

  test('is nothing that is too deep', () => {
    let deep: unknown = 1;
    for (let at = 0; at < 200_000; at += 1) deep = [deep];
    expect(() => textOf(deep)).toThrow('is nested too deeply');
  }, 30_000);
});
