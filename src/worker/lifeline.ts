/**
 * A child dies with its worker, whatever its own code is doing: a thread of its own waits for the end of the pipe that the worker
 * holds open, and kills the process. Loaded with `--import`, before anything of the user. It also takes the mark of a child out of
 * the environment, so that processes started by tasks do not carry it.
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { CHILD_ENV, CHILD_MARK, LIFELINE_FD } from './ipc.ts';

// A socket and not a blocking read: a thread that hangs in the kernel would hold up process.exit().
const WATCH = `
const { Socket } = require('node:net');
const kill = () => {
  try { process.kill(-process.pid, 'SIGKILL'); } catch {}
  process.kill(process.pid, 'SIGKILL');
};
new Socket({ fd: ${LIFELINE_FD}, readable: true, writable: false }).on('close', kill).on('error', () => {}).resume();
`;

const mark = process.env[CHILD_ENV];
if (isMainThread && mark !== undefined) {
  delete process.env[CHILD_ENV];
  (globalThis as { [CHILD_MARK]?: number })[CHILD_MARK] = Number(mark);
  new Worker(WATCH, { eval: true, execArgv: [], name: 'bgtask lifeline' }).unref();
}
