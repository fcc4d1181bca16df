/** Pools over fixtures, with everything they tell written down. Each is closed after its test. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { LogLine } from '../../src/core/api.ts';
import type { Assignment, CacheQuestion, Held, Outcome, Waiting } from '../../src/core/frames.ts';
import type { Progress } from '../../src/core/run.ts';
import type { Clock } from '../../src/core/seams.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import { fileCommand, tsconfigFor } from '../../src/worker/commands.ts';
import type { WorkerEvent } from '../../src/worker/events.ts';
import type { Work } from '../../src/worker/ipc.ts';
import { openPool } from '../../src/worker/pool.ts';
import type { PoolListener, RunPool } from '../../src/worker/run-pool.ts';

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/worker/${name}`, import.meta.url));
}

let made = 0;

/** An assignment under a fresh id and token. */
export function anAssignment(task: string, args: readonly unknown[] = [], over: Partial<Assignment> = {}): Assignment {
  made += 1;
  return {
    ...{ runId: `run-${made}`, token: `token-${made}`, task, name: null, args: JSON.stringify(args), attempt: 1, maxAttempts: 1 },
    ...{ failures: 0, timeoutMs: null, alone: false, tags: [], parentId: null, createdAt: Date.now(), upstream: {} },
    ...over,
  };
}

/** The same as a child gets it. */
export function aWork(task: string, args: readonly unknown[] = [], over: Partial<Work> = {}): Work {
  made += 1;
  return { id: made, runId: `run-${made}`, task, args: JSON.stringify(args), attempt: 1, maxAttempts: 1, ...over };
}

/** What a pool told so far, and the way to wait for more. */
export class Told implements PoolListener {
  readonly startedTokens: string[] = [];
  readonly outcomes: Outcome[] = [];
  readonly lines: (Held & LogLine)[] = [];
  readonly steps: (Held & { progress: Progress })[] = [];
  readonly waits: Waiting[] = [];
  readonly questions: (Held & CacheQuestion)[] = [];
  readonly events: WorkerEvent[] = [];
  changes = 0;
  #waiting: (() => void)[] = [];

  started(tokens: readonly string[]): void {
    this.startedTokens.push(...tokens);
    this.#wake();
  }

  asked(questions: readonly (Held & CacheQuestion)[]): void {
    this.questions.push(...questions);
    this.#wake();
  }

  finished(outcomes: readonly Outcome[]): void {
    this.outcomes.push(...outcomes);
    this.#wake();
  }

  logs(logs: readonly (Held & { lines: readonly LogLine[] })[]): void {
    for (const { runId, token, lines } of logs) this.lines.push(...lines.map((line) => ({ runId, token, ...line })));
    this.#wake();
  }

  progress(progress: readonly (Held & { progress: Progress })[]): void {
    this.steps.push(...progress);
    this.#wake();
  }

  waiting(waits: readonly Waiting[]): void {
    this.waits.push(...waits);
    this.#wake();
  }

  changed(): void {
    this.changes += 1;
    this.#wake();
  }

  readonly onEvent = (event: WorkerEvent): void => {
    this.events.push(event);
    this.#wake();
  };

  /** What `look` gives, once it gives something. */
  async until<T>(look: () => T | undefined | false | null): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false && found !== null) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  outcomeOf({ token }: Held): Promise<Outcome> {
    return this.until(() => this.outcomes.find((outcome) => outcome.token === token));
  }

  startOf({ token }: Held): Promise<boolean> {
    return this.until(() => this.startedTokens.includes(token));
  }

  event<T extends WorkerEvent['type']>(type: T): Promise<Extract<WorkerEvent, { type: T }>> {
    return this.until(() => this.events.find((event): event is Extract<WorkerEvent, { type: T }> => event.type === type));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

export interface PoolSetup {
  readonly files?: readonly string[];
  readonly watch?: boolean;
  readonly processes?: number;
  readonly clock?: Clock;
}

/** Not loaded yet. */
export async function emptyPool({ files = [fixture('basic.ts')], watch = false, processes = 1, clock = systemClock }: PoolSetup = {}) {
  const typescript = files.some((file) => file.endsWith('ts'));
  const how = { typescript, tsconfig: typescript ? tsconfigFor(files) : null, watch };
  const pool: RunPool = await openPool({
    command: fileCommand(how.tsconfig),
    files,
    how,
    processes,
    graceMs: 5_000,
    clock,
    random: systemRandom,
  });
  const told = new Told();
  pool.listener = told;
  onTestFinished(() => pool.close());
  return { pool, told };
}

export async function aPool(setup: PoolSetup = {}) {
  const made = await emptyPool(setup);
  await made.pool.load();
  return made;
}

/** Whether a process with this id runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

/** The children that have loaded their files under a worker. */
export function childrenOf(worker: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(worker)], { encoding: 'utf8' });
  const rows = stdout.split('\n').filter((line) => line.includes('bgtask: '));
  return rows.map((row) => Number(row.trim().split(' ')[0]));
}

export function childOf(worker: number): number {
  return childrenOf(worker)[0] ?? Number.NaN;
}
