/** The limits of a server as a setting says them. */
import { describe, expect, test } from 'vitest';
import { readLimits, settleLimits } from '../../src/config/limits.ts';
import { LIMITS, MOST_PAYLOAD_BYTES } from '../../src/core/protocol.ts';

describe('what is said', () => {
  test.each([
    ['openRuns=500000', 'openRuns=500000'],
    ['logRunBytes=50MiB', 'logRunBytes=52428800'],
    ['logLineBytes=2KiB, argsBytes=2048B', 'argsBytes=2048,logLineBytes=2048'],
    ['argsBytes=2048', 'argsBytes=2048'],
    ['logTotalBytes=10GiB', 'logTotalBytes=10737418240'],
    ['headersMs=20s,requestMs=2m,watchBehindMs=1500', 'headersMs=20000,requestMs=120000,watchBehindMs=1500'],
    [' openRuns = 7 ,', 'openRuns=7'],
    ['', ''],
  ])('%j is %j', (text, settled) => {
    expect(settleLimits(text)).toBe(settled);
    expect(settleLimits(settled)).toBe(settled);
  });

  test.each([
    ['openRun=5', 'there is no limit "openRun"; did you mean openRuns? The limits are openRuns, argsBytes,'],
    ['nonsense', 'there is no limit "nonsense". The limits are openRuns,'],
    ['depth=100', 'there is no limit "depth"'],
    ['bodyBytes=1MiB', 'there is no limit "bodyBytes"'],
    ['openRuns', 'expected a value, as in openRuns=10000000'],
    ['openRuns=0', 'openRuns must be from 1 to 10000000, not "0"'],
    ['openRuns=1e5', 'openRuns must be from 1 to 10000000, not "1e5"'],
    ['openRuns=5MiB', 'openRuns must be from 1'],
    ['argsBytes=17MiB', 'argsBytes must be from 1KiB to 16MiB, not "17MiB"'],
    ['argsBytes=1MB', 'argsBytes must be from 1KiB to 16MiB, not "1MB"'],
    ['argsBytes=-5', 'argsBytes must be from'],
    ['logTotalBytes=10s', 'logTotalBytes must be from 1MiB to 1024GiB'],
    ['watchBehindMs=1MiB', 'watchBehindMs must be from 1s to 1h, not "1MiB"'],
    ['openRuns=5,openRuns=6', 'openRuns stands there twice'],
  ])('%j is refused with what was expected', (text, message) => {
    expect(() => settleLimits(text)).toThrow(message);
  });
});

describe('what it means', () => {
  test('where nothing was said, the limits are the usual ones', () => {
    expect(readLimits(null)).toEqual(LIMITS);
    expect(readLimits('')).toEqual(LIMITS);
  });

  test('one that was said stands in the place of the usual one and of no other', () => {
    expect(readLimits('openRuns=5')).toEqual({ ...LIMITS, openRuns: 5 });
    expect(LIMITS.openRuns).toBe(100_000);
  });

  test('bodies and frames have room for the largest arguments and results', () => {
    const most = readLimits(settleLimits('argsBytes=16MiB,resultBytes=16MiB'));
    expect(most.argsBytes).toBe(MOST_PAYLOAD_BYTES);
    expect(most.bodyBytes).toBeGreaterThan(most.argsBytes);
    expect(most.batchBodyBytes).toBeGreaterThanOrEqual(most.bodyBytes);
    expect(most.frameBytes).toBeGreaterThanOrEqual(most.argsBytes + most.resultBytes);
  });

  test('smaller arguments and results do not make frames and batches smaller: both sides fill those without asking', () => {
    const { frameBytes, batchBodyBytes } = readLimits('argsBytes=1024,resultBytes=1024');
    expect({ frameBytes, batchBodyBytes }).toEqual({ frameBytes: LIMITS.frameBytes, batchBodyBytes: LIMITS.batchBodyBytes });
  });
});
