/** Results that answer for later runs, as the API lists and clears them. */
import { z } from 'zod';
import type { CacheEntry, CacheList } from '../core/api.ts';
import { LIMITS } from '../core/protocol.ts';
import type { CompletedRun } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { Store } from '../store/store.ts';
import { components, countQuery } from './schemas.ts';

const entry = z.object({
  task: z.string(),
  key: z.string(),
  run: z.string(),
  at: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
}) satisfies z.ZodType<CacheEntry>;
components.add(entry, { id: 'CacheEntry', description: 'A result that answers for later runs with its key.' });
export const cacheList = z.object({ entries: z.array(entry), total: z.int().min(0) }) satisfies z.ZodType<CacheList>;
export const cleared = z.object({ cleared: z.int().min(0) });

export const clearQuery = countQuery.pick({ task: true });
export const cacheQuery = clearQuery.extend({ limit: z.coerce.number().int().min(1).max(LIMITS.listPage).default(50) });

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
}

export async function listCache({ store, clock }: Parts, { task, limit }: z.infer<typeof cacheQuery>): Promise<CacheList> {
  const runs = await store.cached(task ?? null, clock.now());
  return { entries: runs.slice(0, limit).map(entryOf), total: runs.length };
}

export async function clearCache({ store, clock }: Parts, { task }: z.infer<typeof clearQuery>): Promise<z.infer<typeof cleared>> {
  return { cleared: await store.uncache(task ?? null, clock.now()) };
}

function entryOf({ id, task, cache, endedAt }: CompletedRun): CacheEntry {
  const { key, ttlMs } = cache ?? { key: '', ttlMs: null };
  const at = endedAt as number;
  return { task, key, run: id, at: iso(at), expiresAt: ttlMs === null ? null : iso(at + ttlMs) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
