/** How the server says no. */
import { describe, expect, test } from 'vitest';
import { InvalidOptionError, StoreError } from '../../src/core/errors.ts';
import { INTERNAL, Refused, rawAnswer, refusalHeaders, refusalOfError, refuse, unlessRefused } from '../../src/server/answer.ts';

test('a raw answer is a whole HTTP answer that ends the connection', () => {
  const text = rawAnswer(refuse(401, 'unauthorized', 'Größe'));
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1.1 401 Unauthorized\r\n/);
  expect(head).toContain('www-authenticate: Bearer');
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  expect(head).toContain('connection: close');
  expect(head).toContain('x-content-type-options: nosniff');
  expect(JSON.parse(body)).toEqual({ error: { code: 'unauthorized', message: 'Größe' } });
});

test('only a refusal that says when to come back has Retry-After', () => {
  expect(refusalHeaders({ ...refuse(429, 'queue_full', ''), retryAfterS: 3 })['retry-after']).toBe('3');
  expect(refusalHeaders(refuse(429, 'queue_full', ''))).not.toHaveProperty('retry-after');
});

test('a value that is no refusal comes through, a refusal is thrown', () => {
  expect(unlessRefused({ value: 1 })).toEqual({ value: 1 });
  expect(unlessRefused('text')).toBe('text');
  expect(() => unlessRefused(refuse(400, 'x', 'y'))).toThrow(Refused);
});

describe('of an error a caller is told', () => {
  test.each([
    [new StoreError('full', 'ENOSPC at /secret/path'), 507, 'disk_full'],
    [new StoreError('failed', 'EIO at /secret/path'), 503, 'storage_failed'],
    [new InvalidOptionError('cursor', 'x', 'a cursor'), 400, 'invalid_option'],
    [new Error('/secret/path'), 500, 'internal'],
    ['thrown text', 500, 'internal'],
  ])('no more than what helps: %s', (error, status, code) => {
    const refusal = refusalOfError(error);
    expect(refusal).toMatchObject({ status, code });
    expect(refusal.message).not.toContain('secret');
    expect(refusal === INTERNAL).toBe(status === 500);
  });
});
