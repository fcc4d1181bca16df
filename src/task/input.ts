/** The input of a task against its schema: at submit, so that a wrong call fails where it was made, and again where it runs. */
import { type InputIssue, InvalidInputError } from '../core/errors.ts';
import type { SchemaIssue, StandardSchema } from './standard-schema.ts';

/**
 * The input as the schema gives it back, with its defaults and transforms applied.
 * @throws {InvalidInputError} It does not fit. What the schema itself throws goes through.
 */
export async function validInput(task: string, schema: StandardSchema, input: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(input);
  if (result.issues !== undefined) throw new InvalidInputError(task, result.issues.map(plainIssue));
  return result.value;
}

function plainIssue({ message, path = [] }: SchemaIssue): InputIssue {
  return { message, path: path.map((segment) => (typeof segment === 'object' ? segment.key : segment)) };
}
