/** From bytes to values: over a real server for what is read, alone for what is parsed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { parseBatch, parseJson, splitItems } from '../../src/server/body.ts';
import { AUTHORIZED, type Started, start } from './started.ts';

const post = (server: Started, raw: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  server.ask('/api/runs', { method: 'POST', raw, headers });
const RUN = '{"task":"greet"}';

describe('the media type', () => {
  test.each([
    ['application/json', 201],
    ['application/json; charset=utf-8', 201],
    ['Application/JSON;charset="UTF-8"', 201],
    ['application/json; charset=latin1', 415],
    ['application/json-patch+json', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['text/plain, application/json', 415],
  ])('%s → %i', async (type, status) => {
    expect((await post(await start(), RUN, { 'content-type': type })).status).toBe(status);
  });

  test('none at all, or a compressed body, is refused', async () => {
    const server = await start();
    expect((await post(server, RUN, {})).code).toBe('unsupported_media_type');
    expect((await post(server, RUN, { 'content-type': 'application/json', 'content-encoding': 'gzip' })).code).toBe('unsupported_encoding');
  });

  test('a form cannot cancel, retry, remove or pause either', async () => {
    const server = await start();
    const { id } = await server.submit({ task: 'greet' });
    const headers = { 'content-type': 'text/plain', 'content-length': '3' };
    for (const path of [`/api/runs/${id}/cancel`, `/api/runs/${id}/retry`, '/api/tasks/greet/pause', '/api/workers/one/pause']) {
      expect((await server.ask(path, { method: 'POST', raw: 'x=1', headers })).status).toBe(415);
    }
    expect((await server.ask(`/api/runs/${id}`, { method: 'DELETE', raw: 'x=1', headers })).status).toBe(415);
    expect((await server.ask(`/api/runs/${id}`)).json()).toMatchObject({ state: 'SCHEDULED' });
  });
});

describe('the size', () => {
  test('a body that says it is too large is refused before it is read', async () => {
    const server = await start();
    const head = `POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:${server.server.port}\r\nAuthorization: ${AUTHORIZED.authorization}\r\n`;
    const answer = await server.raw(`${head}Content-Type: application/json\r\nContent-Length: 2000000000\r\n\r\n{`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"code":"too_large"');
  });

  test('with Expect: 100-continue nothing of it is asked for', async () => {
    const server = await start();
    const head = `POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:${server.server.port}\r\nAuthorization: ${AUTHORIZED.authorization}\r\n`;
    const answer = await server.raw(`${head}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2000000000\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  test('a chunked body is read up to the limit and not beyond', async () => {
    const server = await start();
    const answer = await server.ask('/api/runs', {
      ...{ method: 'POST', raw: `{"task":"t","args":["${'x'.repeat(3_000_000)}"]}` },
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    });
    expect(answer.code).toBe('too_large');
  });

  test('arguments up to 1 MiB are taken', async () => {
    const server = await start();
    const text = 'x'.repeat(LIMITS.argsBytes - 4);
    expect((await post(server, `{"task":"t","args":["${text}"]}`)).status).toBe(201);
    expect((await post(server, `{"task":"t","args":["${text}x"]}`)).status).toBe(413);
  });
});

describe('the text', () => {
  test.each([
    ['ff fe', Buffer.from([0xff, 0xfe]), 'invalid_utf8'],
    [
      'a torn character',
      Buffer.concat([Buffer.from('{"task":"t","args":["'), Buffer.from([0xe2, 0x82]), Buffer.from('"]}')]),
      'invalid_utf8',
    ],
    ['nothing', '', 'invalid_json'],
    ['no JSON', '{task:1}', 'invalid_json'],
    ['a byte order mark', `\uFEFF${RUN}`, 'invalid_json'],
    ['half a million brackets', '['.repeat(500_000), 'too_deep'],
    ['a key said twice', '{"task":"a","task":"b"}', 'duplicate_key'],
    ['an endless number', '{"task":"a","args":[1e999]}', 'inexact_number'],
    ['no object', '[]', 'invalid_request'],
  ])('%s is refused', async (_, raw, code) => {
    const answer = await post(await start(), raw);
    expect([answer.status, answer.code]).toEqual([400, code]);
  });

  test('what is data stays data, byte for byte', async () => {
    const server = await start();
    const args = '[{"__proto__":{"polluted":1},"constructor":[],"toString":null},"\\ud800","é😀",[[]],{}]';
    const id = JSON.parse((await post(server, `{"task":"toString","args":${args}}`)).text).id as string;
    expect((await server.ask(`/api/runs/${id}`)).text).toContain(`"args":${args}`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('an error names neither a file nor a stack', async () => {
    const answer = await post(await start(), '{"task":');
    expect(answer.text).not.toMatch(/\/|\bat\b.*:\d+/);
  });
});

describe('a batch', () => {
  const items = async (text: string) => {
    const parsed = await parseBatch(text, LIMITS.bodyBytes, () => 0);
    return 'code' in parsed ? parsed.code : parsed.map((item) => ('value' in item ? item.value : item.code));
  };

  test('a run in it that would be too large by itself is refused unread', async () => {
    expect(await items(`{"runs":[1,[${'1,'.repeat(LIMITS.bodyBytes / 2)}1],2]}`)).toEqual([1, 'too_large', 2]);
  });

  test('each run is parsed or refused by itself', async () => {
    expect(await items('{"runs":[{"a":1}, {"a":1,"a":2} ,[1e999],"x\\"]",{"b":[{},{}]},nope]}')).toEqual([
      { a: 1 },
      'duplicate_key',
      'inexact_number',
      'x"]',
      { b: [{}, {}] },
      'invalid_json',
    ]);
    expect(await items('{"runs":[]}')).toEqual([]);
    expect(await items(' {\n"runs" : [ 1 ] } ')).toEqual([1]);
  });

  test.each([
    '',
    '[]',
    '{}',
    '{"runs":{}}',
    '{"runs":[1],"more":[2]}',
    '{"runs":[1],"more":2}',
    '{"runs":[1,]}',
    '{"runs":[,1]}',
    '{"runs":[1,,2]}',
    '{"runs":[1]]}',
    '{"runs":[1]}x',
    '{"runs":[[1]',
    '{"x":[1]}',
    '[{"runs":[1]}]',
    '{"runs":[1],"runs":[2]}',
  ])('%j is none', async (text) => {
    expect(await items(text)).toMatch(/^invalid_/);
  });

  test('is parsed as JSON.parse would, whatever stands in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), async (runs, indent) => {
        const text = JSON.stringify({ runs }, null, indent);
        expect(await items(text)).toEqual(JSON.parse(text).runs);
      }),
    );
  });

  test('any text at all is split or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[],:"\\ a1', '"runs":[') }), (text) => {
        splitItems(text);
      }),
      { numRuns: 5_000 },
    );
  });

  test('has at most so many runs', async () => {
    expect(await items(`{"runs":[${'1,'.repeat(LIMITS.batchRuns)}1]}`)).toBe('too_many_runs');
  });
});

test('a body of 1 MiB full of keys does not hold the loop', () => {
  const text = `{"task":"t","args":[{${Array.from({ length: 90_000 }, (_, i) => `"k${i}":0`).join(',')}}]}`;
  expect(parseJson(text, 1)).toMatchObject({ code: 'too_many_keys' });
});
