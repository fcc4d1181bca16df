import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WorkerConsole } from '../../src/cli/worker-console.ts';
import type { ShownEvent } from '../../src/cli/worker-lines.ts';
import type { LogLevel } from '../../src/config/config.ts';

beforeEach(() => vi.useFakeTimers({ now: new Date('2026-11-24T12:00:00') }));
afterEach(() => vi.useRealTimers());

function aConsole(level: LogLevel = 'info', json = false) {
  const lines: string[] = [];
  const shown = new WorkerConsole({ json, level, write: (text) => lines.push(...text.split('\n')), now: () => new Date() });
  return { shown, lines };
}
const done = (n: number): ShownEvent => ({
  ...{ type: 'run-finished', runId: `id-${n}`, task: 'greet', attempt: 1, ms: 1 },
  outcome: { runId: `id-${n}`, token: 't', type: 'succeed', result: null },
});
const ready: ShownEvent = { type: 'ready', name: 'ford', tasks: ['greet'], files: [], slots: 1 };
const lost: ShownEvent = { type: 'disconnected', why: 'gone', error: null };

test('a line has its time and its label, and the lines of a text stand below each other', () => {
  const { shown, lines } = aConsole();
  shown.show({
    type: 'orphans',
    tasks: [
      { name: 'a', queued: 1 },
      { name: 'b', queued: 2 },
    ],
  });
  expect(lines).toEqual([
    '12:00:00 waiting    1 run of a, which no connected worker serves',
    `${' '.repeat(20)}2 runs of b, which no connected worker serves`,
  ]);
});

describe('on a terminal', () => {
  const id = '0192a5c1-0000-7000-8000-0000deadbeef';
  const message = 'It could not be done because of the rain, which fell for weeks';
  const failed: ShownEvent = {
    ...{ type: 'run-finished', runId: id, task: 'images.resize', attempt: 1, ms: 1_200 },
    outcome: {
      ...{ runId: id, token: 't', type: 'fail', retry: false, retryDelayMs: 0, timedOut: false },
      error: { name: 'Error', message, stack: null, cause: null },
    },
  };
  const completed: ShownEvent = { ...failed, outcome: { runId: id, token: 't', type: 'succeed', result: null } };

  function inTerminal(columns: number) {
    const lines: string[] = [];
    const write = (text: string) => lines.push(...text.split('\n'));
    return {
      shown: new WorkerConsole({ ...{ json: false, level: 'info', write, now: () => new Date() }, shortIds: true, columns: () => columns }),
      lines,
    };
  }

  test('a usual line fits, with the end of the id', () => {
    const { shown, lines } = inTerminal(80);
    shown.show(completed);
    expect(lines).toEqual(['12:00:00 completed  images.resize deadbeef in 1.2s']);
  });

  test.each([40, 60, 80])('a long text is folded at blanks and stays beside its label, in %i columns', (columns) => {
    const { shown, lines } = inTerminal(columns);
    shown.show(failed);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {20}\S/);
    expect(lines.map((line) => line.slice(20)).join(' ')).toBe(`images.resize deadbeef after 1.2s: Error: ${message}`);
  });

  test('a pipe gets whole ids on whole lines', () => {
    const { shown, lines } = aConsole();
    shown.show(failed);
    expect(lines).toEqual([`12:00:00 failed     images.resize ${id} after 1.2s: Error: ${message}`]);
  });
});

test('what waits for a task that nobody serves is told again only where it is something else', () => {
  const { shown, lines } = aConsole();
  const waiting = (queued: number): ShownEvent => ({ type: 'orphans', tasks: [{ name: 'old', queued }] });
  for (const queued of [1, 1, 1, 2, 2]) shown.show(waiting(queued));
  expect(lines.map((line) => line.slice(20))).toEqual([
    '1 run of old, which no connected worker serves',
    '2 runs of old, which no connected worker serves',
  ]);
});

describe('lines about runs', () => {
  test('are twenty a second; the others are counted and told together', () => {
    const { shown, lines } = aConsole();
    for (let n = 0; n < 500; n += 1) shown.show(done(n));
    expect(lines).toHaveLength(20);
    vi.advanceTimersByTime(1_000);
    expect(lines.at(-1)).toMatch(/ and 480 more lines about runs$/);
    shown.show(done(500));
    expect(lines).toHaveLength(22);
  });

  test('that are held back are told at the end', () => {
    const { shown, lines } = aConsole();
    for (let n = 0; n < 21; n += 1) shown.show(done(n));
    shown.close();
    shown.close();
    expect(lines).toHaveLength(21);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are all there with --json', () => {
    const { shown, lines } = aConsole('info', true);
    for (let n = 0; n < 500; n += 1) shown.show(done(n));
    expect(lines).toHaveLength(500);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ type: 'run-finished', runId: 'id-0' });
  });
});

test('the level says what is left out, but ready is always told', () => {
  const { shown, lines } = aConsole('error');
  shown.show(ready);
  shown.show(done(1));
  shown.show(lost);
  expect(lines).toHaveLength(1);
});

test('that the server answers is told only after it was away', () => {
  const { shown, lines } = aConsole();
  shown.show({ type: 'connected' });
  shown.show(ready);
  shown.show(lost);
  shown.show({ type: 'connected' });
  expect(lines.map((line) => line.slice(9, 18).trim())).toEqual(['ready', 'lost', 'connected']);
});

test('what tasks print is shown as it is, made safe', () => {
  const { shown, lines } = aConsole('error');
  shown.show({ type: 'output', stream: 'stdout', text: 'a\u001b[2J' });
  expect(lines).toEqual(['a\\x1b[2J']);
});

test('an error has its words in JSON', () => {
  const { shown, lines } = aConsole('info', true);
  shown.show({ type: 'unauthorized', error: new Error('no') });
  expect(lines).toEqual(['{"type":"unauthorized","error":"no"}']);
});
