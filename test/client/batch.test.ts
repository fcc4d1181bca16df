import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, Call, chunks, type Entry, entryOf } from '../../src/client/batch.ts';
import { RefusedError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/core/protocol.ts';

const call = () => new Call(1, () => undefined);
const entry = (bytes: number): Entry => ({ id: 'x', text: '', bytes, call: call(), index: 0 });
const refusal = (message: string) => new RefusedError(409, 'id_conflict', message);

describe('the text of a run', () => {
  test('is its request with its id', () => {
    const { text, id } = entryOf({ task: 'greet', args: ['Ä', { n: 1 }], options: { retries: 2 } }, 'id-1', call(), 0);
    expect(id).toBe('id-1');
    expect(JSON.parse(text)).toEqual({ id: 'id-1', task: 'greet', args: ['Ä', { n: 1 }], options: { retries: 2 } });
  });

  test('takes arguments that are text already as they are', () => {
    expect(entryOf({ task: 'greet', argsJson: '[1,  2]' }, 'a', call(), 0).text).toBe('{"id":"a","task":"greet","args":[1,  2]}');
    expect(entryOf({ task: 'greet' }, 'a', call(), 0).text).toBe('{"id":"a","task":"greet","args":[]}');
  });

  test('is counted in bytes of UTF-8', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => bytesOf(text) === Buffer.byteLength(text)));
  });
});

describe('chunks', () => {
  test('keep the order, lose nothing and stay within the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3_000 })), (sizes) => {
        const entries = sizes.map(entry);
        const all = chunks(entries, 5_000);
        expect(all.flat()).toEqual(entries);
        for (const one of all) {
          const bytes = one.reduce((sum, { bytes: size }) => sum + size + 1, 0);
          expect(one.length === 1 || bytes <= 5_000).toBe(true);
        }
      }),
    );
  });

  test('have no more runs than a batch may have', () => {
    const entries = Array.from({ length: LIMITS.batchRuns + 1 }, () => entry(1));
    expect(chunks(entries, 1e9).map((one) => one.length)).toEqual([LIMITS.batchRuns, 1]);
  });

  test('of nothing are none', () => {
    expect(chunks([], 1_000)).toEqual([]);
  });
});

describe('a call', () => {
  test('is answered in the order of its runs when the last of them is', async () => {
    let ended = 0;
    const two = new Call(2, () => {
      ended += 1;
    });
    two.settle(1, { id: 'b', deduplicated: false });
    expect(ended).toBe(0);
    two.settle(0, { id: 'a', deduplicated: true });
    expect(ended).toBe(1);
    expect(await two.answer).toEqual([
      { id: 'a', deduplicated: true },
      { id: 'b', deduplicated: false },
    ]);
  });

  test('fails with the first refusal, and says that others were stored', async () => {
    const three = new Call(3, () => undefined);
    three.settle(0, { id: 'a', deduplicated: false });
    three.settle(1, refusal('first'));
    three.settle(2, refusal('second'));
    await expect(three.answer).rejects.toMatchObject({
      ...{ reason: 'id_conflict', status: 409, message: '2 of 3 runs were refused and the others were stored. first' },
    });
  });

  test('fails with the very error where all its runs have it', async () => {
    const error = refusal('all');
    const two = new Call(2, () => undefined);
    two.settle(0, error);
    two.settle(1, error);
    await expect(two.answer).rejects.toBe(error);
  });
});
