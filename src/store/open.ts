/** Opens the store that a URL names. The one door to the back-ends: nobody else imports them. */
import { StoreError } from '../core/errors.ts';
import type { Clock } from '../core/seams.ts';
import { systemClock } from '../system/system.ts';
import { openMemoryStore } from './memory.ts';
import type { Store } from './store.ts';

export interface OpenOptions {
  readonly clock?: Clock;
}

/**
 * @param url `memory:` or `file:<folder>`.
 * @throws {StoreError} The store is damaged (65), unsafe (73), held by another server (75), or the URL names none (78).
 */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  const { clock = systemClock } = options;
  if (url === 'memory:') return openMemoryStore(clock);
  throw new StoreError('url', `There is no store '${url}'; expected file:<folder> or memory:.`);
}
