/** What all routes share; what each of them answers stands in routes.test.ts. */
import { expect, test } from 'vitest';
import { Refused } from '../../src/server/answer.ts';
import { checkedQuery, idOf, json, refused } from '../../src/server/call.ts';
import { listQuery } from '../../src/server/schemas.ts';

const refusalOf = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
  }
  return null;
};

test('a query has each key once, but states, which may also be parted by commas', () => {
  expect(checkedQuery(listQuery, { state: ['FAILED,CRASHED', 'EXPIRED'], limit: ['3'] })).toEqual({
    state: ['FAILED', 'CRASHED', 'EXPIRED'],
    limit: 3,
  });
  expect(refusalOf(() => checkedQuery(listQuery, { task: ['a', 'b'] }))).toMatchObject({
    status: 400,
    message: 'task: stands more than once.',
  });
});

test('more states than there are are not even looked at', () => {
  expect(refusalOf(() => checkedQuery(listQuery, { state: [','.repeat(14_000)] }))).toMatchObject({
    status: 400,
    message: 'state: Too big: expected array to have <=9 items.',
  });
});

test('what cannot be an id is refused before anything is looked up', () => {
  expect(idOf('r-1')).toBe('r-1');
  expect(refusalOf(() => idOf('../etc'))).toMatchObject({ status: 400, code: 'invalid_id' });
});

test('answers are JSON; a refusal says when to come again', async () => {
  expect(await json({ a: 1 }).json()).toEqual({ a: 1 });
  const answer = refused({ status: 429, code: 'queue_full', message: 'full', retryAfterS: 2 });
  expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
    429,
    '2',
    { error: { code: 'queue_full', message: 'full' } },
  ]);
});
