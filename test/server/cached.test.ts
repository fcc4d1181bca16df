import { expect, test } from 'vitest';
import type { CacheList } from '../../src/core/api.ts';
import { aSubmit, LEASE, TOKEN as LEASE_TOKEN } from '../core/builders.ts';
import { start } from './started.ts';

test('kept results are listed newest first, and cleared', async () => {
  const { store, ask } = await start();
  const now = Date.now(); // older results go as soon as the server looks
  for (const [index, key] of ['a', 'b'].entries()) {
    const [id, token] = [`run-${key}`, LEASE_TOKEN];
    await store.submit([aSubmit({ id })], now);
    const cache = { key, ttlMs: index === 0 ? null : 1e15 };
    await store.apply([{ id, event: { type: 'assign', lease: LEASE, maxAttempts: 1 } }], now);
    await store.apply([{ id, event: { type: 'key', token, cache } }], now);
    await store.apply([{ id, event: { type: 'succeed', token, result: '1' } }], now + index);
  }
  const at = new Date(now).toISOString();
  const { entries, total } = (await ask('/api/cache')).json<CacheList>();
  expect(total).toBe(2);
  expect(entries[0]).toMatchObject({ run: 'run-b', expiresAt: expect.any(String) });
  expect(entries[1]).toEqual({ task: 'greet', key: 'a', run: 'run-a', at, expiresAt: null });
  expect((await ask('/api/cache?limit=1')).json()).toMatchObject({ entries: [{ run: 'run-b' }], total: 2 });
  expect((await ask('/api/cache?task=other')).json()).toEqual({ entries: [], total: 0 });
  expect((await ask('/api/cache?task=other', { method: 'DELETE' })).json()).toEqual({ cleared: 0 });
  expect((await ask('/api/cache', { method: 'DELETE' })).json()).toEqual({ cleared: 2 });
  expect((await ask('/api/cache?nonsense=1')).status).toBe(400);
});
