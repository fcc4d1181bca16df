/**
 * Standard Schema (https://standardschema.dev), version 1: the interface that zod, valibot, arktype and others share.
 * Types only. bgtask asks a schema for `~standard.validate`, and for its JSON Schema where it has one (json-schema.ts).
 */

/** Checks an `Input` and gives an `Output`. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** There for inference alone; no schema has it when it runs. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type Types<S extends StandardSchema> = NonNullable<S['~standard']['types']>;
/** What a caller gives. */
export type InputOf<S extends StandardSchema> = Types<S>['input'];
/** What the function gets. */
export type OutputOf<S extends StandardSchema> = Types<S>['output'];
