/** What holds for all routes: methods, unknown paths, headers, errors that should not happen, deadlines. */
import { describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../src/core/errors.ts';
import { ROUTES } from '../../src/server/routes.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { systemClock } from '../../src/system/system.ts';
import { start } from './started.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE'];
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};
const paths = [...new Set([...ROUTES.map((route) => route.path), '/api/openapi.json'])].map((path) => path.replace(/:\w+/, 'some-name'));

const methodsOf = (path: string): string[] =>
  path === '/api/openapi.json'
    ? ['GET']
    : ROUTES.filter((route) => route.path.replace(/:\w+/, 'some-name') === path).map((route) => route.method);
const allowOf = (own: readonly string[]) => own.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');

/** A memory store of which some members answer otherwise. */
async function storeWith(members: Partial<Store>): Promise<Store> {
  const store = await openStore('memory:');
  return new Proxy(store, {
    get: (target, key) => {
      const value = (members as Record<PropertyKey, unknown>)[key] ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('a method that a path does not have is answered with 405 and those it has', async () => {
  const server = await start();
  const rows = paths.flatMap((path) => METHODS.map((method) => [path, method] as const));
  for (const [path, method] of rows) {
    const own = methodsOf(path);
    const answer = await server.ask(path, { method });
    if (own.includes(method)) expect(answer.status).not.toBe(405);
    else expect([path, method, answer.code, answer.headers.allow]).toEqual([path, method, 'method_not_allowed', allowOf(own)]);
  }
});

test.each([
  '/',
  '/api',
  '/api/',
  '/api/runs/',
  '/api/nothing',
  '/api/runs/a/b',
  '//api/runs',
  '/api/runs/x/logs/../..',
  '/index.html',
  '/..%2f..%2fetc/passwd',
  '/%00',
])('there is nothing at %s', async (path) => {
  const answer = await (await start()).ask(path);
  expect([answer.status, answer.code]).toEqual([404, 'not_found']);
});

test('a HEAD is a GET without a body', async () => {
  expect(await (await start()).ask('/api/runs', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
});

test('every answer carries the security headers, and none lets another origin in', async () => {
  const server = await start();
  const asked = [
    ...METHODS.flatMap((method) => paths.map((path) => ({ path, method }))),
    { path: '/nowhere', method: 'GET' },
    { path: '/api/runs', method: 'GET', token: null },
    { path: '/api/runs', method: 'GET', headers: { origin: 'http://evil.example' } },
    { path: '/api/runs', method: 'GET', headers: { host: 'evil.example' } },
  ];
  for (const { path, ...rest } of asked) {
    const { headers } = await server.ask(path, rest);
    expect(headers).toMatchObject(HEADERS);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control') || name === 'set-cookie')).toEqual([]);
  }
});

test('a query is refused where none is taken', async () => {
  expect(await (await start()).ask('/api/version?a=1')).toMatchObject({ status: 400, code: 'invalid_request' });
});

test('a large query or header costs no time', async () => {
  const server = await start();
  for (const text of ['a'.repeat(8_000), ','.repeat(8_000), '*'.repeat(8_000), '%20'.repeat(2_500), '1s '.repeat(2_500)]) {
    const since = performance.now();
    for (const key of ['state', 'task', 'tag', 'cursor', 'limit']) {
      const { status } = await server.ask(`/api/runs?${key}=${encodeURIComponent(text).slice(0, 12_000)}`);
      expect(status).toBe(400);
    }
    expect(performance.now() - since).toBeLessThan(2_000);
  }
});

describe('an error', () => {
  test('that should not happen is told to whoever runs the server, and to the caller only that it did', async () => {
    const onError = vi.fn();
    const broken = new Error('/secret/path broke');
    const server = await start({ onError, store: await storeWith({ get: () => Promise.reject(broken) }) });
    const answer = await server.ask('/api/runs/some-run');
    expect(answer).toMatchObject({ status: 500, code: 'internal' });
    expect(answer.text).not.toContain('secret');
    expect(answer.headers).toMatchObject(HEADERS);
    expect(onError).toHaveBeenCalledWith(broken);
  });

  test('of the store is a 503, a full disk a 507', async () => {
    const failing = (kind: 'failed' | 'full') => () => Promise.reject(new StoreError(kind, 'no'));
    const failed = await start({ store: await storeWith({ submit: failing('failed') }) });
    expect(await failed.ask('/api/runs', { method: 'POST', body: { task: 't' } })).toMatchObject({ status: 503, code: 'storage_failed' });
    const full = await start({ store: await storeWith({ submit: failing('full') }) });
    const answer = await full.ask('/api/runs', { method: 'POST', body: { task: 't' } });
    expect(answer).toMatchObject({ status: 507, code: 'disk_full' });
    expect(answer.headers['retry-after']).toBe('10');
    expect(await full.ask('/api/runs/batch', { method: 'POST', body: { runs: [{ task: 't' }] } })).toMatchObject({ status: 507 });
    expect((await full.ask('/api/runs')).status).toBe(200);
  });

  test('a store that does not answer does not hang the caller', async () => {
    // The clock runs a hundred times too fast for long waits.
    const clock = { ...systemClock, after: (ms: number, fn: () => void, unref?: boolean) => systemClock.after(ms / 100, fn, unref) };
    const server = await start({ clock, store: await storeWith({ get: () => new Promise(() => undefined) }) });
    expect(await server.ask('/api/runs/some-run')).toMatchObject({ status: 503, code: 'too_slow' });
  });
});
