import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { decodeArgs, decodeResult, encodeArgs, encodeResult, FUTURE, fromRunError, toRunError } from '../../src/core/values.ts';

const roundTrip = (value: unknown) => decodeResult(encodeResult(value));
const future = (id: string, allowFailure = false) => ({ [FUTURE]: { id, allowFailure } });

describe('plain JSON', () => {
  test('is stored exactly as JSON writes it', () => {
    const args = ['Marvin', 42, true, null, { nested: [1, { deep: 'yes' }] }];
    expect(encodeArgs(args)).toEqual({ args: JSON.stringify(args), upstream: [] });
  });

  test('written by any other hand is read as it is', () => {
    expect(decodeArgs('["a", {"b": [1]}]')).toEqual(['a', { b: [1] }]);
  });

  test('of any shape comes back the same, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ noUnicodeString: false })), (args) => {
        const plain = JSON.parse(JSON.stringify(args)) as unknown[];
        const { args: text } = encodeArgs(plain);
        expect(decodeArgs(text)).toEqual(plain);
        expect(JSON.stringify(decodeArgs(text))).toBe(JSON.stringify(plain));
      }),
    );
  });

  test('keeps a key called __proto__ as data, and pollutes nothing', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {}}}') as object;
    const { args } = encodeArgs([hostile]);
    expect(args).toBe('[{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}]');
    const [back] = decodeArgs(args) as [object];
    expect(Object.keys(back)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('that looks like the mark is kept apart from it', () => {
    for (const value of [{ $devalue: [1] }, { $devalue: 'x', more: 1 }, [{ $devalue: null }]]) expect(roundTrip(value)).toEqual(value);
  });

  test('beyond what a server takes in, less the two levels around it, is stored flat and still comes back', () => {
    const most = LIMITS.depth - 2;
    const nest = (levels: number) => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 'core');
    expect(encodeResult(nest(most))).toBe(JSON.stringify(nest(most)));
    for (const levels of [most + 1, most + 2, 1_000]) {
      const text = encodeResult(nest(levels)) as string;
      expect(text.match(/\[/g)?.length).toBeLessThan(levels + 5);
      expect(text).toMatch(/^\{"\$devalue":/);
      expect(JSON.stringify(decodeResult(text))).toBe(JSON.stringify(nest(levels)));
    }
  });

  test('nested without end is refused, not a crash', () => {
    let deep: unknown = 'core';
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    expect(() => encodeResult(deep)).toThrow(ValueError);
  });
});

