import { afterEach, expect, test, vi } from 'vitest';
import { reportOnConsole } from '../../src/worker/console-report.ts';
import type { WorkerEvent } from '../../src/worker/events.ts';

afterEach(() => vi.restoreAllMocks());

function shown(...events: WorkerEvent[]) {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
  for (const event of events) reportOnConsole(event);
  vi.restoreAllMocks();
  return written;
}

test('a script hears in a line what happens to its worker, on stderr', () => {
  const { stdout, stderr } = shown(
    { type: 'connected' },
    { type: 'ready', name: 'w', tasks: ['greet', 'resize'], files: [], generation: 1, slots: 10 },
    { type: 'run-started', runId: 'r', task: 'greet', name: null, attempt: 1 },
    { type: 'disconnected', why: 'gone', error: null },
    { type: 'unauthorized', error: new Error('The server does not accept the API key.') },
    { type: 'child-crashed', pid: 7, exitCode: 42, signal: null, runs: 2 },
    { type: 'draining', running: 0 },
    { type: 'draining', running: 3 },
    { type: 'stopped' },
  );
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toEqual([
    'bgtask: worker ready: greet, resize (10 at once)',
    'bgtask: the server is away; trying again',
    'bgtask: The server does not accept the API key.',
    'bgtask: child 7 died (exit code 42) with 2 runs in it',
    'bgtask: finishing 3 runs',
  ]);
});

test('what children print is passed on where it belongs, and moves no cursor', () => {
  const { stdout, stderr } = shown(
    { type: 'output', stream: 'stdout', pid: 7, text: 'fine' },
    { type: 'output', stream: 'stderr', pid: 7, text: 'bad \x1b[2J' },
  );
  expect(stdout).toBe('fine\n');
  expect(stderr).toBe('bad \\x1b[2J\n');
});
