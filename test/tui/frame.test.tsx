import { cleanup, render } from 'ink-testing-library';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { displayWidth } from '../../src/core/text.ts';
import { emptyView, fold } from '../../src/core/view.ts';
import { Frame } from '../../src/tui/frame.tsx';
import { NO_LOGS } from '../../src/tui/logs.ts';
import { firstScreen, type Screen } from '../../src/tui/screen.ts';
import { look, type World } from '../../src/tui/shown.ts';
import { SIGNS } from '../../src/tui/theme.ts';
import { aRunning, aRunView, countsOf, NOON, someRuns } from '../helpers/fake-client.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});
afterEach(cleanup);

const error = { name: 'TypeError', message: 'boom', stack: null, cause: null };
const runs = [
  aRunView({ id: 'waits', state: 'SCHEDULED', stateName: 'AwaitingRetry', startedAt: null, endedAt: null, attempt: 1, maxAttempts: 3 }),
  aRunning({ id: 'works', task: 'resize', progress: { done: 1, total: 4, note: 'reading' } }),
  aRunView({ id: 'failed', task: 'sendConfirmationEmail', name: 'To Ada', state: 'FAILED', stateName: 'Failed', error }),
  aRunView({ id: 'done', name: '日本語の名前を持つ実行' }),
];

/** The lines of the frame. */
function frame(columns: number, rows: number, over: Partial<Screen> = {}, world: Partial<World> = {}): string[] {
  const list = world.runs ?? runs;
  const view = fold(emptyView(50, NOON), { type: 'snapshot', seq: 1, runs: list, counts: countsOf(list), durability: 'relaxed' }, NOON);
  const texts = { notice: null, trouble: null, served: [], title: 'bgtask', url: 'http://127.0.0.1:4200', signs: SIGNS };
  const base = { view, runs: list, filter: {}, loading: false, opened: null, now: NOON + 5_000 };
  const shown = look({ ...firstScreen(columns, rows), ...over }, { ...base, ...texts, ...world });
  return (render(<Frame shown={shown} />).lastFrame() ?? '').split('\n');
}

describe('a frame', () => {
  test('of 80 by 24 shows header, counts, titles, runs, status and keys', () => {
    const lines = frame(80, 24);
    expect(lines.slice(0, 7)).toEqual([
      ' bgtask  http://127.0.0.1:4200                                 RELAXED   ● live',
      ' ○ 1 scheduled  ● 1 running  ✓ 1 completed  ✗ 1 failed',
      '  STATE           TASK           RUN               TRY     WHEN    TOOK WORKER',
      '❯ ○ AwaitingRetry greet          waits             1/3   5s ago         laptop-1',
      '  ● Running 25%   resize         works             1/1   5s ago      4s laptop-1',
      '  ✗ Failed        sendConfirmat… To Ada            1/1 12:00:00    1.2s laptop-1',
      '  ✓ Completed     greet          日本語の名前を…   1/1 12:00:00    1.2s laptop-1',
    ]);
    expect(lines.slice(7, 22).every((line) => line === '')).toBe(true);
    expect(lines.slice(22)).toEqual([
      '                                                                         1 of 4',
      ' ↑↓ move  Enter details  / filter  s state  c cancel  r retry  ? help  q quit',
    ]);
  });

  test('of 120 by 40 has room for what went in and what came out', () => {
    const lines = frame(120, 40);
    expect(lines).toHaveLength(40);
    expect(lines[4]).toContain('███░░░░░░░ 1/4 reading');
    expect(lines[5]).toContain('TypeError: boom');
    expect(lines[6]).toContain("('Ada') → 'Hello, Ada!'");
  });

  test.each([
    [40, 8],
    [60, 12],
    [80, 24],
    [120, 40],
    [200, 60],
  ])('of %i by %i is exactly so high and nowhere wider, in every mode', (columns, rows) => {
    const many = someRuns(100, (index) => ({ name: '日本'.repeat(index) })).reverse();
    const history = [{ state: 'RUNNING', name: 'Running', at: '2026-11-24T12:00:00.000Z', attempt: 1, reason: 'x'.repeat(500) }] as const;
    const opened = { run: aRunView({ history, args: ['日'.repeat(500)] }), unknown: false, logs: NO_LOGS };
    const modes: Partial<Screen>[] = [
      {},
      { help: true },
      { details: { id: 'x', top: 'end' } },
      { typing: true, text: '日'.repeat(90) },
      { asking: { order: 'cancel', run: aRunning({ name: '日'.repeat(90) }) } },
      { message: 'x'.repeat(300) },
    ];
    for (const mode of modes) {
      const lines = frame(columns, rows, mode, { runs: many, opened });
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  test('of ten thousand runs draws those that are in the window only', () => {
    const many = someRuns(10_000).reverse();
    const cursor = { id: many[5_000]?.id ?? null, index: 5_000, row: 3 };
    const lines = frame(80, 24, { cursor }, { runs: many });
    expect(lines[6]).toMatch(/^❯/);
    expect(lines[6]).toContain('00004999');
    expect(lines.at(-2)).toContain('5,001 of 10,000');
  });

  test('of an open run shows its lines', () => {
    const lines = frame(80, 24, { details: { id: 'done', top: 0 } }, { opened: { run: aRunView(), unknown: false, logs: NO_LOGS } });
    expect(lines[1]).toMatch(/^ greet +✓ Completed$/);
    expect(lines[2]).toBe(' Run        0192a5c1-0000-7000-8000-0000deadbeef');
    expect(lines.at(-1)).toContain('Esc back');
  });

  test('of a list without runs says what to do', () => {
    expect(frame(80, 24, {}, { runs: [] }).join('\n')).toContain('bgtask task run greet Ada');
  });

  test('of a terminal that is too small says so', () => {
    expect(frame(30, 5)).toEqual(['Terminal too small', '30×5; least 40×8', '', '', '']);
  });

  test('reads without colour: nothing in it is a colour only', () => {
    const lines = frame(80, 24);
    expect(lines.join('\n')).not.toContain('\x1b');
    for (const sign of ['❯', '○', '●', '✗', '✓']) expect(lines.slice(3, 7).join('\n')).toContain(sign);
  });
});
