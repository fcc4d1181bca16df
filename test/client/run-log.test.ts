import { expect, test } from 'vitest';
import { RunLog } from '../../src/client/run-log.ts';
import type { LogLine } from '../../src/core/api.ts';

const line = (text: string, ms = 0): LogLine => ({ at: new Date(ms).toISOString(), level: 'info', text, attempt: 1 });

test('what is pushed and was stored is told once, in as many pieces as it comes', () => {
  const log = new RunLog([line('a'), line('b', 1), line('c', 2)]);
  expect(log.fresh([line('b', 1)])).toEqual([]);
  expect(log.fresh([line('c', 2), line('d', 3)])).toEqual([line('d', 3)]);
  expect(log.fresh([line('a')])).toEqual([line('a')]);
});

test('a line that a task writes twice is two lines', () => {
  expect(new RunLog([line('a'), line('a')]).fresh([line('a'), line('a'), line('a')])).toEqual([line('a')]);
  expect(new RunLog([]).fresh([line('a'), line('a')])).toHaveLength(2);
});

test('a line that was stored cut is the same line', () => {
  const long = 'x'.repeat(20_000);
  expect(new RunLog([line(`${long.slice(0, 16_000)}… [cut]`)]).fresh([line(long)])).toEqual([]);
});
