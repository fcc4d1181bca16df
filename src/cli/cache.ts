/** Kept results as a person reads them. */
import type { CacheEntry } from '../core/api.ts';
import { formatTable } from './table.ts';
import { relativeTime } from './text.ts';

const KEY_DIGITS = 12;

export function cacheTable(entries: readonly CacheEntry[], now: number): string {
  return formatTable<CacheEntry>(
    [
      { title: 'TASK', cell: (entry) => entry.task, least: 8 },
      { title: 'KEY', cell: (entry) => entry.key.slice(0, KEY_DIGITS), least: 6 },
      { title: 'RUN', cell: (entry) => entry.run },
      { title: 'MADE', cell: (entry) => relativeTime(entry.at, now) },
      { title: 'EXPIRES', cell: (entry) => (entry.expiresAt === null ? 'with its run' : relativeTime(entry.expiresAt, now)) },
    ],
    entries,
  );
}
