/** From text to frames: what fits is a value, what does not is a reason to end one socket. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientFrame, workerFrame } from '../../src/server/frame-schemas.ts';
import { Malformed, parseFrame } from '../../src/server/frames.ts';

function codeOf(text: string, schema: typeof workerFrame | typeof clientFrame = workerFrame): number | null {
  try {
    parseFrame(text, schema);
    return null;
  } catch (error) {
    if (error instanceof Malformed) return error.code;
    throw error;
  }
}

describe('a frame of a worker', () => {
  const outcome = { runId: 'r', token: 't' };
  const error = { name: 'E', message: 'm', stack: null, cause: { name: 'C', message: 'c', stack: 's', cause: null } };
  test.each([
    { type: 'ping' },
    { type: 'started', runs: [outcome] },
    {
      type: 'finished',
      outcomes: [
        { ...outcome, type: 'succeed', result: '[1]' },
        { ...outcome, type: 'succeed', result: null },
      ],
    },
    { type: 'finished', outcomes: [{ ...outcome, type: 'fail', error, retry: true, retryDelayMs: 0, timedOut: false }] },
    {
      type: 'finished',
      outcomes: [
        { ...outcome, type: 'crash', error, alone: true },
        { ...outcome, type: 'stopped' },
      ],
    },
    { type: 'finished', outcomes: [{ ...outcome, type: 'release', reason: 'drain' }] },
    { type: 'logs', runs: [{ ...outcome, lines: [{ at: '2030-01-01T00:00:00.000Z', level: 'info', text: '', attempt: 1 }] }] },
    { type: 'progress', runs: [{ ...outcome, progress: { done: 1, total: 2, note: null } }] },
  ])('%j comes through as it is', (frame) => {
    expect(parseFrame(JSON.stringify(frame), workerFrame)).toEqual(frame);
  });

  test('that says more than this server knows is understood', () => {
    expect(parseFrame('{"type":"started","runs":[{"runId":"r","token":"t","new":1}],"more":2}', workerFrame)).toEqual({
      type: 'started',
      runs: [outcome],
    });
  });

  test.each([
    ['', 1007],
    ['{', 1007],
    ['null', 1002],
    ['[]', 1002],
    ['{}', 1002],
    ['{"type":"nothing"}', 1002],
    ['{"type":"hello"}', 1002],
    ['{"type":"started"}', 1002],
    ['{"type":"started","runs":[{"runId":"../x","token":"t"}]}', 1002],
    ['{"type":"finished","outcomes":[{"type":"succeed","runId":"r","token":"t"}]}', 1002],
    ['{"type":"finished","outcomes":[{"type":"succeed","runId":"r","token":"t","result":1}]}', 1002],
    ['{"type":"progress","runs":[{"runId":"r","token":"t","progress":{"done":1e999,"total":1,"note":null}}]}', 1007],
    ['['.repeat(500_000), 1007],
    ['{"type":"ping","type":"ping"}', 1007],
  ])('%.60s → %i', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });
});

test('of many problems only the first is looked for', () => {
  const lines = [{}, {}, {}];
  const frame = {
    type: 'logs',
    runs: [
      { runId: 'r', token: 't', lines },
      { runId: 'r', token: 't', lines },
    ],
  };
  expect(() => parseFrame(JSON.stringify(frame), workerFrame)).toThrow(/^runs\.0\.lines\.0\.at: [^;]*$/);
});

describe('a frame of a client', () => {
  test('names at most as many ids or runs as a batch has', () => {
    const ids = (count: number) => JSON.stringify({ type: 'watch', ids: Array.from({ length: count }, () => 'r'), detail: false });
    const runs = (count: number) => JSON.stringify({ type: 'submit', ref: 1, runs: Array.from({ length: count }, () => 1) });
    expect([ids(10_000), ids(10_001), runs(10_000), runs(10_001)].map((text) => codeOf(text, clientFrame))).toEqual([
      null,
      1002,
      null,
      1002,
    ]);
  });

  test('may name any text as an id: what is none is unknown', () => {
    expect(codeOf('{"type":"get","ref":1,"id":"../../etc"}', clientFrame)).toBeNull();
    expect(codeOf('{"type":"watch","ids":[""],"detail":true}', clientFrame)).toBeNull();
  });

  test.each([
    '{"type":"follow","filter":{},"limit":0}',
    '{"type":"follow","filter":{"state":["DONE"]},"limit":1}',
    '{"type":"get","ref":-1,"id":"x"}',
  ])('%s is malformed', (text) => {
    expect(codeOf(text, clientFrame)).toBe(1002);
  });
});

test('any JSON at all is a frame or is malformed, and nothing else', () => {
  const words = fc.constantFrom(
    'type',
    'runs',
    'outcomes',
    'ids',
    'ref',
    'filter',
    'hello',
    'finished',
    'submit',
    'watch',
    '__proto__',
    'constructor',
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      words,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(words, tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(value, (frame) => {
      codeOf(JSON.stringify(frame));
      codeOf(JSON.stringify(frame), clientFrame);
    }),
    { numRuns: 3_000 },
  );
});
