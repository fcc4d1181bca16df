/**
 * What is known of the input of tasks: workers tell it as JSON Schema, so that a call by name alone is refused where it is made. It is
 * kept when its worker has gone, and in the store over a restart. It refuses only what is plainly wrong: what it cannot judge is checked where the run starts.
 */
import { z } from 'zod';
import type { SubmitRequest } from '../core/api.ts';
import { InvalidInputError } from '../core/errors.ts';
import type { TaskInfo } from '../core/frames.ts';
import { isMarked } from '../core/values.ts';
import type { Store } from '../store/store.ts';
import { written } from './reports.ts';
import type { Refusal } from './submission.ts';

interface Known {
  readonly text: string;
  /** Made when it is first needed; null where this server cannot read the schema. */
  schema?: z.ZodType | null;
}

export class Inputs {
  readonly #byTask = new Map<string, Known>();
  readonly #store: Pick<Store, 'noteInputs' | 'inputs'>;

  constructor(store: Pick<Store, 'noteInputs' | 'inputs'>) {
    this.#store = store;
    for (const { task, schema } of store.inputs()) if (schema !== null) this.#byTask.set(task, { text: schema });
  }

  /** Takes note of what a worker tells of its tasks; the newest word counts. */
  learn(tasks: readonly TaskInfo[], at: number): void {
    for (const { name, input } of tasks) {
      if (input === undefined) this.#byTask.delete(name);
      else if (this.#byTask.get(name)?.text !== input) this.#byTask.set(name, { text: input });
    }
    const inputs = tasks.map(({ name, input = null }) => ({ task: name, schema: input }));
    void written(this.#store.noteInputs(inputs, at));
  }

  /** Why the arguments of a call cannot be right; null where they may be. */
  problemOf({ task, args = [] }: SubmitRequest): Refusal | null {
    const known = this.#byTask.get(task);
    if (known === undefined || args.length === 0 || isMarked(args[0])) return null;
    known.schema ??= schemaOf(known.text);
    const found = known.schema?.safeParse(args[0]).error;
    if (!found) return null;
    const { message, issues } = new InvalidInputError(task, found.issues);
    return { status: 400, code: 'invalid_input', message, input: { task, issues: issues.map(({ message, path }) => ({ message, path })) } };
  }
}

function schemaOf(text: string): z.ZodType | null {
  try {
    return z.fromJSONSchema(JSON.parse(text, withoutFormat) as z.core.JSONSchema.JSONSchema);
  } catch {
    return null; // words of JSON Schema that are not known here
  }
}

/** A format says what is meant, not what is taken: libraries differ in what they take. */
function withoutFormat(this: unknown, key: string, value: unknown): unknown {
  return key === 'format' && typeof value === 'string' ? undefined : value;
}
