/**
 * The keys of one call, made from its arguments by the options of the task, and what goes with them. Debounce and throttle are nothing
 * but such keys: one whose newest run takes the place of the run that waits, and one that answers for a while.
 */
import type { SubmitOptions } from '../core/api.ts';
import { InvalidOptionError } from '../core/errors.ts';
import type { EncodedArgs } from '../core/values.ts';
import * as check from './checks.ts';
import type { Definition, KeyOf } from './definition.ts';

/** What the task says of the keys of a call that itself says `said`. */
export function ownKeys(definition: Definition, taken: EncodedArgs, input: readonly unknown[], said: SubmitOptions): SubmitOptions {
  const { concurrencyKey, idempotencyTtlMs, onConflict } = definition.options;
  const make = (what: string, key: KeyOf, instead: string) => keyOf(definition.name, what, key, instead, taken, input);
  const hasOwn = said.idempotencyKey !== undefined;
  const idempotency = hasOwn ? {} : idempotencyOf(definition, make);
  return {
    ...(concurrencyKey === null || said.concurrencyKey !== undefined
      ? {}
      : { concurrencyKey: make('concurrency.key', concurrencyKey, 'concurrencyKey') }),
    ...((hasOwn || idempotency.idempotencyKey !== undefined) && {
      ...(idempotencyTtlMs !== null && { idempotencyTtl: idempotencyTtlMs }),
      ...(onConflict !== null && { onConflict }),
    }),
    ...idempotency,
  };
}

type Make = (what: string, key: KeyOf, instead: string) => string;

function idempotencyOf({ options }: Definition, make: Make): SubmitOptions {
  const { idempotencyKey, debounce, throttle } = options;
  if (idempotencyKey !== null) return { idempotencyKey: make('idempotencyKey', idempotencyKey, 'idempotencyKey') };
  if (debounce !== null) {
    const { key, waitMs, maxWaitMs } = debounce;
    const idempotencyKeyOf = `debounce:${make('debounce.key', key, 'idempotencyKey')}`;
    const maxWait = maxWaitMs === null ? {} : { debounceMaxWait: maxWaitMs };
    return { idempotencyKey: idempotencyKeyOf, onConflict: 'replace', delay: waitMs, ...maxWait };
  }
  if (throttle === null) return {};
  return { idempotencyKey: `throttle:${make('throttle.key', throttle.key, 'idempotencyKey')}`, idempotencyTtl: throttle.perMs };
}

function keyOf(name: string, what: string, key: KeyOf, instead: string, taken: EncodedArgs, input: readonly unknown[]): string {
  if (taken.upstream.length > 0) {
    throw new InvalidOptionError(
      `${what} of task '${name}' is made from the arguments, and one of them is a future; say it with the call: applyAsync(args, { ${instead}: … })`,
    );
  }
  return check.text(key(...input), `What ${what} of task '${name}' gave`);
}