describe('rich values', () => {
  const cyclic: Record<string, unknown> = { name: 'loop' };
  cyclic.self = cyclic;

  test.each<[string, unknown]>([
    ['Date', new Date('2026-01-02T03:04:05.678Z')],
    ['BigInt', 12_345_678_901_234_567_890n],
    [
      'Map',
      new Map<unknown, unknown>([
        ['a', new Date(0)],
        [{ key: 1 }, new Set([1n])],
      ]),
    ],
    ['Set', new Set([1, 'two', null])],
    ['URL', new URL('https://example.org/a?b=c#d')],
    ['RegExp', /ab+c/gi],
    ['Uint8Array', new Uint8Array([0, 1, 255])],
    ['undefined inside', { a: undefined, b: [undefined, 1] }],
    ['NaN', Number.NaN],
    ['Infinity', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['minus zero', -0],
    ['an array with a hole', Object.assign(new Array<number>(3), { 0: 1, 2: 3 })],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['a cycle', cyclic],
    ['lone surrogates', '\ud800 and \udfff'],
  ])('%s comes back as it was', (_name, value) => {
    const text = encodeArgs([value]).args;
    expect(() => JSON.parse(text)).not.toThrow();
    expect(inspect(decodeArgs(text)[0], { depth: 9 })).toBe(inspect(value, { depth: 9 }));
  });

  test('one thing that stands twice in a rich value is one thing again', () => {
    const shared = { when: new Date(0) };
    const back = roundTrip([shared, shared]) as [object, object];
    expect(back[0]).toBe(back[1]);
  });

  test('plain arguments beside a rich one stay plain', () => {
    expect(encodeArgs(['plain', new Date(0)]).args).toMatch(/^\["plain",\{"\$devalue":/);
  });

  test('any mix of them comes back as it was', () => {
    const rich = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withSparseArray: true, maxDepth: 3 });
    fc.assert(
      fc.property(rich, (value) => {
        fc.pre(isStorable(value));
        expect(roundTrip(value)).toEqual(value);
      }),
    );
  });

  test('undefined as a result is no text at all', () => {
    expect(encodeResult(undefined)).toBeNull();
    expect(decodeResult(null)).toBeUndefined();
  });

  test('undefined as an argument is an argument', () => {
    expect(decodeArgs(encodeArgs([undefined, 1]).args)).toEqual([undefined, 1]);
  });
});

/** Keys that devalue refuses by name, and dates that are none. */
function isStorable(value: unknown): boolean {
  const text = inspect(value, { depth: 9 });
  return !text.includes('__proto__') && !text.includes('Invalid Date');
}

describe('errors as values', () => {
  test('keep name, message, stack, code and cause, and are Errors', () => {
    const cause = Object.assign(new RangeError('inner'), { code: 'E_INNER' });
    const error = new TypeError('outer', { cause });
    const back = roundTrip({ error }) as { error: Error };
    expect(back.error).toBeInstanceOf(Error);
    expect(back.error).toMatchObject({ name: 'TypeError', message: 'outer', stack: error.stack });
    expect(back.error.cause).toMatchObject({ name: 'RangeError', message: 'inner', code: 'E_INNER' });
  });

  test('a class of one’s own comes back as an Error of that name, never as the class', () => {
    class CardDeclined extends Error {
      override name = 'CardDeclined';
    }
    const back = roundTrip(new CardDeclined('no')) as Error;
    expect(back).not.toBeInstanceOf(CardDeclined);
    expect([back.name, back.message, String(back)]).toEqual(['CardDeclined', 'no', 'CardDeclined: no']);
  });
});

describe('what has no stored form', () => {
  class Socket {
    fd = 1;
  }
  test.each<[string, unknown, string, RegExp]>([
    ['a class', { socket: new Socket() }, 'args[0].socket', /is of class Socket, which cannot be stored/],
    ['a function', { list: [1, () => 1] }, 'args[0].list[1]', /is a function/],
    ['a symbol', Symbol('x'), 'args[0]', /is a symbol/],
    ['a promise', { a: Promise.resolve(1) }, 'args[0].a', /is a promise; await it first/],
    [
      'what throws when it is read',
      {
        get a() {
          throw new Error('evil');
        },
      },
      'args[0]',
      /^args\[0\] cannot be read: evil/,
    ],
    ['a proxy that throws', new Proxy({}, { ownKeys: () => expect.fail('no') }), 'args[0]', /cannot be read/],
    ['a generator', (function* () {})(), 'args[0]', /is of class without a name/],
    ['a class in a Map', new Map([['k', new Socket()]]), 'args[0].get("k")', /is of class Socket/],
    ['a key that could do harm', JSON.parse('{"a": {"__proto__": 1, "when": null}}'), '', /./],
  ])('%s is refused with its path', (name, value, path, why) => {
    if (name.startsWith('a key')) (value as { a: { when: unknown } }).a.when = new Date(0);
    const thrown = catchIt(() => encodeArgs([value]));
    expect(thrown).toBeInstanceOf(ValueError);
    expect((thrown as ValueError).path).toContain(path);
    expect((thrown as ValueError).message).toMatch(why);
  });

  test('the path names the argument, and a result by its name', () => {
    expect((catchIt(() => encodeArgs([1, 2, { a: new Socket() }])) as ValueError).path).toBe('args[2].a');
    expect((catchIt(() => encodeResult({ a: new Socket() })) as ValueError).path).toBe('result.a');
  });

  test('a text with a mark that is none of ours does not become code or a class', () => {
    for (const hostile of ['[["Socket",1],1]', '[["__proto__"]]', '"x"', '[{"__proto__":1},1]', '[[["Error",0]]]']) {
      const run = () => decodeResult(`{"$devalue":${hostile}}`);
      const value = catchIt(run);
      if (!(value instanceof Error)) expect(Object.getPrototypeOf(Object(value))).not.toBe(Socket.prototype);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

function catchIt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('futures in arguments', () => {
  test('are found at any depth, each named once', () => {
    const { upstream } = encodeArgs([future('a'), { list: [future('b'), future('a')] }, new Map([['k', future('c')]])]);
    expect(upstream.map((up) => up.id)).toEqual(['a', 'b', 'c']);
  });

  test('travel as their id and come back as whatever the run gave', () => {
    const { args } = encodeArgs([{ left: future('a'), right: [future('b')] }, 'plain']);
    const values: Record<string, unknown> = { a: new Date(0), b: undefined };
    expect(decodeArgs(args, (up) => values[up.id])).toEqual([{ left: new Date(0), right: [undefined] }, 'plain']);
  });

  test('one that must succeed is not excused by another that need not', () => {
    expect(encodeArgs([future('a', true), future('a', false)]).upstream).toEqual([{ id: 'a', allowFailure: false }]);
    expect(encodeArgs([future('a', true), future('a', true)]).upstream).toEqual([{ id: 'a', allowFailure: true }]);
  });
});

describe('a thrown thing', () => {
  test('keeps name, message, stack and causes', () => {
    const error = new TypeError('outer', { cause: new Error('inner', { cause: 'a text' }) });
    const stored = toRunError(error);
    expect(stored).toMatchObject({ name: 'TypeError', message: 'outer', stack: error.stack, cause: { message: 'inner' } });
    expect(stored.cause?.cause).toEqual({ name: 'Error', message: 'a text', stack: null, cause: null });
    const back = fromRunError(stored);
    expect(back).toMatchObject({ name: 'TypeError', message: 'outer', stack: error.stack });
    expect((back.cause as Error).message).toBe('inner');
  });

  test.each<[unknown, string]>([
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [5n, '5'],
    [Symbol('x'), 'Symbol(x)'],
    [{ code: 1 }, '{"code":1}'],
  ])('that is no Error, %s, is told as text', (thrown, message) => {
    expect(toRunError(thrown)).toEqual({ name: 'Error', message, stack: null, cause: null });
  });

  test('that gathers errors and says nothing itself, as of a connection to two addresses, is told by theirs', () => {
    const errors = [new Error('connect ECONNREFUSED ::1:1'), 'connect ECONNREFUSED 127.0.0.1:1'];
    expect(toRunError(new AggregateError(errors)).message).toBe('connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1');
    expect(toRunError(new AggregateError(errors, 'nobody answers')).message).toBe('nobody answers');
  });

  test('with a cause that leads back to itself ends after a few', () => {
    const error = new Error('loop');
    error.cause = error;
    let depth = 0;
    for (let next: ReturnType<typeof toRunError> | null = toRunError(error); next; next = next.cause) depth += 1;
    expect(depth).toBeLessThanOrEqual(10);
  });

  test('whatever it is, can be stored', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    class Hostile extends Error {
      override get message(): string {
        throw new Error('not even that');
      }
    }
    const odd = Object.assign(new Error('x'), { stack: 5 });
    for (const thrown of [proxy, new Hostile(), odd, { toJSON: () => Promise.reject }]) {
      const stored = toRunError(thrown);
      expect(typeof stored.name).toBe('string');
      expect(typeof stored.message).toBe('string');
      expect(JSON.parse(JSON.stringify(stored))).toEqual(stored);
    }
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        const stored = toRunError(thrown);
        expect(JSON.parse(JSON.stringify(stored))).toEqual(stored);
      }),
    );
  });
});
