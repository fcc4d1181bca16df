import { expect, test } from 'vitest';
import { validInput } from '../../src/task/input.ts';
import type { SchemaResult, StandardSchema } from '../../src/task/standard-schema.ts';

const schemaOf = (validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>): StandardSchema<unknown> => ({
  '~standard': { version: 1, vendor: 'test', validate },
});

test('the input is what the schema gives back, at once or later', async () => {
  expect(
    await validInput(
      'greet',
      schemaOf((value) => ({ value: `${value}!` })),
      'Ford',
    ),
  ).toBe('Ford!');
  expect(
    await validInput(
      'greet',
      schemaOf(async () => ({ value: undefined })),
      'Ford',
    ),
  ).toBeUndefined();
});

test('what does not fit is told with every issue and its path, in both forms that a path can have', async () => {
  const issues = [{ message: 'no number', path: ['a', { key: 0 }] }, { message: 'too few' }];
  const refused = validInput(
    'greet',
    schemaOf(() => ({ issues })),
    {},
  );
  await expect(refused).rejects.toMatchObject({
    name: 'InvalidInputError',
    message: "The input of task 'greet' is not valid: a.0: no number; too few.",
    issues: [
      { message: 'no number', path: ['a', 0] },
      { message: 'too few', path: [] },
    ],
  });
});

test('what the schema itself throws goes through', async () => {
  const boom = new Error('boom');
  const broken = schemaOf(() => {
    throw boom;
  });
  await expect(validInput('greet', broken, 1)).rejects.toBe(boom);
});
