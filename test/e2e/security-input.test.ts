/** What is taken in from whoever has the key: bodies, names, paths and requests that are made to break something. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsOf, type Knock, Target } from '../helpers/target.ts';

let target: Target;
beforeAll(async () => {
  target = await Target.open();
});
afterAll(() => target.close());

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND'];
const JSON_TYPE = 'Content-Type: application/json';

describe('a body', () => {
  const run = '{"task":"greet"}';
  const count = async () => (await target.knock({ target: '/api/runs/count' })).body;
  test.each([
    ['plain text', ['Content-Type: text/plain']],
    ['a form', ['Content-Type: application/x-www-form-urlencoded']],
    ['a form with files', ['Content-Type: multipart/form-data; boundary=x']],
    ['of no type', []],
    ['in another alphabet', ['Content-Type: application/json; charset=utf-16']],
    ['of two types', ['Content-Type: application/json, text/plain']],
    ['of a type that only begins right', ['Content-Type: application/jsonp']],
    ['that is compressed', [JSON_TYPE, 'Content-Encoding: gzip']],
  ])('%s is refused wherever a body is taken, and stores nothing', async (_, headers) => {
    const before = await count();
    for (const path of [
      '/api/runs',
      '/api/runs/batch',
      '/api/runs/x/cancel',
      '/api/runs/x/retry',
      '/api/tasks/x/pause',
      '/api/workers/x/pause',
    ]) {
      expect((await target.knock({ method: 'POST', target: path, headers, body: run })).status).toBe(415);
    }
    expect(await count()).toBe(before);
  });

  test.each([
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'invalid_utf8'],
    ['half a character', Buffer.concat([Buffer.from('{"task":"'), Buffer.from([0xc3]), Buffer.from('"}')]), 'invalid_utf8'],
    ['a byte order mark', '\ufeff{"task":"x"}', 'invalid_json'],
    ['a key that stands twice', '{"task":"x","args":[{"a":1,"a":2}]}', 'duplicate_key'],
    ['the same key in two spellings', '{"task":"x","args":[{"a":1,"\\u0061":2}]}', 'duplicate_key'],
    ['a number without end', '{"task":"x","args":[1e999]}', 'inexact_number'],
    ['a number too long', '{"task":"x","args":[12345678901234567890]}', 'inexact_number'],
    ['brackets without end', '['.repeat(500_000), 'too_deep'],
    ['65 levels', `{"task":"x","args":${'['.repeat(65)}${']'.repeat(65)}}`, 'too_deep'],
    ['an empty text', ' ', 'invalid_json'],
    ['not an object', '"x"', 'invalid_request'],
    ['a field we do not know', '{"task":"x","file":"/etc/passwd"}', 'invalid_request'],
  ])('with %s is refused', async (_, body, code) => {
    expect(await target.answer({ method: 'POST', headers: [JSON_TYPE], body })).toBe(`400 ${code}`);
  });

  test.each([
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"toString":1,"hasOwnProperty":2,"then":3}',
    '"\\ud800"',
    '[0.1,1e+21,-1.5,9007199254740991]',
    '"<img src=x onerror=alert(1)>"',
  ])('keeps %s as data, as it was', async (args) => {
    const { status, body } = await target.knock({ method: 'POST', headers: [JSON_TYPE], body: `{"task":"x","args":[${args}]}` });
    expect(status).toBe(201);
    const id = /"id":"([^"]+)"/.exec(body)?.[1];
    expect((await target.knock({ target: `/api/runs/${id}` })).body).toContain(`"args":[${args}]`);
  });

  test('a method in a header or a query stands for nothing', async () => {
    const { body } = await target.post('/api/runs', { id: 'stays', task: 'x' });
    expect(body).toContain('"stays"');
    await target.knock({ method: 'POST', target: '/api/runs/stays', headers: ['X-HTTP-Method-Override: DELETE', JSON_TYPE], body: '{}' });
    expect((await target.knock({ target: '/api/runs?_method=DELETE&callback=x' })).status).toBe(400);
    expect((await target.knock({ target: '/api/runs/stays' })).status).toBe(200);
  });
});

describe('a name', () => {
  const NAMES = [
    '../../etc/passwd',
    'file:///etc/passwd',
    'data:text/javascript,1',
    'a b',
    '',
    'x'.repeat(129),
    '<img src=x onerror=alert(1)>',
    'a\0',
    'tâche',
  ];

  test.each(NAMES)('%j is no task', async (task) => {
    expect((await target.post('/api/runs', { task })).status).toBe(400);
  });

  test('the names that JavaScript has itself are tasks like any other', async () => {
    for (const task of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(await target.post('/api/runs', { task })).toMatchObject({ status: 201 });
      expect((await target.knock({ target: `/api/runs?task=${task}` })).body).toContain(`"task":"${task}"`);
    }
  });

  test.each(['..', 'a/b', 'x'.repeat(65), 'a.b', 'count', 'batch', ''])('%j is no id', async (id) => {
    expect((await target.post('/api/runs', { id, task: 'x' })).status).toBe(400);
  });
});

describe('a path', () => {
  test.each([
    '/../../../../etc/passwd',
    '/api/../../etc/passwd',
    '/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/%252e%252e%252fetc/passwd',
    '/..%5c..%5cetc%5cpasswd',
    '/api/runs/..%2f..%2f..%2fetc%2fpasswd',
    '/api/runs/%00',
    '/api/runs/%ff',
    '/@fs/etc/passwd?raw??',
    '/token',
    '/.env',
    '/store/token',
    '/api/runs/../../token',
  ])('%s leads to no file', async (path) => {
    const { status, body } = await target.knock({ target: path });
    expect([400, 404]).toContain(status);
    expect(body).not.toContain('root:');
  });

  test('answers to its own methods and names them to the others', async () => {
    const { paths } = JSON.parse((await target.knock({ target: '/api/openapi.json' })).body) as {
      paths: Record<string, Record<string, unknown>>;
    };
    expect(Object.keys(paths).length).toBeGreaterThanOrEqual(15);
    for (const [path, own] of Object.entries(paths)) {
      for (const method of METHODS) {
        const at = path.replace(/\{\w+\}/, 'nobody');
        const { status, head } = await target.knock({ method, target: at });
        expect({ method, at, isOurs: status >= 500 }).toEqual({ method, at, isOurs: false });
        const isServed = method.toLowerCase() in own || (method === 'HEAD' && 'get' in own);
        if (!isServed) {
          expect({ method, at, status }).toEqual({ method, at, status: 405 });
          expect(head.toLowerCase()).toMatch(/\r\nallow: \w+/);
        }
      }
    }
  });
});

describe('a request that is none', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n', [400]],
    [
      'three thousand headers',
      () => ['GET /api/health HTTP/1.1', ...Array.from({ length: 3_000 }, (_, i) => `x-${i}: 1`), '', ''].join('\r\n'),
      [431],
    ],
    ['hundreds of small headers', () => target.bytesOf({ headers: Array.from({ length: 400 }, (_, i) => `a${i}:`) }), [431]],
    [
      'a length and chunks at once',
      () => target.bytesOf({ method: 'POST', headers: [JSON_TYPE, 'Transfer-Encoding: chunked', 'Content-Length: 3'], body: '0\r\n\r\n' }),
      [400],
    ],
    ['a length that is no number', () => target.bytesOf({ method: 'POST', headers: [JSON_TYPE, 'Content-Length: -1'] }), [400]],
    ['an expectation we do not know', () => target.bytesOf({ headers: ['Expect: a-miracle'] }), [417]],
    ['an expectation we do not know, of a stranger', () => target.bytesOf({ key: null, headers: ['Expect: a-miracle'] }), [401]],
    ['a tunnel', () => target.bytesOf({ method: 'CONNECT', target: 'evil.example:80' }), [400]],
    ['a move to HTTP/2', () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), [400]],
  ])('%s: refused, and the server lives', async (_, bytes, statuses) => {
    const { status } = await target.raw(typeof bytes === 'function' ? bytes() : bytes);
    expect(statuses).toContain(status);
    expect(await target.healthMs()).toBeLessThan(10_000);
  });

  test('long text in any query or header is looked through at once', async () => {
    const fills = ['a', '%20', ',', '*', 'a,', '(', '.', ':', '-'].map((fill) => fill.repeat(Math.floor(14_000 / fill.length)));
    const knocks = fills.flatMap((fill) => [
      ...['task', 'tag', 'state', 'limit', 'cursor', 'x'].map((name) => ({ target: `/api/runs?${name}=${fill}` })),
      { target: `/api/runs/${fill}` },
      ...['Accept', 'Origin', 'Sec-Fetch-Site', 'Content-Type', 'Expect', 'Cookie'].map((name) => ({ headers: [`${name}: ${fill}`] })),
      { key: fill },
      { host: fill },
    ]);
    const cost = async (knock: Knock) => {
      const before = target.cpuMs;
      expect((await target.knock(knock)).status).toBeLessThan(500);
      return target.cpuMs - before;
    };
    // The least of three: the server also compiles and tidies up in that time.
    for (const knock of knocks) {
      const costs = [await cost(knock), await cost(knock), await cost(knock)];
      expect(Math.min(...costs), `${JSON.stringify(knock).slice(0, 60)} ${costs}`).toBeLessThan(50);
    }
  });
});

test('each of the answers so far has the headers that keep browsers out, and none tells of us', () => {
  expect(target.heard.length).toBeGreaterThan(300);
  expect(faultsOf(target)).toEqual([]);
});
