import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import type { RunError } from '../../src/core/run.ts';
import { storableError, storableResult } from '../../src/task/outcome.ts';
import { attempt, define } from './helpers.ts';

describe('a result', () => {
  test('is JSON text, and null where there is none', () => {
    expect(storableResult({ a: 1 })).toBe('{"a":1}');
    expect(storableResult(undefined)).toBeNull();
  });

  test('counts in bytes against its limit', () => {
    const fits = 'é'.repeat((LIMITS.resultBytes - 2) / 2);
    expect(storableResult(fits)).toHaveLength(fits.length + 2);
    expect(() => storableResult(`${fits}x`)).toThrow(
      `result has ${LIMITS.resultBytes + 1} bytes as it is stored; the most is ${LIMITS.resultBytes}.`,
    );
  });
});

describe('an error', () => {
  test('keeps all there is to know', () => {
    const error = new RangeError('too far', { cause: 'the road' });
    expect(storableError(error)).toEqual({
      name: 'RangeError',
      message: 'too far',
      stack: error.stack,
      cause: { name: 'Error', message: 'the road', stack: null, cause: null },
    });
  });

  test('has the stack of the task alone, without the frames below it', async () => {
    const { outcome } = await attempt(
      define(async () => {
        await Promise.resolve();
        throw new Error('boom', { cause: new Error('why') });
      }),
    );
    const { error } = outcome as { error: RunError };
    for (const stack of [error.stack, error.cause?.stack]) {
      expect(stack).toContain('outcome.test.ts');
      expect(stack).not.toContain('execute.ts');
    }
  });

  test('is cut where a text in it is longer than anybody reads, and says so', () => {
    const { message, stack, cause } = storableError(new Error('x'.repeat(100_000), { cause: new Error('y'.repeat(100_000)) }));
    expect(message).toMatch(/^x{32768}… \[cut: 100000 characters\]$/);
    expect(stack?.length).toBeLessThan(33_000);
    expect(cause?.message.length).toBeLessThan(33_000);
  });
});
