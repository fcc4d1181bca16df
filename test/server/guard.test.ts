/** Who is let in: every row is a request, and the answer it gets before any route is looked at. */
import { describe, expect, test } from 'vitest';
import { digest, type Rules, refusalOf, socketOf, upgradeRefusalOf } from '../../src/server/guard.ts';

const RULES: Rules = { port: 4200, token: digest('right'), allowHosts: new Set(['runs.example', 'proxy.example:8080']) };
const HOST = ['Host', '127.0.0.1:4200'];
const KEY = ['Authorization', 'Bearer right'];

function ask(headers: readonly string[], over: { method?: string; url?: string; rules?: Rules } = {}) {
  const { method = 'GET', url = '/api/runs', rules = RULES } = over;
  const refusal = refusalOf({ method, url, rawHeaders: headers }, rules);
  return refusal ? `${refusal.status} ${refusal.code}` : 'in';
}

describe('Host', () => {
  test.each([
    ['127.0.0.1:4200', 'in'],
    ['localhost:4200', 'in'],
    ['LOCALHOST:4200', 'in'],
    ['[::1]:4200', 'in'],
    ['runs.example', 'in'],
    ['Runs.Example:4200', 'in'],
    ['runs.example:1', 'in'],
    ['proxy.example:8080', 'in'],
    ['proxy.example:4200', '403 host_not_allowed'],
    ['127.0.0.1', '403 host_not_allowed'],
    ['127.0.0.1:4201', '403 host_not_allowed'],
    ['evil.example:4200', '403 host_not_allowed'],
    ['127.0.0.1.evil.example:4200', '403 host_not_allowed'],
    ['localhost.:4200', '403 host_not_allowed'],
    ['user@127.0.0.1:4200', '403 host_not_allowed'],
    ['127.0.0.1:4200, evil.example', '403 host_not_allowed'],
    ['', '403 host_not_allowed'],
  ])('%s → %s', (host, expected) => {
    expect(ask(['Host', host, ...KEY])).toBe(expected);
  });

  test('there must be exactly one, however it is written', () => {
    expect(ask([...KEY])).toBe('400 bad_host');
    expect(ask([...HOST, 'hOST', 'evil.example', ...KEY])).toBe('400 bad_host');
    expect(ask([...HOST, ...HOST, ...KEY])).toBe('400 bad_host');
  });

  test('a server on port 80 is called without a port', () => {
    expect(ask(['Host', 'localhost', ...KEY], { rules: { ...RULES, port: 80 } })).toBe('in');
  });
});

test.each(['http://evil/', 'http://127.0.0.1:4200/api/runs', '*', 'evil:80', ''])('the target %j is no path and is refused', (url) => {
  expect(ask([...HOST, ...KEY], { url })).toBe('400 bad_target');
});

describe('what a browser sends', () => {
  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  const ORIGINS = [
    'http://evil.example',
    'null',
    'http://127.0.0.1:3000',
    'http://1.2.3.4',
    'https://127.0.0.1:4200',
    'http://localhost:4200',
    '',
  ];

  test.each(METHODS.flatMap((method) => ORIGINS.map((origin) => [method, origin] as const)))(
    '%s from the origin %j is refused, key or not',
    (method, origin) => {
      expect(ask([...HOST, ...KEY, 'Origin', origin], { method })).toBe('403 origin_not_allowed');
      expect(ask([...HOST, 'Origin', origin], { method })).toBe('403 origin_not_allowed');
    },
  );

  test('our own origin is let in, two of them are not', () => {
    expect(ask([...HOST, ...KEY, 'Origin', 'http://127.0.0.1:4200'])).toBe('in');
    expect(ask([...HOST, ...KEY, 'Origin', 'http://127.0.0.1:4200', 'Origin', 'http://127.0.0.1:4200'])).toBe('403 origin_not_allowed');
  });

  test.each(['same-site', 'cross-site', 'none', 'whatever', ''])('Sec-Fetch-Site: %s is refused, on the free path too', (site) => {
    expect(ask([...HOST, ...KEY, 'Sec-Fetch-Site', site])).toBe('403 cross_site');
    expect(ask([...HOST, 'Sec-Fetch-Site', site], { url: '/api/health' })).toBe('403 cross_site');
  });

  test('Sec-Fetch-Site: same-origin is let in', () => {
    expect(ask([...HOST, ...KEY, 'Sec-Fetch-Site', 'same-origin'])).toBe('in');
  });

  test('a preflight is refused, also from nowhere', () => {
    expect(ask([...HOST, ...KEY, 'Access-Control-Request-Method', 'POST'], { method: 'OPTIONS' })).toBe('403 origin_not_allowed');
  });
});

