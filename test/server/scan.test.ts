/** What is looked for in JSON text before it is parsed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { encodeArgs } from '../../src/core/values.ts';
import { scan } from '../../src/server/scan.ts';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const code = (text: string, unit = 1) => scan(text, unit)?.code ?? null;

describe('depth', () => {
  test('the limit is kept to the level, with objects and arrays alike', () => {
    expect(code(nested(LIMITS.depth))).toBeNull();
    expect(code(nested(LIMITS.depth + 1))).toBe('too_deep');
    expect(code(`${'{"a":'.repeat(LIMITS.depth)}1${'}'.repeat(LIMITS.depth)}`)).toBeNull();
    expect(code(`${'{"a":['.repeat(LIMITS.depth / 2)}[`)).toBe('too_deep');
  });

  test('in a frame the object and the array around the runs do not count', () => {
    expect(code(`{"runs":[${nested(LIMITS.depth)}]}`, 3)).toBeNull();
    expect(code(`{"runs":[${nested(LIMITS.depth + 1)}]}`, 3)).toBe('too_deep');
  });

  test('brackets inside strings and keys do not count', () => {
    expect(code(JSON.stringify({ a: '['.repeat(500), ['{'.repeat(500)]: '\\"[[[' }))).toBeNull();
  });

  test('half a million brackets are refused at the first one too many', () => {
    expect(code('['.repeat(500_000))).toBe('too_deep');
  });

  test('what the library encodes is never too deep for a submit', () => {
    let value: unknown = 1;
    for (let level = 0; level < 100; level += 1) {
      value = level % 2 === 0 ? [value] : { value };
      expect(code(`{"task":"t","args":${encodeArgs([value]).args}}`)).toBeNull();
    }
  });
});

describe('keys', () => {
  test('a key said twice in one object is found, also where one is written with escapes', () => {
    expect(code('{"a":1,"b":2,"a":3}')).toBe('duplicate_key');
    expect(code('{"a":1,"\\u0061":3}')).toBe('duplicate_key');
    expect(code('{"x":[{"a":1},{"a":{"a":2}}],"a":1}')).toBeNull();
    expect(code('{"__proto__":1,"constructor":2,"__proto__":3}')).toBe('duplicate_key');
  });

  test('the value of a key is no key', () => {
    expect(code('{"a":"b","b":"a","c":["a","b","a"]}')).toBeNull();
  });

  test('a run may have so many keys, and not one more', () => {
    const keys = (count: number) => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));
    expect(code(keys(LIMITS.keys))).toBeNull();
    expect(code(keys(LIMITS.keys + 1))).toBe('too_many_keys');
    expect(code(`{"runs":[${keys(6_000)},${keys(6_000)}]}`, 3)).toBeNull();
    expect(code(`{"runs":[{"args":[${keys(6_000)},${keys(6_000)}]}]}`, 3)).toBe('too_many_keys');
  });
});

describe('numbers', () => {
  test.each(['1e999', '-1e999', '-0', '-0.0', '1e-999', '9007199254740993', '9223372036854775807', `1${'0'.repeat(400)}`])(
    '%s would change and is refused',
    (number) => {
      expect(code(`[${number}]`)).toBe('inexact_number');
      expect(code(`{"a":${number}}`)).toBe('inexact_number');
    },
  );

  test.each([
    '0',
    '0.0',
    '-1',
    '1.0',
    '1E2',
    '0.1',
    '123456789012345',
    '9007199254740992',
    '1e22',
    '10000000000000000000000',
    '5e-324',
    '1e308',
  ])('%s is taken', (number) => {
    expect(code(`[${number}]`)).toBeNull();
  });

  test('numbers inside strings are text', () => {
    expect(code('["1e999", "-0"]')).toBeNull();
  });
});

test('whatever JSON.stringify writes is taken, and means what it meant', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
      const text = JSON.stringify({ a: value });
      const problem = scan(text, 1);
      if (problem) throw new Error(`${problem.code}: ${text}`);
      expect(JSON.stringify(JSON.parse(text))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test('any text at all is scanned to an end', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'{}[],:"\\-0e1.a ') })), fc.constantFrom(1, 3), (text, unit) => {
      scan(text, unit);
    }),
    { numRuns: 5_000 },
  );
});
