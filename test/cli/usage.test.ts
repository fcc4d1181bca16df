import { expect, test } from 'vitest';
import { BackgroundError, UsageError } from '../../src/cli/usage.ts';
import { BgtaskError } from '../../src/core/errors.ts';

test('a mistake of usage is an error of bgtask with its own suggestions', () => {
  const error = new UsageError('No.', ['Try that']);
  expect(error).toBeInstanceOf(BgtaskError);
  expect(error).toMatchObject({ code: 'BGTASK_USAGE', message: 'No.', suggestions: ['Try that'] });
});

test('a process that left the background again is told in its own words', () => {
  expect(new BackgroundError('Error: The store is locked.\n', 75)).toMatchObject({ message: 'The store is locked.', exitCode: 75 });
  expect(new BackgroundError('', 1).message).toBe('It ended without a word.');
});
