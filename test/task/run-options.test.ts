import { describe, expect, test } from 'vitest';
import { FUTURE } from '../../src/core/values.ts';
import { checkRunOptions, joinOptions, joinTags } from '../../src/task/run-options.ts';

describe('the options of a call', () => {
  test('travel as numbers, text and ids', () => {
    const before = { id: 'run-1', [FUTURE]: { id: 'run-1', allowFailure: true } };
    const options = { at: new Date(0), ttl: '1h', priority: 5, tags: ['a'], waitFor: [before], retries: 0, timeout: '30s' };
    expect(checkRunOptions(options, 'greet')).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      ttl: 3_600_000,
      priority: 5,
      tags: ['a'],
      waitFor: [{ id: 'run-1', allowFailure: true }],
      retries: 0,
      timeout: 30_000,
    });
  });

  test('that are undefined count as not given', () => {
    expect(checkRunOptions({ delay: undefined, at: new Date(0) }, 'greet')).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  test.each([
    [{ dely: '5s' }, "A call of task 'greet' has no option 'dely'; did you mean 'delay'?"],
    [{ parentId: 'x' }, "A call of task 'greet' has no option 'parentId'; there are delay, at, ttl,"],
    [{ retries: -1 }, "retries of a call of task 'greet' is -1; expected a whole number, 0 or more."],
    [{ delay: 1, at: new Date() }, "A call of task 'greet' has both 'delay' and 'at'; give one of them."],
    [{ at: new Date('x') }, "at of a call of task 'greet' is an object; expected a valid Date."],
    [{ waitFor: ['run-1'] }, 'item 1 of waitFor of a call of task \'greet\' is "run-1"; expected a future, as delay() gives it.'],
    [{ waitFor: 'run-1' }, 'waitFor of a call of task \'greet\' is "run-1"; expected a list of futures.'],
    [{ timeout: 0 }, "timeout of a call of task 'greet' is 0; expected more than 0 milliseconds; leave it out for no limit."],
    [{ idempotencyKey: '' }, 'idempotencyKey of a call of task \'greet\' is ""; expected text that is not empty.'],
    ['5s', 'The options of a call of task \'greet\' is "5s"; expected an object.'],
  ])('may not be %j', (options, message) => {
    expect(() => checkRunOptions(options, 'greet')).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
  });

  test('said later win key by key; tags add up, each once', () => {
    expect(joinOptions({ retries: 1, ttl: 5, tags: ['a'] }, { retries: 2, tags: ['b', 'a'] })).toEqual({
      retries: 2,
      ttl: 5,
      tags: ['a', 'b'],
    });
    expect(joinOptions({}, { retries: 2 })).toEqual({ retries: 2 });
    expect(joinTags(undefined, ['a'], undefined, ['a', 'b'])).toEqual(['a', 'b']);
  });
});
