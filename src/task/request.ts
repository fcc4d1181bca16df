/**
 * From a call to what is submitted. The arguments are taken as they are at the moment of the call: what their owner changes later in
 * the same tick does not reach the run.
 */

import type { Submit } from '../client/submits.ts';
import type { SubmitOptions } from '../core/api.ts';
import type { Upstream } from '../core/run.ts';
import { type EncodedArgs, encodeArgs } from '../core/values.ts';
import * as check from './checks.ts';
import { scopes } from './context.ts';
import type { Definition } from './definition.ts';
import { validInput } from './input.ts';
import { ownKeys } from './keys.ts';
import { joinTags } from './run-options.ts';

/** A task as its callers know it. Without a definition (`taskRef`) nothing but its name is known here. */
export interface Target {
  readonly name: string;
  readonly definition: Definition | null;
}

/** The request for one call; a promise only where the input has a schema, so that calls of one tick stay in one tick. */
export function requestOf(target: Target, args: readonly unknown[], said: SubmitOptions): Submit | Promise<Submit> {
  const taken = encodeArgs(args);
  const schema = target.definition?.options.input ?? null;
  // Of a future nobody knows what it will be: the schema sees it where the run starts.
  if (schema === null || taken.upstream.length > 0) return request(target, taken, args, said);
  return validInput(target.name, schema, args[0]).then((input) => request(target, taken, [input], said));
}

function request({ name, definition }: Target, taken: EncodedArgs, input: readonly unknown[], said: SubmitOptions): Submit {
  const own = definition === null ? said : fromDefinition(definition, taken, input, said);
  const waitFor = joinUpstream(said.waitFor as readonly Upstream[] | undefined, taken.upstream);
  const parentId = scopes.getStore()?.runId;
  const options: SubmitOptions = {
    ...own,
    ...(waitFor.length > 0 ? { waitFor } : {}),
    ...(parentId === undefined ? {} : { parentId }),
  };
  return { task: name, argsJson: taken.args, ...(Object.keys(options).length > 0 ? { options } : {}) };
}

/** What the task itself says of each of its runs. */
function fromDefinition(definition: Definition, taken: EncodedArgs, input: readonly unknown[], said: SubmitOptions): SubmitOptions {
  const { tags, ttlMs, runName } = definition.options;
  const own: { -readonly [K in keyof SubmitOptions]: SubmitOptions[K] } = ownKeys(definition, taken, input, said);
  if (ttlMs !== null) own.ttl = ttlMs;
  if (runName !== null && said.runName === undefined && taken.upstream.length === 0) own.runName = nameOf(definition, input);
  return Object.assign(own, said, tags.length > 0 && { tags: joinTags(tags, said.tags) });
}

/** What `runName` gives for these arguments. @throws {InvalidOptionError} That is no text. */
export function nameOf({ name, options }: Definition, input: readonly unknown[]): string {
  return check.text(options.runName?.(...input), `What runName of task '${name}' gave`);
}

/** Each run once; one that must complete for any of them must complete. */
function joinUpstream(said: readonly Upstream[] = [], found: readonly Upstream[]): NonNullable<SubmitOptions['waitFor']> {
  const byId = new Map<string, boolean>();
  for (const { id, allowFailure } of [...said, ...found]) byId.set(id, allowFailure && (byId.get(id) ?? true));
  return [...byId].map(([id, allowFailure]) => (allowFailure ? { id, allowFailure } : id));
}
