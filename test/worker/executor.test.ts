import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { runContext, task } from '../../src/index.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import type { Definition } from '../../src/task/definition.ts';
import { definitionOf } from '../../src/task/definition.ts';
import { Executor } from '../../src/worker/executor.ts';
import type { Ended, Report, StopReason } from '../../src/worker/ipc.ts';
import { aWork } from './pools.ts';

const calls: string[] = [];
const untilAborted = () => {
  const { signal } = runContext();
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
};
const definitions = [
  task('greet', async (name: string) => `Hello, ${name}!`),
  task('count', async (name: string) => void calls.push(name)),
  task('polite', untilAborted),
  task('late', async () => {
    await untilAborted().catch(() => undefined);
    return 'done all the same';
  }),
  task('steps', async () => {
    const { progress } = runContext();
    progress(1, 3);
    progress(2, 3, 'nearly');
  }),
  task('chatty', async (lines: number) => {
    for (let n = 0; n < lines; n += 1) runContext().log.debug('x'.repeat(16_000));
  }),
].map((one) => definitionOf(one) as Definition);

function anExecutor() {
  const reports: Report[] = [];
  const waiting: (() => void)[] = [];
  const post = (report: Report) => {
    reports.push(report);
    for (const wake of waiting.splice(0)) wake();
  };
  const executor = new Executor({ definitions, post, clock: systemClock, random: systemRandom, graceMs: null });
  const outcomes = () => reports.flatMap((report) => report.outcomes ?? []);
  const outcomeOf = async ({ id }: { id: number }): Promise<Ended> => {
    for (;;) {
      const found = outcomes().find((outcome) => outcome.id === id);
      if (found) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { executor, reports, outcomes, outcomeOf };
}

describe('what it is given in one turn', () => {
  test('is begun together, told as started before, and told as ended in one report', async () => {
    const { executor, reports, outcomeOf } = anExecutor();
    const runs = [aWork('greet', ['Ford']), aWork('greet', ['Arthur'])];
    executor.take(runs.slice(0, 1));
    executor.take(runs.slice(1));
    await outcomeOf(runs[1] as { id: number });
    expect(reports).toEqual([
      { type: 'report', started: runs.map(({ id }) => id) },
      {
        type: 'report',
        outcomes: [expect.objectContaining({ result: '"Hello, Ford!"' }), expect.objectContaining({ result: '"Hello, Arthur!"' })],
      },
    ]);
  });

  test('and must stop in the same turn never begins', async () => {
    const { executor, reports, outcomeOf } = anExecutor();
    const runs = [aWork('count', ['a']), aWork('count', ['b']), aWork('count', ['c'])];
    executor.take(runs);
    const [cancelled, left] = runs as [(typeof runs)[0], (typeof runs)[0]];
    executor.stop([
      { id: cancelled.id, why: 'cancel', reason: 'x' },
      { id: left.id, why: 'leave', reason: 'bye' },
      { id: -1, why: 'cancel', reason: 'x' },
    ]);
    expect(await outcomeOf(cancelled)).toMatchObject({ type: 'stopped' });
    expect(await outcomeOf(left)).toMatchObject({ type: 'release', reason: 'bye' });
    await outcomeOf(runs[2] as { id: number });
    expect(calls).toEqual(['c']);
    expect(reports.flatMap(({ started }) => started ?? [])).toEqual([runs[2]?.id]);
  });
});

describe('an order to stop', () => {
  async function stopped(name: string, why: StopReason) {
    const { executor, outcomeOf } = anExecutor();
    const run = aWork(name);
    executor.take([run]);
    await new Promise((resolve) => setImmediate(resolve));
    executor.stop([{ id: run.id, why, reason: 'because' }]);
    return outcomeOf(run);
  }

  test.each([
    ['cancel', { type: 'stopped' }],
    ['fenced', { type: 'stopped' }],
    ['leave', { type: 'release', reason: 'because' }],
  ] as const)('of kind %s ends code that heeds it', async (why, outcome) => {
    expect(await stopped('polite', why)).toMatchObject(outcome);
  });

  test('does not undo a success', async () => {
    expect(await stopped('late', 'leave')).toMatchObject({ type: 'succeed', result: '"done all the same"' });
  });
});

describe('a run that cannot be made', () => {
  test('for want of its task is given back', async () => {
    const { executor, outcomeOf } = anExecutor();
    const run = aWork('gone');
    executor.take([run]);
    expect(await outcomeOf(run)).toMatchObject({ type: 'release', reason: expect.stringContaining("'gone'") });
  });

  test('for want of its arguments fails, and is not tried again', async () => {
    const { executor, outcomeOf } = anExecutor();
    const run = aWork('greet', [], { args: '[{"$devalue":[["Nonsense",1]]}]' });
    executor.take([run]);
    expect(await outcomeOf(run)).toMatchObject({ type: 'fail', retry: false });
  });
});

test('of progress the newest is told', async () => {
  const { executor, reports, outcomeOf } = anExecutor();
  const run = aWork('steps');
  executor.take([run]);
  await outcomeOf(run);
  const { id } = run;
  expect(reports.flatMap(({ progress }) => progress ?? [])).toEqual([{ id, progress: { done: 2, total: 3, note: 'nearly' } }]);
});

test('the log of an attempt has an end, and says so', async () => {
  const { executor, reports, outcomeOf } = anExecutor();
  const run = aWork('chatty', [700]);
  const { debug } = console;
  console.debug = () => {};
  executor.take([run]);
  await outcomeOf(run);
  console.debug = debug;
  const lines = reports.flatMap(({ logs }) => logs ?? []).flatMap((log) => log.lines);
  expect(lines.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(LIMITS.logRunBytes);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', text: expect.stringMatching(/^\[cut: /) });
});

test('the last words of the process are in the log of every run that goes on', async () => {
  const { executor, reports } = anExecutor();
  const runs = [aWork('polite'), aWork('polite')];
  executor.take(runs);
  await new Promise((resolve) => setImmediate(resolve));
  executor.lastWords(new Error('out of tea'));
  expect(reports.at(-1)?.logs).toMatchObject(
    runs.map(({ id }) => ({ id, lines: [{ level: 'error', text: expect.stringContaining('out of tea') }] })),
  );
  executor.stop(runs.map(({ id }) => ({ id, why: 'cancel', reason: 'over' })));
});
