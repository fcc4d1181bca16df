/** Who is let in over HTTP and WebSockets: a real server, and requests made by hand to get past its guard. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeOf, faultsOf, Target } from '../helpers/target.ts';

let target: Target;
beforeAll(async () => {
  target = await Target.open();
});
afterAll(() => target.close());

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

describe('without the key', () => {
  test.each([
    ['GET', '/api/runs'],
    ['GET', '/api/runs/health'],
    ['GET', '/api/health/..%2fruns'],
    ['GET', '/api/health/../runs'],
    ['GET', '/api/health/'],
    ['GET', '/api/health?x'],
    ['GET', '/api/health%00'],
    ['GET', '/api/health;/../runs'],
    ['GET', '//api/runs'],
    ['GET', '//api/health'],
    ['GET', '/API/HEALTH'],
    ['GET', '/api/limits'],
    ['GET', '/api/openapi.json'],
    ['GET', '/metrics'],
    ['GET', '/'],
    ['HEAD', '/api/health'],
    ['POST', '/api/health'],
    ['POST', '/api/runs'],
    ['DELETE', '/api/cache'],
    ['PROPFIND', '/api/runs'],
  ])('%s %s is refused', async (method, path) => {
    expect((await target.knock({ method, target: path, key: null })).status).toBe(401);
  });

  test('exactly GET /api/health is answered, and tells nothing', async () => {
    const { status, body } = await target.knock({ target: '/api/health', key: null });
    expect({ status, body }).toEqual({ status: 200, body: '{"ok":true}' });
  });

  test.each(['/api/watch', '/api/work', '/', '/api/runs', '/socket'])('no WebSocket opens at %s', async (path) => {
    expect(await target.upgrade({ target: path, key: null })).toMatchObject({ status: 401 });
  });
});

describe('with a wrong key', () => {
  test.each([
    ['none', () => ''],
    ['one character', () => 'x'],
    ['a wrong one of the right length', () => 'x'.repeat(target.key.length)],
    [
      'the right one with its case turned',
      () => [...target.key].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(''),
    ],
    ['the right one without its end', () => target.key.slice(0, -1)],
    ['the right one and more', () => `${target.key}x`],
    ['the right one twice', () => `${target.key} ${target.key}`],
    ['ten thousand characters', () => 'x'.repeat(10_000)],
  ])('%s: refused, and told what is asked for', async (_, key) => {
    const { status, head } = await target.knock({ key: key() });
    expect(status).toBe(401);
    expect(head.toLowerCase()).toContain('\r\nwww-authenticate: bearer');
  });

  test.each([
    ['a NUL in it', () => `Authorization: Bearer ${target.key}\0`],
    ['another scheme', () => `Authorization: Basic ${target.key}`],
    ['a cookie', () => `Cookie: token=${target.key}`],
    ['a header of another name', () => `X-Api-Key: ${target.key}`],
    ['the right one twice', () => `Authorization: Bearer ${target.key}\r\nAuthorization: Bearer ${target.key}`],
  ])('%s: refused', async (_, header) => {
    expect([400, 401]).toContain((await target.knock({ key: null, headers: [header()] })).status);
  });

  test('a key in the URL opens nothing', async () => {
    for (const name of ['token', 'api_key', 'access_token', 'key']) {
      expect((await target.knock({ key: null, target: `/api/runs?${name}=${target.key}` })).status).toBe(401);
    }
  });
});

describe('Host', () => {
  const port = () => target.port;
  test.each([
    ['a foreign name', () => `evil.example:${port()}`],
    ['a foreign name that begins like ours', () => `127.0.0.1.evil.example:${port()}`],
    ['a foreign name that ends like ours', () => `evil-localhost:${port()}`],
    ['our name with a dot', () => `localhost.:${port()}`],
    ['our name and another port', () => '127.0.0.1:1'],
    ['our name without a port', () => '127.0.0.1'],
    ['another address of the loopback', () => `127.0.0.2:${port()}`],
    ['our address as a number', () => `2130706433:${port()}`],
    ['the address of any', () => `0.0.0.0:${port()}`],
    ['a user before it', () => `user@127.0.0.1:${port()}`],
    ['two in one', () => `127.0.0.1:${port()}, evil.example`],
    ['nothing', () => ''],
  ])('%s: refused before the key is looked at, on every method', async (_, host) => {
    for (const method of METHODS) {
      expect(await target.answer({ method, host: host() })).toBe('403 host_not_allowed');
      expect(await target.answer({ method, host: host(), key: null, target: '/api/health' })).toBe('403 host_not_allowed');
    }
    expect((await target.upgrade({ host: host() })).status).toBe(403);
  });

  test.each([
    ['none', { host: null }],
    ['none, as old clients do', { host: null, version: '1.0' as const }],
    ['two', { headers: ['Host: evil.example'] }],
    ['two, of which the first is foreign', { host: 'evil.example', headers: [() => ''] }],
    ['a whole URL as the target', { target: 'http://evil.example/api/runs' }],
    ['a whole URL of our own', { target: 'http://127.0.0.1/api/runs' }],
    ['an authority as the target', { target: '*' }],
  ])('%s: refused', async (_, knock) => {
    const headers = 'headers' in knock ? knock.headers.map((line) => (typeof line === 'string' ? line : `Host: 127.0.0.1:${port()}`)) : [];
    expect([400, 403]).toContain((await target.knock({ ...knock, headers })).status);
  });

  test('our own names are served', async () => {
    for (const name of ['127.0.0.1', 'localhost', 'LocalHost', '[::1]'])
      expect(await target.answer({ host: `${name}:${port()}` })).toBe('200');
  });
});

describe('what only a browser sends', () => {
  const ORIGINS = ['http://evil.example', 'null', 'http://127.0.0.1:3000', 'http://1.2.3.4', 'https://127.0.0.1', 'file://', ''];

  test.each(METHODS)(
    '%s from a page of another origin is refused, also with the key and whatever the browser calls itself',
    async (method) => {
      for (const origin of ORIGINS) {
        for (const agent of ['curl/8', 'Mozilla/5.0']) {
          expect(await target.answer({ method, headers: [`Origin: ${origin}`, `User-Agent: ${agent}`] })).toBe('403 origin_not_allowed');
        }
      }
    },
  );

  test('a request that a page elsewhere caused is refused, also one of the same site', async () => {
    for (const site of ['same-site', 'cross-site', 'none', 'SAME-SITE', 'x']) {
      expect(await target.answer({ headers: [`Sec-Fetch-Site: ${site}`] })).toBe('403 cross_site');
      expect((await target.upgrade({ headers: [`Sec-Fetch-Site: ${site}`] })).status).toBe(403);
    }
  });

  test('a preflight is refused', async () => {
    const headers = [
      `Origin: http://127.0.0.1:${target.port}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Private-Network: true',
    ];
    expect((await target.knock({ method: 'OPTIONS', key: null, headers })).status).toBe(403);
  });

  test('a WebSocket from a page of another origin is refused', async () => {
    for (const origin of ORIGINS) expect((await target.upgrade({ headers: [`Origin: ${origin}`] })).status).toBe(403);
  });
});

describe('a WebSocket', () => {
  test('needs our subprotocol', async () => {
    for (const protocol of [null, 'bgtask.v0', 'bgtask.v11', 'chat']) {
      expect(await target.upgrade({}, protocol)).toMatchObject({ status: 400, code: 'subprotocol_required' });
    }
  });

  test('is only where we have one', async () => {
    for (const path of ['/', '/api/runs', '/api/watch/', '/api/watch?x', '/api/health']) {
      expect((await target.upgrade({ target: path })).status).toBe(404);
    }
  });
});

test('a new key counts at once: who came in with the old one is sent away within a second, and does not come back', async () => {
  const socket = await target.socket();
  const closed = closeOf(socket);
  const old = target.key;
  target.key = (await target.shell.done('npx bgtask auth rotate && npx bgtask auth token')).trim().split('\n').at(-1) as string;
  const since = performance.now();
  expect(await closed).toBe(4401);
  expect(performance.now() - since).toBeLessThan(1_000);
  expect(target.key).not.toBe(old);
  expect(await target.answer({ key: old })).toBe('401 unauthorized');
  expect(await target.answer({})).toBe('200');
});

test('each of the answers so far has the headers that keep browsers out, and none tells of us', () => {
  expect(target.heard.length).toBeGreaterThan(300);
  expect(faultsOf(target)).toEqual([]);
});
