import { expect, test } from 'vitest';
import { runLevel, runLine, type WorkerEventShown, workerLine } from '../../src/cli/worker-lines.ts';
import type { Outcome } from '../../src/core/frames.ts';

const held = { runId: 'id', token: 't' };
const error = { name: 'TypeError', message: 'no\nfile', stack: null, cause: null };
const finished = (outcome: Outcome) => runLine({ type: 'run-finished', runId: 'id', task: 'greet', attempt: 1, outcome, ms: 1_200 });

test.each<[string, Outcome, string]>([
  ['completed', { ...held, type: 'succeed', result: null }, 'greet id in 1.2s'],
  ['failed', { ...held, type: 'fail', error, retry: false, retryDelayMs: 0, timedOut: false }, 'greet id after 1.2s: TypeError: no file'],
  [
    'retrying',
    { ...held, type: 'fail', error, retry: true, retryDelayMs: 500, timedOut: false },
    'greet id after 1.2s: TypeError: no file; again in 500ms',
  ],
  ['timed out', { ...held, type: 'fail', error, retry: false, retryDelayMs: 0, timedOut: true }, 'greet id after 1.2s: TypeError: no file'],
  ['crashed', { ...held, type: 'crash', error, alone: true }, 'greet id after 1.2s: TypeError: no file'],
  ['cancelled', { ...held, type: 'stopped' }, 'greet id'],
  ['given back', { ...held, type: 'release', reason: 'The worker stops' }, 'greet id: The worker stops'],
])('a run that is %s', (label, outcome, text) => {
  expect(finished(outcome)).toMatchObject({ label, text });
});

test('a run is told by its whole id or, for a person, by its end', () => {
  const event = { type: 'run-started', runId: '0192a5c1-0000-7000-8000-0000deadbeef', task: 'greet', attempt: 1 } as const;
  expect(runLine(event)).toMatchObject({ text: `greet ${event.runId}, attempt 1`, accent: { text: event.runId } });
  expect(runLine(event, true)).toMatchObject({ text: 'greet deadbeef, attempt 1', accent: { text: 'deadbeef' } });
});

test('the level of a run is known without its line', () => {
  expect(runLevel({ type: 'run-started', runId: 'id', task: 'greet', attempt: 1 })).toBe('debug');
  expect(runLine({ type: 'run-started', runId: 'id', task: 'greet', attempt: 2 }).text).toBe('greet id, attempt 2');
});

const line = (event: WorkerEventShown, known = true) => workerLine(event, known).text;

test('ready says what is served, how many at once, and what is watched', () => {
  const ready = { type: 'ready', name: 'ford', tasks: ['a', 'b'], slots: 10 } as const;
  expect(line({ ...ready, files: [] })).toBe('ford serves a, b (10 at once)');
  expect(line({ ...ready, files: ['x'] })).toBe('ford serves a, b (10 at once; watching 1 file)');
});

test('a reload says how long it took and what is new or gone', () => {
  expect(line({ type: 'reloaded', tasks: ['a', 'c'], added: ['c'], removed: ['b'], ms: 71.6 })).toBe('in 72 ms: a, c (+c -b)');
});

test('code that does not load is told with its place, the lines around it, and what goes on', () => {
  const problem = { message: 'Unexpected "}"', file: `${process.cwd()}/tasks.ts`, line: 12, column: 5, frame: '> 12 | }', stack: null };
  expect(line({ type: 'load-failed', serving: true, ...problem })).toBe(
    'tasks.ts:12:5  Unexpected "}"\n> 12 | }\nThe code before it goes on.',
  );
  expect(line({ type: 'load-failed', serving: false, ...problem, file: null, frame: null })).toBe(
    'Unexpected "}"\nNo runs are taken until it loads.',
  );
});

test('runs that nobody serves are told by their task', () => {
  expect(line({ type: 'orphans', tasks: [{ name: 'old', queued: 3 }] })).toBe('3 runs of old, which no connected worker serves');
});

test('a server that never answered is told with how to start one, one that is away with what becomes of the runs', () => {
  const gone = { type: 'disconnected', why: 'gone', error: null } as const;
  expect(line(gone, false)).toContain('bgtask server start');
  expect(line({ ...gone, error: new Error('connect ECONNREFUSED 10.0.0.7:4200') }, false)).toContain(
    '(connect ECONNREFUSED 10.0.0.7:4200)',
  );
  expect(line(gone, true)).toContain('their outcomes are kept');
  expect(line({ ...gone, why: 'refused-protocol' })).toContain('another version');
});

test('a crash names the process, how it died and how many runs it had; a drain how many are left', () => {
  expect(line({ type: 'child-crashed', pid: 7, exitCode: 42, signal: null, runs: 2 })).toBe(
    'process 7 died (exit code 42) with 2 runs in it',
  );
  expect(line({ type: 'child-crashed', pid: 7, exitCode: null, signal: 'SIGSEGV', runs: 1 })).toBe(
    'process 7 died (SIGSEGV) with 1 run in it',
  );
  expect(line({ type: 'draining', running: 2 })).toBe('2 runs finishing; Ctrl-C again leaves at once');
  expect(line({ type: 'draining', running: 0 })).toBe('nothing runs');
});

test('nothing in them commands the terminal', () => {
  const evil = '\u001b]0;x\u0007';
  expect(line({ type: 'orphans', tasks: [{ name: evil, queued: 1 }] })).not.toContain('\u001b');
  expect(
    line({ type: 'load-failed', serving: true, message: evil, file: null, line: null, column: null, frame: evil, stack: null }),
  ).not.toContain('\u001b');
});
