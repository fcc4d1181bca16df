import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { jsonSchemaOf, MOST_SCHEMA_LENGTH } from '../../src/task/json-schema.ts';
import type { StandardSchema } from '../../src/task/standard-schema.ts';

const told = (schema: StandardSchema) => JSON.parse(jsonSchemaOf(schema) ?? 'null');
const propertiesOf = (shape: z.ZodRawShape) => told(z.object(shape)).properties;

test('a schema that knows its JSON Schema is told as that', () => {
  expect(told(z.object({ name: z.string().min(3), times: z.number().default(1) }))).toMatchObject({
    ...{ type: 'object', properties: { name: { type: 'string', minLength: 3 }, times: { type: 'number' } }, required: ['name'] },
  });
});

test('one that does not, or cannot, or is very long, is not told', () => {
  const validate = (value: unknown) => ({ value });
  const other = (jsonSchema?: unknown) =>
    ({ '~standard': { version: 1, vendor: 'other', validate, jsonSchema } }) as unknown as StandardSchema;
  const failing = () => {
    throw new Error('no words for it');
  };
  expect(jsonSchemaOf(other())).toBeUndefined();
  expect(jsonSchemaOf(other({ input: failing }))).toBeUndefined();
  expect(jsonSchemaOf(other({ input: () => ({ description: 'x'.repeat(MOST_SCHEMA_LENGTH) }) }))).toBeUndefined();
  expect(jsonSchemaOf(other({ input: ({ target }: { target: string }) => ({ target }) }))).toBe('{"target":"draft-2020-12"}');
});

describe('of a schema of zod nothing is told that it would not hold a caller to', () => {
  test('what is coerced, prepared, changed before it is checked, or replaced where it is wrong', () => {
    const shape = {
      ...{ coerced: z.coerce.number().int(), prepared: z.preprocess(Number, z.number()), trimmed: z.string().trim().min(3) },
      ...{ replaced: z.number().catch(5), inside: z.array(z.coerce.number()) },
    };
    expect(propertiesOf(shape)).toMatchObject({ coerced: {}, prepared: {}, trimmed: {}, inside: { type: 'array', items: {} } });
    expect(propertiesOf(shape).replaced).not.toHaveProperty('type');
    expect(propertiesOf(shape).trimmed).toEqual({});
  });

  test('a pattern with flags, which JSON Schema has not', () => {
    expect(propertiesOf({ loud: z.string().regex(/^abc$/i), plain: z.string().regex(/^abc$/) })).toEqual({
      ...{ loud: {}, plain: { type: 'string', pattern: '^abc$' } },
    });
  });

  test('a property that may be missing, and values that are no JSON', () => {
    expect(told(z.object({ sure: z.string(), any: z.any(), date: z.date() }))).toMatchObject({
      ...{ properties: { date: {} }, required: ['sure', 'date'] },
    });
    expect(told(z.object({ late: z.any().refine(async () => true) })).required).toEqual([]);
  });
});
