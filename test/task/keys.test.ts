import { describe, expect, test } from 'vitest';
import type { SubmitOptions } from '../../src/core/api.ts';
import { encodeArgs } from '../../src/core/values.ts';
import { ownKeys } from '../../src/task/keys.ts';
import { defineTask } from '../../src/task/options.ts';

const keys = (options: object, said: SubmitOptions = {}, args: readonly unknown[] = ['Ford']) =>
  ownKeys(
    defineTask('greet', options, () => 1),
    encodeArgs(args),
    args,
    said,
  );
const key = (name: string) => name;

describe('the keys of a call', () => {
  test('are made from its arguments, with how long they answer and what becomes of a second call', () => {
    const options = { idempotencyKey: key, idempotencyTtl: '1m', onConflict: 'reject' };
    expect(keys(options)).toEqual({ idempotencyKey: 'Ford', idempotencyTtl: 60_000, onConflict: 'reject' });
    expect(keys({ concurrency: { limit: 1, key } })).toEqual({ concurrencyKey: 'Ford' });
    expect(keys({})).toEqual({});
  });

  test('are not asked for where the call says its own; what goes with a key goes with that, too', () => {
    const options = { idempotencyKey: () => 7, idempotencyTtl: '1m', onConflict: 'reject', concurrency: { limit: 1, key: () => 7 } };
    expect(keys(options, { idempotencyKey: 'k', concurrencyKey: 'c' })).toEqual({ idempotencyTtl: 60_000, onConflict: 'reject' });
    expect(keys({ onConflict: 'reject', idempotencyTtl: 1 })).toEqual({});
  });

  test('of a debounced task have the newest run take the place of the one that waits', () => {
    expect(keys({ debounce: { key, wait: '1s', maxWait: '1m' } })).toEqual({
      ...{ idempotencyKey: 'debounce:Ford', onConflict: 'replace', delay: 1_000, debounceMaxWait: 60_000 },
    });
    expect(keys({ debounce: { key, wait: '1s' } })).toEqual({ idempotencyKey: 'debounce:Ford', onConflict: 'replace', delay: 1_000 });
    expect(keys({ debounce: { key, wait: '1s' } }, { idempotencyKey: 'k' })).toEqual({});
  });

  test('of a throttled task answer for a while', () => {
    expect(keys({ throttle: { key, per: '1h' } })).toEqual({ idempotencyKey: 'throttle:Ford', idempotencyTtl: 3_600_000 });
  });

  test('must be text', () => {
    expect(() => keys({ debounce: { key: () => 7, wait: 1 } })).toThrow("What debounce.key of task 'greet' gave is 7; expected text");
  });
});
