import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { barText, columnsFor, runLine, titleLine } from '../../src/tui/list.ts';
import { ASCII_SIGNS, type Line, lineWidth, SIGNS } from '../../src/tui/theme.ts';
import { aRunning, aRunView, NOON } from '../helpers/fake-client.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});

const text = (line: Line) => line.map((span) => span.text).join('');
const shown = (run = aRunView(), width = 80) => text(runLine(run, columnsFor(width), NOON + 5_000, SIGNS, false)).trimEnd();

describe('the columns', () => {
  test('at 80 columns are all that matter', () => {
    expect(
      text(titleLine(columnsFor(80)))
        .split(/\s+/)
        .filter(Boolean),
    ).toEqual(['STATE', 'TASK', 'RUN', 'TRY', 'WHEN', 'TOOK', 'WORKER']);
  });

  test('give way one after the other where there is little room', () => {
    const titles = (width: number) => columnsFor(width).map((column) => column.title);
    expect(titles(40)).toEqual(['STATE', 'TASK', 'RUN']);
    expect(titles(60)).toEqual(['STATE', 'TASK', 'RUN', 'TRY', 'TOOK']);
    expect(titles(120)).toContain('ARGUMENTS AND RESULT');
  });

  test('fill the width exactly and never more, at any width from 40', () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 400 }), (width) => {
        const line = runLine(aRunView({ name: '日本語'.repeat(99), worker: 'w'.repeat(99) }), columnsFor(width), NOON, SIGNS, false);
        expect(lineWidth(line)).toBe(width);
      }),
    );
  });
});

describe('a run', () => {
  test('is one line', () => {
    expect(shown()).toBe('  ✓ Completed     greet          deadbeef          1/1 12:00:00    1.2s laptop-1');
    expect(shown(aRunning())).toBe('  ● Running       greet          deadbeef          1/1   5s ago      4s laptop-1');
  });

  test('with a name shows it; where there is room, beside its id', () => {
    const run = aRunView({ name: 'Greet Ada' });
    expect(shown(run)).toContain(' Greet Ada ');
    expect(shown(run, 200)).toContain(' deadbeef Greet Ada ');
  });

  test('shows how far it is', () => {
    const run = aRunning({ progress: { done: 3, total: 12, note: 'resizing' } });
    expect(shown(run)).toContain('● Running 25%');
    expect(shown(run, 160)).toContain('███░░░░░░░ 3/12 resizing');
  });

  test('shows on a wide terminal what went in and what came out', () => {
    expect(shown(aRunView(), 160)).toContain("('Ada') → 'Hello, Ada!'");
    const error = { name: 'TypeError', message: 'boom', stack: null, cause: null };
    expect(shown(aRunView({ state: 'FAILED', stateName: 'Failed', error, result: null }), 160)).toContain('TypeError: boom');
  });

  test('that is selected says so by sign and by inverse', () => {
    const line = runLine(aRunView(), columnsFor(80), NOON, SIGNS, true);
    expect(text(line).startsWith('❯ ✓')).toBe(true);
    expect(line.every((span) => span.inverse)).toBe(true);
  });

  test('of hostile texts stays in its line and columns', () => {
    const evil = '\x1b[2J\x1b]52;c;x\x07\r\n\u202e日本語';
    const run = aRunView({ task: evil, name: evil, worker: evil, args: [evil], stateName: evil as 'Failed' });
    const line = runLine(run, columnsFor(160), NOON, SIGNS, false);
    expect(lineWidth(line)).toBe(160);
    expect(text(line)).not.toMatch(/[\n\r\u202e]/);
    expect(text(line)).not.toContain('\x1b');
  });

  test('reads on a poor terminal', () => {
    expect(text(runLine(aRunView(), columnsFor(80), NOON, ASCII_SIGNS, true))).toMatch(/^> \+ Completed/);
  });
});

test('a bar keeps to its width, whatever the numbers', () => {
  const numbers = fc.record({ done: fc.double({ noNaN: true }), total: fc.double({ min: 0.1, noNaN: true, noDefaultInfinity: true }) });
  fc.assert(
    fc.property(numbers, (progress) => {
      expect(Array.from(barText(progress, 10, SIGNS))).toHaveLength(10);
    }),
  );
});
