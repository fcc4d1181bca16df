import { describe, expect, test } from 'vitest';
import { answerValue, errorOf, isLeaving, isUnanswered, isUnknown, refusedRun } from '../../src/client/answer.ts';
import { DuplicateRunError, RefusedError, RunNotFoundError, UnauthorizedError } from '../../src/core/errors.ts';

const URL = 'http://127.0.0.1:4200/api';
const body = (code: string, message = 'No.') => JSON.stringify({ error: { code, message } });

function thrown(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('an answer', () => {
  test('of success is its JSON, or nothing', () => {
    expect(answerValue(200, '{"a":1}', URL, '/runs')).toEqual({ a: 1 });
    expect(answerValue(204, '', URL, '/runs/x')).toBeUndefined();
  });

  test('that is no JSON comes from no bgtask server', () => {
    expect(thrown(() => answerValue(200, '<html>', URL, '/runs'))).toMatchObject({
      reason: 'not_bgtask',
      message: expect.stringContaining(URL),
    });
  });

  test('401 asks for the key', () => {
    expect(thrown(() => answerValue(401, body('unauthorized'), URL, '/runs'))).toBeInstanceOf(UnauthorizedError);
  });

  test('404 from something else than a bgtask server says so, also where a run was asked for', () => {
    for (const path of ['/runs', '/runs/some-id']) {
      expect(thrown(() => answerValue(404, '<h1>Not Found</h1>', URL, path))).toMatchObject({
        reason: 'not_bgtask',
        message: expect.stringContaining('is no bgtask server'),
      });
    }
  });

  test('404 on a run means that there is none; on another path it is a refusal', () => {
    const missing = thrown(() => answerValue(404, body('not_found'), URL, '/runs/a%20b/logs'));
    expect(missing).toBeInstanceOf(RunNotFoundError);
    expect(missing).toMatchObject({ runId: 'a b' });
    for (const path of ['/tasks', '/runs/count', '/runs/batch', '/runs']) {
      expect(thrown(() => answerValue(404, body('not_found'), URL, path))).toBeInstanceOf(RefusedError);
    }
  });

  test('of refusal carries the code and the words of the server', () => {
    const refused = thrown(() => answerValue(429, body('queue_full', 'Too much.'), URL, '/runs'));
    expect(refused).toMatchObject({ name: 'RefusedError', status: 429, reason: 'queue_full', message: 'Too much.' });
  });

  test('of a run that stands in the way names it', () => {
    const text = JSON.stringify({ error: { code: 'duplicate', message: 'There.', runId: 'a' } });
    const refused = thrown(() => answerValue(409, text, URL, '/runs'));
    expect(refused).toBeInstanceOf(DuplicateRunError);
    expect(refused).toMatchObject({ code: 'BGTASK_DUPLICATE_RUN', status: 409, reason: 'duplicate', runId: 'a', message: 'There.' });
    expect(refusedRun({ error: errorOf(409, text) })).toBeInstanceOf(DuplicateRunError);
  });

  test('without words of bgtask gets plain ones; a redirect says what is wrong', () => {
    expect(errorOf(500, '<h1>oops')).toEqual({ code: 'http_500', message: 'The server answered with HTTP status 500.' });
    expect(errorOf(302, '').code).toBe('redirect');
    expect(errorOf(400, '{"error":{"code":1,"message":{}}}').code).toBe('http_400');
    expect(errorOf(400, 'null').code).toBe('http_400');
  });
});

describe('what is not known', () => {
  test('is what a proxy cannot say, and what the server itself could not find out', () => {
    expect([502, 504].map((status) => isUnanswered(status, ''))).toEqual([true, true]);
    expect(isUnanswered(503, body('storage_failed'))).toBe(true);
    expect(isUnanswered(503, body('draining'))).toBe(false);
    expect(isUnanswered(500, body('internal'))).toBe(false);
  });

  test('a server that takes nothing says nothing about what was sent before', () => {
    for (const code of ['draining', 'queue_full', 'disk_full']) expect([isUnknown(code), isUnknown(code, true)]).toEqual([false, true]);
    expect(isUnknown('id_conflict', true)).toBe(false);
    expect(['draining', 'queue_full', 'id_conflict'].map(isLeaving)).toEqual([true, false, false]);
  });
});

test('a refused run among others gets the status of its code', () => {
  expect(refusedRun({ error: { code: 'id_conflict', message: 'x' } })).toMatchObject({ status: 409 });
  expect(refusedRun({ error: { code: 'anything else', message: 'x' } })).toMatchObject({ status: 400 });
});

test('an input that does not fit is the error that a caller with the schema gets', () => {
  const input = { task: 'greet', issues: [{ message: 'too short', path: ['name'] }] };
  const error = { code: 'invalid_input', message: 'x', input };
  const expected = { name: 'InvalidInputError', message: "The input of task 'greet' is not valid: name: too short.", issues: input.issues };
  expect(refusedRun({ error })).toMatchObject(expected);
  expect(() => answerValue(400, JSON.stringify({ error }), 'http://x', '/runs')).toThrow(expect.objectContaining(expected));
  expect(errorOf(400, JSON.stringify({ error: { ...error, input: { issues: 1 } } }))).toEqual({ code: 'invalid_input', message: 'x' });
});
