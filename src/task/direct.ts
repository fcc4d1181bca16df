/**
 * A call of a task here and now. It has what one process can give: retries with their waits, timeout by signal, validation, hooks, logs.
 * The caller gets the very value or error of the function; where a server runs, it is told in the background.
 */
import type { Recording, DirectCall as Told } from '../client/client.ts';
import type { LogLine, SubmitOptions } from '../core/api.ts';
import type { CacheHit, CacheQuestion } from '../core/frames.ts';
import { idMaker } from '../core/ids.ts';
import type { Payload, Progress, Told as Shown } from '../core/run.ts';
import { encodeArgs } from '../core/values.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import type { Attempt, AttemptOutcome } from './attempt.ts';
import { type RunScope, scopes } from './context.ts';
import type { Definition } from './definition.ts';
import { DirectCache } from './direct-cache.ts';
import { type Ended, execute } from './execute.ts';
import { validInput } from './input.ts';
import { storableError, storableResult } from './outcome.ts';
import type { Reach } from './reach.ts';
import { nameOf } from './request.ts';
import { joinTags } from './run-options.ts';

/** How long a function may go on after its timeout: time to give in to its signal and to clean up. */
const GRACE_MS = 250;
const cache = new DirectCache(systemClock.monotonic);
type Failed = Extract<AttemptOutcome, { type: 'fail' }>;
const newId = idMaker(systemClock.now, (bytes) => void crypto.getRandomValues(bytes));

/**
 * Gives what the function gives, or throws what it throws: the same object, not a copy.
 * @throws {TaskTimeoutError} The last attempt was over its timeout.
 * @throws {InvalidInputError} The input does not fit the schema.
 */
export async function callDirectly(definition: Definition, said: SubmitOptions, args: readonly unknown[], reach: Reach): Promise<unknown> {
  const call = new DirectCall(definition, said, args);
  // No wait without need: the function is called in the tick of the call.
  if (definition.options.runName !== null && call.name === null) call.name = await nameFor(definition, args);
  const recording = reach.record(() => recordOf(call));
  for (let failures = 0; ; failures += 1) {
    const ended = await execute(definition, new DirectAttempt(call, failures, recording), () => null);
    const { outcome } = ended;
    const attempt = failures + 1;
    if (outcome.type === 'fail' && outcome.retry && (await pauseAfter(outcome, attempt, call.parent, recording))) continue;
    if (definition.options.cache !== null) cache.ended(call.id, keepable(ended));
    recording?.end(recordable(ended, recording, attempt));
    if (outcome.type === 'succeed') return ended.value;
    throw ended.thrown;
  }
}

/** True where another attempt follows, after its wait. */
async function pauseAfter(failed: Failed, attempt: number, parent: RunScope | undefined, recording: Recording | null): Promise<boolean> {
  const { error, retryDelayMs } = failed;
  recording?.attempt({ attempt, at: nowText(), failed: { error, retryDelayMs } });
  const goesOn = await pause(retryDelayMs, parent);
  if (goesOn) recording?.attempt({ attempt: attempt + 1, at: nowText(), failed: null });
  return goesOn;
}

/** One call, over all its attempts. */
class DirectCall {
  readonly task: string;
  readonly args: readonly unknown[];
  name: string | null;
  readonly tags: readonly string[];
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  /** The run whose code made this call: when that is to stop, so is this. */
  readonly parent: RunScope | undefined = scopes.getStore();
  #id: string | null = null;

  constructor({ name, info, options }: Definition, said: SubmitOptions, args: readonly unknown[]) {
    this.task = name;
    this.args = args;
    this.name = said.runName ?? null;
    this.tags = said.tags === undefined ? options.tags : joinTags(options.tags, said.tags);
    this.maxAttempts = said.retries === undefined ? info.maxAttempts : said.retries + 1;
    this.timeoutMs = (said.timeout as number | undefined) ?? null;
  }

  /** Made when somebody asks: without a server and a curious task nobody does, and it is much of what a call costs. */
  get id(): string {
    this.#id ??= newId();
    return this.#id;
  }
}

