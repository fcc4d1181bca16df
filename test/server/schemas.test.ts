/** The schemas beside what routes and frames test of them. */
import { describe, expect, test } from 'vitest';
import type { SubmitOptions } from '../../src/core/api.ts';
import { workerFrame } from '../../src/server/frame-schemas.ts';
import { explain, submitRequest } from '../../src/server/schemas.ts';

describe('a submit', () => {
  test('every option of the protocol is taken', () => {
    const options: Required<SubmitOptions> = {
      ...{
        delay: '5m',
        at: '2030-01-31T12:00:00+02:00',
        ttl: 1_000,
        idempotencyKey: 'k',
        idempotencyTtl: '1h30m',
        priority: '10s',
        tags: ['a'],
      },
      ...{
        runName: 'n',
        waitFor: ['a', { id: 'b', allowFailure: true }],
        retries: 0,
        timeout: '1.5s',
        concurrencyKey: 'c',
        parentId: 'p',
        retryOf: 'r',
        onConflict: 'replace',
        debounceMaxWait: '1m',
      },
    };
    const request = { id: 'my-id', task: 'greet', args: [], options };
    expect(submitRequest.parse(request)).toEqual(request);
  });

  test('arguments are passed on as they are, not copied or merged', () => {
    const args = JSON.parse('[{"__proto__":{"a":1}},{"$devalue":[]}]') as unknown[];
    const parsed = submitRequest.parse({ task: 't', args });
    expect(parsed.args?.[0]).toBe(args[0]);
    expect(JSON.stringify(parsed.args)).toBe('[{"__proto__":{"a":1}},{"$devalue":[]}]');
  });

  test('a key that is no field is refused even where it is __proto__', () => {
    const result = submitRequest.safeParse(JSON.parse('{"task":"t","__proto__":{"args":[1]}}'));
    expect(result.success).toBe(false);
  });
});

test('an explanation names at most three fields', () => {
  const result = workerFrame.safeParse({ type: 'hello' });
  expect(result.error && explain(result.error).split('; ')).toHaveLength(3);
});