describe('the token', () => {
  test.each(['', 'x', 'Right', 'wrong', 'rightright', 'righ', 'right\0', 'right x', 'x'.repeat(10_000)])('%j is not it', (token) => {
    expect(ask([...HOST, 'Authorization', `Bearer ${token}`])).toBe('401 unauthorized');
  });

  test('without one nothing is told', () => {
    expect(ask(HOST)).toBe('401 unauthorized');
    expect(ask([...HOST, 'Authorization', 'Basic right'])).toBe('401 unauthorized');
    expect(ask([...HOST, ...KEY, ...KEY])).toBe('401 unauthorized');
  });

  test('the right one is let in, whatever the case of its scheme', () => {
    expect(ask([...HOST, ...KEY])).toBe('in');
    expect(ask([...HOST, 'AUTHORIZATION', 'bEARER right'])).toBe('in');
  });

  test.each([
    ['GET', '/api/health', 'in'],
    ['POST', '/api/health', '401 unauthorized'],
    ['HEAD', '/api/health', '401 unauthorized'],
    ['GET', '/api/health/', '401 unauthorized'],
    ['GET', '/api/health?x', '401 unauthorized'],
    ['GET', '/api/runs/health', '401 unauthorized'],
    ['GET', '/api/health/..%2fruns', '401 unauthorized'],
    ['GET', '/api/health/../runs', '401 unauthorized'],
    ['GET', '//api/runs', '401 unauthorized'],
    ['GET', '//api/health', '401 unauthorized'],
    ['GET', '/api/HEALTH', '401 unauthorized'],
    ['GET', '/', '401 unauthorized'],
    ['GET', '/metrics', '401 unauthorized'],
  ])('is free for exactly GET /api/health: %s %s → %s', (method, url, expected) => {
    expect(ask(HOST, { method, url })).toBe(expected);
  });

  test('where the server asks for none, everything else is still checked', () => {
    const rules = { ...RULES, token: null };
    expect(ask(HOST, { rules })).toBe('in');
    expect(ask(['Host', 'evil.example'], { rules })).toBe('403 host_not_allowed');
    expect(ask([...HOST, 'Origin', 'http://evil.example'], { rules })).toBe('403 origin_not_allowed');
    expect(ask([...HOST, 'Sec-Fetch-Site', 'cross-site'], { rules })).toBe('403 cross_site');
  });
});

test('a request with hundreds of headers is refused', () => {
  const many = Array.from({ length: 300 }, (_, i) => [`x-${i}`, '']).flat();
  expect(ask([...HOST, ...KEY, ...many])).toBe('431 too_many_headers');
});

describe('an upgrade', () => {
  const upgrade = (url: string, ...headers: string[]) => {
    const refusal = upgradeRefusalOf({ method: 'GET', url, rawHeaders: [...HOST, ...headers] }, RULES);
    return refusal ? `${refusal.status} ${refusal.code}` : 'in';
  };
  const OURS = ['Sec-WebSocket-Protocol', 'bgtask.v1'];

  test('passes with token, path and subprotocol', () => {
    expect(upgrade('/api/work', ...KEY, ...OURS)).toBe('in');
    expect(upgrade('/api/watch', ...KEY, 'sec-websocket-protocol', 'other, bgtask.v1')).toBe('in');
  });

  test('is held to the same rules as a request, on every path', () => {
    for (const url of ['/api/work', '/api/watch', '/api/health', '/', '/api/watch/../health']) {
      expect(upgrade(url, ...OURS)).toMatch(url === '/api/health' ? /^404/ : /^401/);
      expect(upgrade(url, ...KEY, ...OURS, 'Origin', 'http://evil.example')).toBe('403 origin_not_allowed');
      expect(upgrade(url, ...KEY, ...OURS, 'Sec-Fetch-Site', 'cross-site')).toBe('403 cross_site');
    }
  });

  test('needs our subprotocol and one of our paths', () => {
    expect(upgrade('/api/work', ...KEY)).toBe('400 subprotocol_required');
    expect(upgrade('/api/work', ...KEY, 'Sec-WebSocket-Protocol', 'bgtask.v2')).toBe('400 subprotocol_required');
    expect(upgrade('/api/runs', ...KEY, ...OURS)).toBe('404 not_found');
    expect(upgrade('/api/watch?x', ...KEY, ...OURS)).toBe('404 not_found');
    expect(socketOf({ url: '/api/work/', rawHeaders: [] })).toBeNull();
  });
});
