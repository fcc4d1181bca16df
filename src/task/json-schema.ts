/**
 * The JSON Schema of a task's input, for whoever has not the schema itself: the server checks calls by name alone with it. It may
 * refuse nothing that the schema takes, since the schema has the last word where the run starts.
 */
import type { StandardSchema } from './standard-schema.ts';

/** Longer ones stay with the worker. */
export const MOST_SCHEMA_LENGTH = 65_536;

/** What a schema may have beside its validation (https://standardschema.dev/json-schema). */
interface Converter {
  readonly input?: (options: { readonly target: string; readonly libraryOptions?: object | undefined }) => unknown;
}

/** As JSON text; undefined where the schema has none that can be told. */
export function jsonSchemaOf(schema: StandardSchema): string | undefined {
  const { vendor, jsonSchema } = schema['~standard'] as StandardSchema['~standard'] & { readonly jsonSchema?: Converter };
  try {
    const libraryOptions = vendor === 'zod' ? { unrepresentable: 'any', override: loosen } : undefined;
    const text = JSON.stringify(jsonSchema?.input?.({ target: 'draft-2020-12', libraryOptions }));
    return text === undefined || text.length > MOST_SCHEMA_LENGTH ? undefined : text;
  } catch {
    return undefined; // it holds something that JSON Schema has no words for
  }
}

/** As much of a schema of zod as counts here. */
interface Zod {
  readonly _zod: { readonly def: ZodDef };
  readonly safeParse?: (value: unknown) => { readonly success: boolean };
}
interface ZodDef {
  readonly type: string;
  readonly coerce?: boolean;
  readonly in?: Zod;
  readonly shape?: Readonly<Record<string, Zod>>;
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly check: string; readonly pattern?: RegExp } } }[];
}

/** zod describes what comes out of a coercion, where what may go in is wanted. */
function loosen({ zodSchema, jsonSchema }: { readonly zodSchema: Zod; readonly jsonSchema: Record<string, unknown> }): void {
  const { shape } = zodSchema._zod.def;
  if (takesMore(zodSchema)) for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  if (shape && Array.isArray(jsonSchema.required)) jsonSchema.required = jsonSchema.required.filter((key) => !takesNothing(shape[key]));
}

function takesMore({ _zod: { def } }: Zod): boolean {
  if (def.coerce === true || def.type === 'catch' || def.in?._zod.def.type === 'transform') return true;
  const checks = (def.checks ?? []).map((check) => check._zod.def);
  // Changed first, as by trim(); and JSON Schema has no flags.
  return checks.some(({ check, pattern }) => check === 'overwrite' || (pattern !== undefined && pattern.flags !== ''));
}

function takesNothing(schema: Zod | undefined): boolean {
  try {
    return schema?.safeParse?.(undefined).success !== false;
  } catch {
    return true; // it can only be asked asynchronously
  }
}
