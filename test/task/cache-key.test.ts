import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CacheCall, type CacheOption, cacheKeyOf, cacheOption } from '../../src/task/cache-key.ts';
import { define } from './helpers.ts';

const call = (args: readonly unknown[], over: Partial<CacheCall> = {}): CacheCall => ({ args, runId: 'run-1', parentId: null, ...over });
const option = (value: unknown) => cacheOption(value, "cache of task 'greet'") as CacheOption;
const keyOf = (key: unknown, args: readonly unknown[], over: Partial<CacheCall> = {}, fn: () => unknown = () => 1) =>
  cacheKeyOf(define(fn), option({ key }), call(args, over));
const inputs = (args: readonly unknown[], omit?: unknown) =>
  cacheKeyOf(
    define(() => 1),
    option({ key: ['inputs'], omit }),
    call(args),
  );

describe('a key', () => {
  test('is 64 hex digits, the same in every process', async () => {
    expect(await keyOf(['inputs'], [{ b: 1, a: [new Date(0)] }])).toBe('333234fa3cdd1215e39756ad3e3b942189b253645e7590ab7f019e59bc11179e');
  });

  test('of other inputs is another one, and of the same the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 3 }), fc.array(fc.jsonValue(), { maxLength: 3 }), async (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        if (isSame) expect(await inputs(one)).toBe(await inputs(other));
        expect(await inputs(one)).toBe(await inputs(structuredClone(one)));
        expect(await inputs([...one, 'more'])).not.toBe(await inputs(one));
      }),
    );
  });

  test('takes an undefined argument at the end for none', async () => {
    expect(await inputs(['a', undefined])).toBe(await inputs(['a']));
    expect(await inputs([undefined, 'a'])).not.toBe(await inputs(['a']));
  });

  test('leaves out what is omitted: arguments by position, keys of arguments that are objects', async () => {
    expect(await inputs(['a', 'noise'], [1])).toBe(await inputs(['a', 'other'], [1]));
    expect(await inputs([{ a: 1, debug: true }], ['debug'])).toBe(await inputs([{ a: 1 }], ['debug']));
    expect(await inputs([{ a: { debug: 1 } }], ['debug'])).not.toBe(await inputs([{ a: {} }], ['debug']));
  });

  test('of the source changes with the text of the function', async () => {
    expect(await keyOf(['source'], [1], {}, () => 2)).not.toBe(await keyOf(['source'], [1], {}, () => 3));
    expect(await keyOf(['source'], [1])).toBe(await keyOf(['source'], [2]));
  });

  test('of the run is that of the run whose code made the call, and else its own', async () => {
    expect(await keyOf(['run'], [], { parentId: 'p' })).toBe(await keyOf(['run'], [], { parentId: 'p', runId: 'run-2' }));
    expect(await keyOf(['run'], [])).not.toBe(await keyOf(['run'], [], { runId: 'run-2' }));
  });

  test('does not depend on the order of its parts', async () => {
    expect(await keyOf(['inputs', 'source'], [1])).toBe(await keyOf(['source', 'inputs'], [1]));
    expect(await keyOf(['inputs', 'source'], [1])).not.toBe(await keyOf(['inputs'], [1]));
  });

  test('of a function counts for its task alone, unless it says that it is shared', async () => {
    const [one, other] = [define(() => 1), { ...define(() => 1), name: 'other' }];
    const from = (definition: typeof one, text: unknown) => cacheKeyOf(definition, option({ key: async () => text }), call([]));
    expect(await from(one, 'k')).not.toBe(await from(other, 'k'));
    expect(await from(one, 'shared:k')).toBe(await from(other, 'shared:k'));
    expect([await from(one, null), await from(one, undefined)]).toEqual([null, null]);
  });

  test('cannot be made of what has no text of its own; the argument is named', async () => {
    await expect(inputs([1, { on: () => 1 }])).rejects.toThrow('args[1].on is a function and cannot be part of a cache key.');
    await expect(keyOf(() => Symbol('x'), [])).rejects.toThrow(
      "the cache key of task 'greet' is a symbol and cannot be part of a cache key.",
    );
  });
});

test.each([
  [{}, "key in cache of task 'greet' is undefined; expected a function of the arguments, or a list of 'inputs', 'source', 'run'."],
  [{ key: ['input'] }, "key in cache of task 'greet' is"],
  [{ key: [] }, "key in cache of task 'greet' is"],
  [{ key: ['inputs'], omit: [-1] }, "omit in cache of task 'greet' is"],
  [{ key: () => 1, omit: ['a'] }, "omit in cache of task 'greet' is"],
  [{ key: ['inputs'], expires: 0 }, "expires in cache of task 'greet' is 0; expected more than 0 milliseconds"],
  [{ key: ['inputs'], refresh: 'yes' }, "refresh in cache of task 'greet' is"],
  [{ key: ['inputs'], expire: '1h' }, "did you mean 'expires'?"],
])('a wrong cache option is named: %o', (value, message) => {
  expect(() => define(() => 1, { cache: value })).toThrow(message);
});
