import { describe, expect, test } from 'vitest';
import { type Ending, whyDown } from '../../src/client/down.ts';

const ending = (over: Partial<Ending>): Ending => ({
  url: 'http://h/api',
  up: false,
  error: undefined,
  code: 1006,
  reason: '',
  refusal: null,
  ...over,
});
const failed = (code: string) => ending({ error: Object.assign(new Error(code), { code }) });
const refused = (status: number) => ending({ refusal: { status, code: 'c', message: 'm' } });

describe('a socket is', () => {
  test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT'])('gone after %s: the other side refused or closed it', (code) => {
    expect(whyDown(failed(code)).why).toBe('gone');
  });

  test.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND'])('silent after %s: the server may well live', (code) => {
    expect(whyDown(failed(code)).why).toBe('silent');
  });

  test('gone when it was closed, with the reason that was given', () => {
    expect(whyDown(ending({ up: true, code: 1012 }))).toEqual({ why: 'gone', error: undefined });
    expect(String(whyDown(ending({ up: true, code: 1012, reason: 'restart' })).error)).toBe('Error: restart');
  });

  test.each([1002, 1003, 1007, 4400])('told by close code %d that it speaks another protocol', (code) => {
    expect(whyDown(ending({ up: true, code })).why).toBe('refused-protocol');
  });

  test('of another protocol where the handshake failed without a cause of the system', () => {
    expect(whyDown(ending({ error: new Error('Server sent no subprotocol') })).why).toBe('refused-protocol');
    expect(whyDown(failed('HPE_INVALID_CONSTANT')).why).toBe('refused-protocol');
    expect(whyDown(failed('WS_ERR_INVALID_UTF8')).why).toBe('refused-protocol');
  });

  test.each([
    [401, 'unauthorized', 'UnauthorizedError'],
    [403, 'unauthorized', 'RefusedError'],
    [404, 'refused-protocol', 'RefusedError'],
    [400, 'refused-protocol', 'RefusedError'],
    [429, 'gone', 'RefusedError'],
    [503, 'gone', 'RefusedError'],
  ])('answered %d: %s', (status, why, name) => {
    expect(whyDown(refused(status))).toMatchObject({ why, error: { name } });
  });
});
