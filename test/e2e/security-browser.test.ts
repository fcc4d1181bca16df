/**
 * A page of another origin in a real browser, on the machine where the server runs: it reads nothing and changes nothing. Needs a
 * Chromium, at /usr/bin/chromium or where CHROMIUM says.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Target } from '../helpers/target.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Its name leads to the loopback, as after a DNS rebinding. */
const REBOUND = 'rebound.example';

/** What a page can try, as text that runs in it. Each gives what it could read; null: nothing. */
const TRIES = {
  fetch: `async (url, method, mode, key) => {
    const headers = { ...(key && { authorization: 'Bearer ' + key }), ...(method === 'POST' && mode === 'cors' && { 'content-type': 'application/json' }) };
    const body = method === 'POST' ? '{"task":"planted"}' : undefined;
    try {
      const answer = await fetch(url, { method, mode, headers, body, credentials: 'include' });
      return answer.type === 'opaque' ? null : answer.status + ' ' + (await answer.text());
    } catch { return null; }
  }`,
  socket: `(url, protocols) => new Promise((resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => socket.send('{"type":"get","ref":1,"id":"secret"}');
    socket.onmessage = (event) => resolve(event.data);
    socket.onclose = () => resolve(null);
  })`,
  events: `(url) => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onmessage = (event) => resolve(event.data);
    source.onopen = () => resolve('open');
    source.onerror = () => { source.close(); resolve(null); };
  })`,
  form: `(url, type) => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.name = 'f' + Math.random();
    frame.onload = () => setTimeout(() => { try { resolve(frame.contentDocument && frame.contentDocument.body.innerText || null); } catch { resolve(null); } }, 50);
    document.body.append(frame);
    const form = Object.assign(document.createElement('form'), { method: 'post', action: url, enctype: type, target: frame.name });
    form.append(Object.assign(document.createElement('input'), { name: '{"task":"planted","x":"', value: '"}' }));
    document.body.append(form);
    form.submit();
  })`,
  script: `(url) => new Promise((resolve) => {
    const before = Object.keys(window).length;
    const script = Object.assign(document.createElement('script'), { src: url });
    script.onload = () => resolve('loaded ' + (Object.keys(window).length - before));
    script.onerror = () => resolve(null);
    document.body.append(script);
  })`,
  image: `(url) => new Promise((resolve) => {
    const image = Object.assign(new Image(), { src: url });
    image.onload = () => resolve('loaded');
    image.onerror = () => resolve(null);
  })`,
  frame: `(url) => new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { src: url });
    frame.onload = () => setTimeout(() => { try { resolve(frame.contentDocument && frame.contentDocument.body.innerText || null); } catch { resolve(null); } }, 50);
    document.body.append(frame);
  })`,
} as const;

type Try = readonly [name: keyof typeof TRIES, ...args: (string | string[] | null)[]];

function triesAt(at: string, key: string): Try[] {
  const read = ['/api/health', '/api/runs', '/api/runs/secret', '/api/cache'].map((path) => at + path);
  const changed = ['/api/runs', '/api/runs/batch', '/api/runs/secret/cancel', '/api/tasks/greet/pause'].map((path) => at + path);
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'];
  const sockets = ['/api/watch', '/api/work'].map((path) => at.replace('http', 'ws') + path);
  return [
    ...[...read, ...changed].flatMap((url) => [
      ...['GET', 'POST', 'PUT', 'DELETE', 'HEAD'].flatMap((method): Try[] => [
        ['fetch', url, method, 'cors', null],
        ['fetch', url, method, 'cors', key],
      ]),
      ...['GET', 'POST', 'HEAD'].map((method): Try => ['fetch', url, method, 'no-cors', null]),
    ]),
    ...read.flatMap((url) => (['events', 'script', 'image', 'frame'] as const).map((name): Try => [name, url])),
    ...changed.flatMap((url) => types.map((type): Try => ['form', url, type])),
    ...sockets.flatMap((url) => [['bgtask.v1'], ['bgtask.v1', key]].map((protocols): Try => ['socket', url, protocols])),
  ];
}

describe.skipIf(!existsSync(CHROMIUM))(`a page of another origin, in the browser at ${CHROMIUM}`, () => {
  let target: Target;
  let open: Target;
  let evil: Server;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    [target, open] = await Promise.all([Target.open(), Target.open('--no-auth')]);
    for (const server of [target, open]) await server.post('/api/runs', { id: 'secret', task: 'greet', args: ['canary-of-a-run'] });
    evil = createServer((_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><body>hello'));
    await once(evil.listen(0, '127.0.0.1'), 'listening');
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', ...QUIET, `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
    });
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    evil?.close();
    await Promise.all([target?.close(), open?.close()]);
  });

  const evilPort = () => (evil.address() as AddressInfo).port;
  const attempt = (name: keyof typeof TRIES, ...args: readonly (string | string[] | null)[]): Promise<string | null> =>
    page.evaluate(`(${TRIES[name]})(...${JSON.stringify(args)})`);
  const state = async (server: Target) =>
    Promise.all(
      ['/api/runs', '/api/runs/secret', '/api/tasks', '/api/workers'].map(async (path) => (await server.knock({ target: path })).body),
    );

  /** Everything that a page can try at `at`; those that gave it something. */
  const breaches = async (server: Target, at: string): Promise<string[]> => {
    const found: string[] = [];
    for (const [name, ...args] of triesAt(at, server.key)) {
      const read = await attempt(name, ...args);
      if (read !== null) found.push(`${name} ${args.join(' ')}: ${read.slice(0, 100)}`);
    }
    return found;
  };

  test.each<[string, () => Target]>([
    ['of a server with a key, also where it knows that key', () => target],
    ['of a server without a key', () => open],
  ])('reads nothing and changes nothing %s', async (_, which) => {
    const server = which();
    await page.goto(`http://127.0.0.1:${evilPort()}/`);
    const before = await state(server);
    expect(await breaches(server, `http://127.0.0.1:${server.port}`)).toEqual([]);
    expect(await breaches(server, `http://localhost:${server.port}`)).toEqual([]);
    expect(await state(server)).toEqual(before);
  });

  test('whose name was made to lead to this machine reads nothing and changes nothing', async () => {
    for (const server of [target, open]) {
      const before = await state(server);
      await page.goto(`http://${REBOUND}:${server.port}/api/health`);
      expect(await page.evaluate('document.body.innerText')).toContain('host_not_allowed');
      // From here on it is the same origin to the browser, and every answer can be read.
      const found = await breaches(server, `http://${REBOUND}:${server.port}`);
      expect(found.filter((one) => !one.includes('host_not_allowed') && !/: 403 $/.test(one))).toEqual([]);
      expect(found.join()).not.toContain('canary-of-a-run');
      expect(await state(server)).toEqual(before);
    }
  });

  test('would read it if nothing kept it out: the tries themselves work', async () => {
    await page.goto(`http://127.0.0.1:${evilPort()}/`);
    const own = `http://127.0.0.1:${evilPort()}`;
    expect(await attempt('fetch', `${own}/`, 'GET', 'cors', null)).toMatch(/^200 .*hello/);
    expect(await attempt('frame', `${own}/`)).toBe('hello');
    expect(await attempt('form', `${own}/`, 'text/plain')).toBe('hello');
  });
});
