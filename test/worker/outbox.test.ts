import { expect, test } from 'vitest';
import { atTurnEnd } from '../../src/client/socket.ts';
import type { LogLine } from '../../src/core/api.ts';
import type { Outcome, WorkerFrame } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { Outbox, START_WAITS_MS } from '../../src/worker/outbox.ts';
import { ManualClock } from '../helpers/clock.ts';

const HELD = { runId: 'r', token: 't' };
const END: Outcome = { ...HELD, type: 'succeed', result: null };

function anOutbox(open = true) {
  const frames: WorkerFrame[] = [];
  const sizes: number[] = [];
  const clock = new ManualClock();
  const outbox = new Outbox((text) => {
    sizes.push(Buffer.byteLength(text));
    frames.push(JSON.parse(text));
  }, clock);
  if (open) outbox.open(LIMITS.frameBytes);
  return { outbox, frames, sizes, clock };
}

function turn(): Promise<void> {
  return new Promise((resolve) => atTurnEnd(resolve));
}

function line(text: string): LogLine {
  return { at: '2026-01-01T00:00:00.000Z', level: 'info', text, attempt: 1 };
}

test('what one turn brings goes out in one frame of each kind, outcomes last', async () => {
  const { outbox, frames } = anOutbox();
  outbox.outcome({ ...END, token: 'b' });
  outbox.outcome({ ...END, token: 'c' });
  outbox.progress([{ ...HELD, progress: { done: 1, total: 2, note: null } }]);
  outbox.progress([{ ...HELD, progress: { done: 2, total: 2, note: null } }]);
  outbox.logs([{ ...HELD, lines: [line('one')] }]);
  outbox.logs([{ ...HELD, lines: [line('two')] }]);
  outbox.started(HELD);
  expect(frames).toEqual([]);
  await turn();
  expect(frames).toEqual([
    { type: 'started', runs: [HELD] },
    { type: 'logs', runs: [{ ...HELD, lines: [line('one'), line('two')] }] },
    { type: 'progress', runs: [{ ...HELD, progress: { done: 2, total: 2, note: null } }] },
    {
      type: 'finished',
      outcomes: [
        { ...END, token: 'b' },
        { ...END, token: 'c' },
      ],
    },
  ]);
});

test('a start waits a moment for its end, and is not told where that comes', async () => {
  const { outbox, frames, clock } = anOutbox();
  await turn();
  outbox.started(HELD);
  outbox.started({ runId: 's', token: 'slow' });
  await turn();
  outbox.outcome(END);
  await turn();
  expect(frames.map(({ type }) => type)).toEqual(['finished']);
  clock.advance(START_WAITS_MS);
  expect(frames.slice(1)).toEqual([{ type: 'started', runs: [{ runId: 's', token: 'slow' }] }]);
  clock.advance(START_WAITS_MS);
  expect(frames).toHaveLength(2);
});

test('what a run says goes out behind its start, at once', async () => {
  const { outbox, frames, clock } = anOutbox();
  outbox.started(HELD);
  outbox.progress([{ ...HELD, progress: { done: 1, total: 2, note: null } }]);
  await turn();
  clock.advance(START_WAITS_MS);
  expect(frames.map(({ type }) => type)).toEqual(['started', 'progress']);
});

test('no frame is larger than the server takes, and no outcome is lost over it', async () => {
  const { outbox, frames, sizes } = anOutbox();
  const result = JSON.stringify('é'.repeat(200_000));
  for (let n = 0; n < 20; n += 1) outbox.outcome({ runId: `r${n}`, token: `t${n}`, type: 'succeed', result });
  outbox.logs([{ ...HELD, lines: Array.from({ length: 400 }, () => line('ü'.repeat(5_000))) }]);
  await turn();
  expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.frameBytes);
  expect(frames.flatMap((frame) => (frame.type === 'finished' ? frame.outcomes : []))).toHaveLength(20);
  expect(frames.flatMap((frame) => (frame.type === 'logs' ? frame.runs.flatMap(({ lines }) => lines) : []))).toHaveLength(400);
});

test('an outcome that no frame holds becomes a failure that says so', async () => {
  const { outbox, frames } = anOutbox();
  const sent = outbox.outcome({ ...END, result: JSON.stringify('"'.repeat(700_000)) });
  await turn();
  expect(sent).toMatchObject({ type: 'fail', retry: false, error: { name: 'ResultTooLargeError' } });
  expect(frames).toMatchObject([{ outcomes: [{ ...HELD, type: 'fail' }] }]);
});

test('while it is closed it keeps logs and the newest progress, but not what the worker says again', async () => {
  const { outbox, frames, clock } = anOutbox();
  outbox.started({ ...HELD, token: 'gone' });
  outbox.close();
  clock.advance(START_WAITS_MS);
  outbox.outcome(END);
  outbox.close();
  outbox.logs([{ ...HELD, lines: [line('kept')] }]);
  await turn();
  expect(frames).toEqual([]);
  outbox.started({ ...HELD, token: 'said again' });
  outbox.open(LIMITS.frameBytes);
  await turn();
  expect(frames).toEqual([
    { type: 'started', runs: [{ ...HELD, token: 'said again' }] },
    { type: 'logs', runs: [{ ...HELD, lines: [line('kept')] }] },
  ]);
});

test('logs that find no room while it is closed are counted', async () => {
  const { outbox, frames } = anOutbox(false);
  const many = Array.from({ length: 1_100 }, () => line('x'.repeat(16_000)));
  outbox.logs([{ ...HELD, lines: many }]);
  outbox.open(LIMITS.frameBytes);
  await turn();
  const lines = frames.flatMap((frame) => (frame.type === 'logs' ? frame.runs.flatMap((run) => run.lines) : []));
  expect(lines.at(-1)?.text).toMatch(/^\[cut: \d+ lines came while the server was away\]$/);
  const lost = Number(/\d+/.exec(lines.at(-1)?.text ?? '')?.[0]);
  expect(lines.length - 1 + lost).toBe(1_100);
});

test('who waits is told in its newest form before outcomes, and not behind its own end', async () => {
  const { outbox, frames } = anOutbox(false);
  outbox.waiting([{ ...HELD, waiting: true }]);
  outbox.waiting([{ ...HELD, waiting: false }]);
  outbox.waiting([{ ...HELD, token: 'ended', waiting: true }]);
  outbox.open(LIMITS.frameBytes);
  outbox.outcome({ ...END, token: 'ended' });
  await turn();
  expect(frames).toEqual([
    { type: 'waiting', runs: [{ ...HELD, waiting: false }] },
    { type: 'finished', outcomes: [{ ...END, token: 'ended' }] },
  ]);
});
