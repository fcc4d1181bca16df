import type { LogLine } from '../../src/core/api.ts';
import type { Progress } from '../../src/core/run.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import type { Definition } from '../../src/task/definition.ts';
import { type Attempt, type AttemptOutcome, runAttempt } from '../../src/task/execute.ts';
import { defineTask } from '../../src/task/options.ts';

export interface Recorded {
  readonly outcome: AttemptOutcome;
  readonly logs: readonly LogLine[];
  readonly progress: readonly Progress[];
}

/** A definition as `task(name, options, fn)` makes it. */
export function define(fn: (...args: never[]) => unknown, options: Record<string, unknown> = {}): Definition {
  return defineTask('greet', options, fn);
}

/** Makes one attempt and keeps what it told. */
export async function attempt(definition: Definition, args: readonly unknown[] = [], more: Partial<Attempt> = {}): Promise<Recorded> {
  const logs: LogLine[] = [];
  const progress: Progress[] = [];
  const outcome = await runAttempt(definition, {
    runId: 'run-1',
    args,
    attempt: 1,
    maxAttempts: definition.info.maxAttempts,
    failures: 0,
    tags: [],
    parentId: null,
    name: null,
    signal: new AbortController().signal,
    timeoutMs: null,
    clock: systemClock,
    random: systemRandom,
    onLog: (line) => logs.push(line),
    onProgress: (step) => progress.push(step),
    ...more,
  });
  return { outcome, logs, progress };
}