class DirectAttempt implements Attempt {
  readonly args: readonly unknown[];
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  readonly failures: number;
  readonly graceMs = GRACE_MS;
  readonly clock = systemClock;
  readonly random = systemRandom;
  readonly #call: DirectCall;
  readonly #recording: Recording | null;
  #shown: Shown = { progress: null };
  #controller: AbortController | null = null;

  constructor(call: DirectCall, failures: number, recording: Recording | null) {
    this.args = call.args;
    this.name = call.name;
    this.tags = call.tags;
    this.maxAttempts = call.maxAttempts;
    this.timeoutMs = call.timeoutMs;
    this.failures = failures;
    this.#call = call;
    this.#recording = recording;
  }

  get runId(): string {
    return this.#call.id;
  }

  get attempt(): number {
    return this.failures + 1;
  }

  get parentId(): string | null {
    return this.#call.parent?.runId ?? null;
  }

  get signal(): AbortSignal {
    if (this.#call.parent) return this.#call.parent.signal;
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  recall(question: CacheQuestion | null): Promise<CacheHit | null> {
    return question === null ? Promise.resolve(null) : cache.recall(question, this.runId);
  }

  onLog(line: LogLine): void {
    this.#recording?.log(line);
  }

  onProgress(progress: Progress): void {
    this.#shown = { ...this.#shown, progress };
    this.#recording?.progress(this.#shown);
  }

  onMeta(meta: Payload): void {
    this.#shown = { ...this.#shown, meta };
    this.#recording?.progress(this.#shown);
  }

  onWaiting(isWaiting: boolean): void {
    this.#recording?.waiting(isWaiting);
  }
}

/** A call must not fail for its name. */
async function nameFor(definition: Definition, args: readonly unknown[]): Promise<string | null> {
  const { input } = definition.options;
  try {
    return nameOf(definition, input === null ? args : [await validInput(definition.name, input, args[0])]);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'BGTASK_INVALID_INPUT') {
      console.error(`runName of task '${definition.name}' failed; the run has no name:`, error);
    }
    return null;
  }
}

/** Waits; false where the run that made the call is to stop meanwhile. */
async function pause(ms: number, parent: RunScope | undefined): Promise<boolean> {
  const signal = parent?.signal;
  const until = systemClock.monotonic() + ms;
  for (let left = ms; left > 0 && !signal?.aborted; left = until - systemClock.monotonic()) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = systemClock.after(left, done);
      signal?.addEventListener('abort', done);
    });
  }
  return !signal?.aborted;
}

function recordOf({ id, task, args, name, tags, maxAttempts, parent }: DirectCall): Told {
  const parentId = parent?.runId ?? null;
  return { runId: id, task, args: args.map(storableArg), name, tags, maxAttempts, parentId, startedAt: nowText() };
}

/** A direct call may be given anything; what has no stored form is told in words. */
function storableArg(arg: unknown): unknown {
  try {
    return (JSON.parse(encodeArgs([arg]).args) as unknown[])[0];
  } catch (error) {
    return `[not stored: ${(error as Error).message}]`;
  }
}

/** What others may be given for the same key; undefined: it failed, or cannot be stored. */
function keepable({ outcome, value }: Ended): Payload | null | undefined {
  if (outcome.type !== 'succeed') return undefined;
  try {
    return storableResult(value);
  } catch {
    return undefined; // the caller gets it as it is; the record of the call says why it is not stored
  }
}

function recordable({ outcome, value, thrown }: Ended, recording: Recording, attempt: number): AttemptOutcome {
  if (outcome.type === 'fail') return { ...outcome, attempt, retry: false };
  if (outcome.type !== 'succeed')
    return { type: 'fail', attempt, error: storableError(thrown), retry: false, retryDelayMs: 0, timedOut: false };
  try {
    return { type: 'succeed', attempt, result: storableResult(value), cachedFrom: outcome.cachedFrom };
  } catch (error) {
    recording.log(warning(`The result was given to the caller and is not stored: ${(error as Error).message}`, attempt));
    return { type: 'succeed', attempt, result: null };
  }
}

function warning(text: string, attempt: number): LogLine {
  return { at: nowText(), level: 'warn', text, attempt };
}

function nowText(): string {
  return new Date(systemClock.now()).toISOString();
}
