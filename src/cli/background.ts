/** The same command again as a process of its own that outlives this one; this one waits until it is up, or says why it is not. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServerStatus } from '../core/api.ts';
import { BackgroundError, NotInTimeError } from './usage.ts';

const START_MS = 30_000;
const EXIT_FAILED = 1;

/** What the new process tells when it is up. */
interface Up {
  readonly status: ServerStatus;
}

/**
 * @returns The status of the new process, which writes to `logFile`.
 * @throws {BackgroundError} It left again, with what it said and its exit code.
 */
export async function startAgain(logFile: string): Promise<ServerStatus> {
  const child = await spawnAgain(logFile);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ServerStatus>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new NotInTimeError(`It was not up after ${START_MS / 1_000} s.`, [`What it said: ${logFile}`])),
        START_MS,
      );
      child.once('message', (message) => resolve((message as Up).status));
      child.once('error', reject);
      child.once('exit', (code) => reject(new BackgroundError(readFileSync(logFile, 'utf8'), code ?? EXIT_FAILED)));
    });
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    child.removeAllListeners(); // what becomes of it later is not this process's business
    if (child.connected) child.disconnect();
    child.unref();
  }
}

async function spawnAgain(logFile: string): Promise<ChildProcess> {
  const { spawn } = await import('node:child_process');
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'w', 0o600);
  const { BGTASK_BACKGROUND: _once, BGTASK_JSON: _human, ...env } = process.env;
  const args = process.argv.slice(2).filter((arg) => arg !== '--background' && arg !== '--json');
  try {
    const command = [...process.execArgv, process.argv[1] as string, ...args];
    return spawn(process.execPath, command, { detached: true, stdio: ['ignore', log, log, 'ipc'], env });
  } finally {
    closeSync(log);
  }
}

/** Tells the process that started this one, if it waits for that. */
export function tellUp(status: ServerStatus): void {
  process.send?.({ status } satisfies Up);
}
