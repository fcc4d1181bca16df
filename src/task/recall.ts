/** Asks whether the result of an attempt is there already, before its function is called. */
import type { CacheHit } from '../core/frames.ts';
import type { Attempt } from './attempt.ts';
import { cacheKeyOf } from './cache-key.ts';
import type { Definition } from './definition.ts';
import { within } from './hooks.ts';

/**
 * The result that is there for these arguments, which were validated; null: the function is to be called.
 * @throws {ValueError} The arguments make no key. What the key function throws goes through, and so does the reason to stop.
 */
export async function recall(definition: Definition, attempt: Attempt, args: readonly unknown[]): Promise<CacheHit | null> {
  const { cache } = definition.options;
  if (cache === null || attempt.recall === undefined) return null;
  const { runId, parentId, clock } = attempt;
  const key = await within(clock, () => cacheKeyOf(definition, cache, { args, runId, parentId }));
  if (key === null) return attempt.recall(null);
  return attempt.recall({ key, ttlMs: cache.expiresMs, refresh: cache.refresh });
}
