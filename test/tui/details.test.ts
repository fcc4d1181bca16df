import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { LogLine, RunView } from '../../src/core/api.ts';
import { detailLines } from '../../src/tui/details.ts';
import { type Logs, NO_LOGS } from '../../src/tui/logs.ts';
import { type Line, lineWidth, SIGNS } from '../../src/tui/theme.ts';
import { aRunning, aRunView, iso, NOON } from '../helpers/fake-client.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});

const text = (lines: readonly Line[]) =>
  lines
    .map((line) =>
      line
        .map((span) => span.text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
const shown = (run: RunView, logs: Logs = NO_LOGS, width = 78) => text(detailLines(run, logs, width, NOON + 5_000, SIGNS));
const log = (line: string, over: Partial<LogLine> = {}): LogLine => ({ at: iso(NOON), level: 'info', text: line, attempt: 1, ...over });
const logs = (...lines: LogLine[]): Logs => ({ lines, dropped: 0 });

const history = [
  { state: 'SCHEDULED', name: 'Scheduled', at: iso(NOON), attempt: 0, reason: null },
  { state: 'RUNNING', name: 'Running', at: iso(NOON + 10), attempt: 1, reason: null },
  { state: 'SCHEDULED', name: 'AwaitingRetry', at: iso(NOON + 1_210), attempt: 1, reason: 'TypeError: boom' },
] as const;

describe('the details show', () => {
  test('the facts, the call, its result, and the history with times between and reasons', () => {
    expect(shown(aRunView({ history, tags: ['vip', 'eu'] }))).toBe(
      [
        'Run        0192a5c1-0000-7000-8000-0000deadbeef',
        'Attempt    1 of 1 · worker laptop-1',
        'Time       created 2026-11-24 12:00:00 · started 12:00:00 · took 1.2s',
        'Tags       vip, eu',
        '',
        "Arguments  'Ada'",
        '',
        "Result     'Hello, Ada!'",
        '',
        'History    12:00:00.000           Scheduled',
        '           12:00:00.010 +10ms     Running         attempt 1',
        '           12:00:01.210 +1.2s     AwaitingRetry   attempt 1',
        '                                  TypeError: boom',
      ].join('\n'),
    );
  });

  test('the error with stack and cause in place of the result', () => {
    const cause = { name: 'Error', message: 'refused', stack: null, cause: null };
    const error = { name: 'TypeError', message: 'boom', stack: 'TypeError: boom\n    at send (/app/tasks.ts:1:2)', cause };
    const page = shown(aRunView({ state: 'FAILED', stateName: 'Failed', error, result: null }));
    expect(page).toContain('Error      TypeError: boom\n               at send (/app/tasks.ts:1:2)\n           Caused by Error: refused');
    expect(page).not.toContain('Result');
  });

  test('shows what its code has set', () => {
    const page = shown(aRunning({ meta: { url: 'https://example.org/a', pages: [1, 2] } }));
    expect(page).toContain('url: ');
    expect(page).toContain('https://example.org/a');
    expect(page).toContain('pages: [');
  });

  test('how far a running one is, and for how long it runs', () => {
    const page = shown(aRunning({ progress: { done: 3, total: 4, note: 'resizing' } }));
    expect(page).toContain('75%  3/4  resizing');
    expect(page).toContain('created 12:00:00 (5s ago) · started 12:00:00 · running 4s');
  });

  test('when a waiting one is due, and what it waits for', () => {
    const dueAt = iso(NOON + 65_000);
    const waiting = aRunning({ state: 'SCHEDULED', stateName: 'AwaitingDependency', attempt: 0, startedAt: null, dueAt, waitFor: ['up'] });
    expect(shown(waiting)).toContain('due in 1m');
    expect(shown(waiting)).toContain('none of 1 yet');
    expect(shown(waiting)).toContain('Waits for  up');
  });

  test('that nothing came out, and that nothing went in', () => {
    const { result: _none, ...nothing } = aRunView({ args: [] });
    expect(shown(nothing)).toContain('Arguments  none');
    expect(shown(nothing)).toContain('Result     nothing (undefined)');
  });

  test('secrets masked', () => {
    const page = shown(aRunView({ args: [{ apiKey: 'hunter2' }], result: { token: 'hunter2' } }));
    expect(page).not.toContain('hunter2');
    expect(page).toContain("apiKey: '***'");
  });

  test('the logs with time and level, and where another attempt begins', () => {
    const page = shown(aRunView(), logs(log('one'), log('two\nlines', { level: 'warn' }), log('three', { attempt: 2 })));
    expect(page).toContain(
      [
        'Logs       12:00:00.000 info  one',
        '           12:00:00.000 warn  two',
        '                              lines',
        '           attempt 2',
        '           12:00:00.000 info  three',
      ].join('\n'),
    );
  });

  test('how many older lines were let go', () => {
    expect(shown(aRunView(), { lines: [log('x')], dropped: 12 })).toContain('12 earlier lines: bgtask run logs ID');
  });
});

describe('however hostile or large', () => {
  const evil = fc.string({ unit: fc.constantFrom('a', '\n', '\t', ' ', '日', '👍', '\x1b[2J', '\x9b', '\u202e', '\u0301') });

  test('every line keeps to the width and holds nothing a terminal obeys', () => {
    fc.assert(
      fc.property(evil, fc.integer({ min: 40, max: 200 }), (text, width) => {
        const error = { name: text, message: text, stack: text, cause: null };
        const reasons = history.map((entry) => ({ ...entry, name: text as 'Failed', reason: text }));
        const texts = { name: text, worker: text, tags: [text], idempotencyKey: text, parentId: text, args: [text, { [text]: text }] };
        const run = aRunView({ ...texts, state: 'FAILED', stateName: 'Failed', error, history: reasons });
        for (const line of detailLines(run, logs(log(text)), width, NOON, SIGNS)) {
          expect(lineWidth(line)).toBeLessThanOrEqual(width);
          for (const span of line) expect(span.text).not.toMatch(/[\n\t\u202e\u009b]/);
          for (const span of line) expect(span.text).not.toContain('\x1b');
        }
      }),
    );
  });

  test('a value of a megabyte is cut, and says how to see it all', () => {
    const page = shown(aRunView({ result: Array.from({ length: 20_000 }, (_, index) => ({ index, text: 'x'.repeat(40) })) }));
    expect(page.split('\n').length).toBeLessThan(450);
    expect(page).toContain('bgtask run inspect ID --json');
  });
});

test('a tick of the clock makes only what shows a time anew', () => {
  const run = aRunning({ history });
  const [before, after] = [NOON, NOON + 1_000].map((now) => detailLines(run, logs(), 78, now, SIGNS));
  const same = after?.filter((line) => before?.includes(line)).length ?? 0;
  expect(same).toBeGreaterThanOrEqual(6);
});
