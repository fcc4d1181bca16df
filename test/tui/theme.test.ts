import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RUN_STATES } from '../../src/core/run.ts';
import { displayWidth } from '../../src/core/text.ts';
import { ASCII_SIGNS, colourOf, cutLine, ends, type Line, lineWidth, SIGNS } from '../../src/tui/theme.ts';

const text = (line: Line) => line.map((span) => span.text).join('');

describe('the signs', () => {
  test.each([
    ['signs', SIGNS],
    ['ASCII signs', ASCII_SIGNS],
  ])('%s tell every state apart without colour, in one column each', (_, { state }) => {
    const all = RUN_STATES.map((one) => state[one]);
    expect(new Set(all).size).toBe(RUN_STATES.length);
    for (const sign of all) expect(displayWidth(sign)).toBe(1);
  });

  test('for poor terminals are ASCII', () => {
    expect(JSON.stringify(ASCII_SIGNS)).toMatch(/^[\x20-\x7e]*$/);
  });
});

test('a run that waits for its retry has another colour than one that waits for its first start', () => {
  expect(colourOf('SCHEDULED', 'AwaitingRetry')).not.toBe(colourOf('SCHEDULED', 'Scheduled'));
});

describe('lines', () => {
  test('are cut across spans by width, and each span keeps its style', () => {
    expect(
      cutLine(
        [
          { text: 'ab', bold: true },
          { text: '日本語', dim: true },
        ],
        5,
      ),
    ).toEqual([
      { text: 'ab', bold: true },
      { text: '日…', dim: true },
    ]);
  });

  test('with two ends fill the width exactly, and cut the left one where there is no room', () => {
    expect(text(ends([{ text: 'left' }], [{ text: 'right' }], 12))).toBe('left   right');
    expect(text(ends([{ text: 'a long left end' }], [{ text: 'right' }], 12))).toBe('a lon… right');
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 60 }), (left, right, width) => {
        expect(lineWidth(ends([{ text: left }], [{ text: right }], width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});
