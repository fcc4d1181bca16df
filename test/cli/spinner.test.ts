import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { spin } from '../../src/cli/spinner.ts';

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream };
}
const before = { ...process.env };
beforeEach(() => {
  vi.useFakeTimers();
  delete process.env.CI;
  process.env.TERM = 'xterm';
});
afterEach(() => {
  vi.useRealTimers();
  process.env = { ...before };
});

test('a terminal sees one moving line that is gone at the end', () => {
  const { written, stream } = terminal(true);
  let text = 'waiting';
  const stop = spin(() => text, stream);
  text = 'still waiting';
  vi.advanceTimersByTime(80);
  stop();
  vi.advanceTimersByTime(1_000);
  expect(written).toEqual(['\r\u001b[2K⠋ waiting', '\r\u001b[2K⠙ still waiting', '\r\u001b[2K']);
});

test.each([
  ['a pipe', false, {}],
  ['CI', true, { CI: 'true' }],
  ['a dumb terminal', true, { TERM: 'dumb' }],
])('%s sees nothing', (_where, isTTY, env) => {
  Object.assign(process.env, env);
  const { written, stream } = terminal(isTTY);
  const stop = spin(() => 'waiting', stream);
  vi.advanceTimersByTime(500);
  stop();
  expect(written).toEqual([]);
});
