import { expect, test } from 'vitest';
import { DirectCache } from '../../src/task/direct-cache.ts';

function aCache() {
  const time = { now: 0 };
  return { time, cache: new DirectCache(() => time.now) };
}
const asking = (key = 'k', over: { ttlMs?: number | null; refresh?: boolean } = {}) => ({ key, ttlMs: null, refresh: false, ...over });

test('the first computes, the others wait and get what it made', async () => {
  const { cache } = aCache();
  expect(await cache.recall(asking(), 'a')).toBeNull();
  const others = Promise.all([cache.recall(asking(), 'b'), cache.recall(asking(), 'c')]);
  cache.ended('a', '42');
  expect(await others).toEqual([
    { from: 'a', result: '42' },
    { from: 'a', result: '42' },
  ]);
  expect(await cache.recall(asking(), 'd')).toEqual({ from: 'a', result: '42' });
  expect(await cache.recall(asking('other'), 'd')).toBeNull();
});

test('where the first fails, one of the others computes', async () => {
  const { cache } = aCache();
  await cache.recall(asking(), 'a');
  const [second, third] = [cache.recall(asking(), 'b'), cache.recall(asking(), 'c')];
  cache.ended('a', undefined);
  expect(await second).toBeNull();
  cache.ended('b', null);
  expect(await third).toEqual({ from: 'b', result: null });
});

test('a run that asks again in its next attempt goes on computing', async () => {
  const { cache } = aCache();
  expect(await cache.recall(asking(), 'a')).toBeNull();
  expect(await cache.recall(asking(), 'a')).toBeNull();
});

test('a result answers until it expires, from the end of its run', async () => {
  const { cache, time } = aCache();
  await cache.recall(asking('k', { ttlMs: 10 }), 'a');
  time.now = 100;
  cache.ended('a', '1');
  time.now = 109;
  expect(await cache.recall(asking(), 'b')).toEqual({ from: 'a', result: '1' });
  time.now = 110;
  expect(await cache.recall(asking(), 'c')).toBeNull();
});

test('refresh waits for nobody, and its result takes the place of the one before', async () => {
  const { cache } = aCache();
  await cache.recall(asking(), 'a');
  expect(await cache.recall(asking('k', { refresh: true }), 'b')).toBeNull();
  cache.ended('b', '2');
  cache.ended('a', '1');
  expect(await cache.recall(asking(), 'c')).toEqual({ from: 'b', result: '2' });
});

test('the newest 1,000 are kept', async () => {
  const { cache } = aCache();
  for (let n = 0; n < 1_001; n += 1) {
    await cache.recall(asking(`k${n}`), `r${n}`);
    cache.ended(`r${n}`, String(n));
  }
  expect(await cache.recall(asking('k0'), 'again')).toBeNull();
  expect(await cache.recall(asking('k1000'), 'again 2')).toEqual({ from: 'r1000', result: '1000' });
});

test('the end of a run that asked for nothing is none of its business', () => {
  expect(() => aCache().cache.ended('nobody', '1')).not.toThrow();
});
