/** Facts as lines of a journal: nothing is lost on the way there and back, and jq reads it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NewRun, RunEvent } from '../../../src/core/run.ts';
import { LineWriter } from '../../../src/store/file/lines.ts';
import { factOf, readRecord, textOf } from '../../../src/store/file/records.ts';
import type { Fact } from '../../../src/store/rows.ts';
import { anEvent, aSubmit, T0 } from '../../core/builders.ts';

function line(fact: Fact): Buffer {
  const lines = new LineWriter();
  lines.add(`{"s":7,"d":6,"e":2,"t":${fact.at},${textOf(fact)}`);
  return Buffer.from(lines.take().subarray(0, -1));
}
const back = (fact: Fact) => factOf(readRecord(line(fact)));

/** JSON texts as they come over the wire: any spacing, and what a parser would not give back. */
const aPayload = fc.oneof(
  fc.json(),
  fc.constantFrom(
    'null',
    '"\\ud800"',
    '{"a":1,"a":2}',
    '[1e999,-0,12345678901234567890]',
    '{"__proto__":{}}',
    '{ "args" : [ 1 ],"args":[2] }',
    '",\\"args\\":"',
  ),
);
const aText = fc.option(fc.string({ unit: 'binary' }));
const aNewRun: fc.Arbitrary<NewRun> = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
  task: fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/),
  args: aPayload,
  name: aText,
  tags: fc.array(fc.string()),
  priority: fc.integer(),
  idempotencyKey: aText,
  idempotencyTtlMs: fc.option(fc.nat()),
  concurrencyKey: aText,
  parentId: aText,
  retryOf: aText,
  waitFor: fc.array(fc.record({ id: fc.string(), allowFailure: fc.boolean() })),
  timeoutMs: fc.option(fc.nat()),
  maxAttempts: fc.option(fc.nat()),
  createdAt: fc.nat(),
  dueAt: fc.nat(),
  expiresAt: fc.option(fc.nat()),
  dueBy: fc.option(fc.nat()),
  onConflict: fc.constant('return' as const), // what came of it stands in the journal, not what was asked for
  displaces: aText,
  direct: fc.option(fc.record({ token: fc.string(), workerId: fc.string(), workerName: fc.string({ unit: 'binary' }) })),
});
const aFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({ kind: fc.constant('submit' as const), run: aNewRun, at: fc.nat() }),
  fc.record({ kind: fc.constant('event' as const), id: fc.string(), event: anEvent, at: fc.nat() }),
  fc.record({
    kind: fc.constant('event' as const),
    id: fc.string(),
    event: aPayload.map((result): RunEvent => ({ type: 'succeed', token: 't', result })),
    at: fc.nat(),
  }),
  fc.record({ kind: fc.constant('remove' as const), ids: fc.array(fc.string()), at: fc.nat() }),
  fc.record({
    kind: fc.constant('worker' as const),
    id: fc.string(),
    process: fc.record({ pid: fc.nat(), host: fc.string({ unit: 'binary' }), machine: aText, startTicks: aText }),
    at: fc.nat(),
  }),
  fc.record({ kind: fc.constant('input' as const), task: fc.string(), schema: fc.option(fc.json()), at: fc.nat() }),
  fc.record({
    kind: fc.constant('pause' as const),
    of: fc.constantFrom('task' as const, 'worker' as const),
    name: fc.string(),
    paused: fc.boolean(),
    at: fc.nat(),
  }),
);

test('any fact comes back as it was', () => {
  fc.assert(
    fc.property(aFact, (fact) => {
      expect(back(fact)).toEqual(fact);
    }),
    { numRuns: 1_000 },
  );
});

test('every line is plain JSON with number, time and kind first and payloads as they are', () => {
  fc.assert(
    fc.property(aFact, (fact) => {
      const text = line(fact).toString();
      expect(text).toMatch(/^\{"s":7,"d":6,"e":2,"t":\d+,"k":"(run|runs|task|worker)\.[a-z]+",/);
      expect(text).not.toContain('\n');
      JSON.parse(text);
    }),
  );
  const submitted = JSON.parse(line({ kind: 'submit', run: aSubmit({ args: '[{"a":[1,2]}]' }), at: T0 }).toString());
  expect(submitted).toMatchObject({ k: 'run.submitted', id: 'run-1', task: 'greet', args: [{ a: [1, 2] }] });
});

describe('what is read', () => {
  test('as undefined is no null', () => {
    const succeed = (result: string | null): Fact => ({ kind: 'event', id: 'a', event: { type: 'succeed', token: 't', result }, at: T0 });
    expect(line(succeed(null)).toString()).not.toContain('result');
    expect(back(succeed(null))).toEqual(succeed(null));
    expect(back(succeed('null'))).toEqual(succeed('null'));
  });

  test('about the journal itself is no fact', () => {
    for (const k of ['segment', 'mark', 'next']) expect(factOf({ s: 1, d: 0, e: 1, t: T0, k })).toBeNull();
  });

  test('and is not known is refused', () => {
    expect(() => factOf({ s: 1, d: 0, e: 1, t: T0, k: 'run.teleported' })).toThrow("its kind 'run.teleported' is unknown");
  });
});
