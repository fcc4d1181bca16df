import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { FULL, fitLines, RUN_FULL } from '../../src/store/log-lines.ts';
import { line } from './contract.ts';

describe('lines of a log', () => {
  test('stay as they are while there is room, and are counted in bytes', () => {
    const { texts, used } = fitLines([line('ü'), line('b')], 10, LIMITS);
    expect(texts.map((text) => JSON.parse(text))).toEqual([line('ü'), line('b')]);
    expect(used).toBe(10 + Buffer.byteLength(texts.join('\n')) + 1);
  });

  test('are cut between characters, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }), (piece) => {
        const long = piece.repeat(Math.ceil((LIMITS.logLineBytes + 100) / Buffer.byteLength(piece)));
        const { text } = JSON.parse(fitLines([line(long)], 0, LIMITS).texts[0] as string);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMITS.logLineBytes);
        expect(text).toMatch(/ … \[\d+ bytes\]$/s);
        expect(text.replace(/ … \[\d+ bytes\]$/s, '')).not.toContain('\ufffd');
        expect(long.startsWith(text.replace(/ … \[\d+ bytes\]$/s, ''))).toBe(true);
      }),
    );
  });

  test('end with one marker at the limit of the run', () => {
    const limits = { ...LIMITS, logRunBytes: 140 };
    const { texts, used } = fitLines([line('one'), line('two'), line('three')], 0, limits);
    expect(texts.map((text) => JSON.parse(text).text)).toEqual(['one', RUN_FULL]);
    expect(used).toBe(FULL);
    expect(fitLines([line('four')], used, limits)).toEqual({ texts: [], used: FULL });
  });
});
