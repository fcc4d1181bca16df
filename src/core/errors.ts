/**
 * Every error bgtask throws. Each says what happened, to what, and what helps; `code` is stable and is listed in docs/ERRORS.md.
 * oclif prints `code` and `suggestions` of any error, so nothing here knows the command line.
 */

import type { Duration } from './units.ts';

/** The common ground of all errors thrown by bgtask. */
export class BgtaskError extends Error {
  override readonly name: string = 'BgtaskError';
  readonly code: string = 'BGTASK_ERROR';
  readonly suggestions: readonly string[] = [];
}

/** An option is unknown or has a wrong value. Thrown where the option was given, before anything is stored. */
export class InvalidOptionError extends BgtaskError {
  override readonly name = 'InvalidOptionError';
  override readonly code = 'BGTASK_INVALID_OPTION';
  /** What is wrong, its value and what was expected; or the whole sentence. */
  constructor(...said: [what: string, value: unknown, expected: string] | [sentence: string]) {
    super(said.length === 1 ? said[0] : `${said[0]} is ${show(said[1])}; expected ${said[2]}.`);
  }
}

/** A value has no JSON form that bgtask stores. `path` says where it stands, as in `args[0].socket`. */
export class ValueError extends BgtaskError {
  override readonly name = 'ValueError';
  override readonly code = 'BGTASK_VALUE_NOT_STORABLE';
  override readonly suggestions = ['Pass plain data: JSON, Date, BigInt, Map, Set, URL, RegExp, Uint8Array, Error'];
  readonly path: string;
  constructor(path: string, why: string) {
    super(`${path} ${why}.`);
    this.path = path;
  }
}

/** No server answered at `url`. Nothing was stored and calling `delay()` again is safe, unless `runIds` says otherwise. */
export class ServerUnreachableError extends BgtaskError {
  override readonly name = 'ServerUnreachableError';
  override readonly code = 'BGTASK_SERVER_UNREACHABLE';
  override readonly suggestions = ['Start a server: bgtask server start', 'Or use another: bgtask config set API_URL=<url>'];
  /** Runs that were sent and may be stored: the connection broke before the answer. Submitting them again under their ids is safe. */
  readonly runIds: readonly string[];
  constructor(url: string, cause?: unknown, runIds: readonly string[] = []) {
    const unknown = `The bgtask server at ${url} does not answer any more; whether it stored ${idsText(runIds)} is not known`;
    super(runIds.length === 0 ? `No bgtask server answers at ${url}.` : `${unknown}.`, { cause });
    this.runIds = runIds;
  }
}

function idsText(ids: readonly string[]): string {
  return ids.length === 1 ? `run ${ids[0]}` : `${ids.length} runs (${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''})`;
}

/** The client was closed before, or while it was asked. */
export class ClientClosedError extends BgtaskError {
  override readonly name = 'ClientClosedError';
  override readonly code = 'BGTASK_CLIENT_CLOSED';
  constructor() {
    super('The client is closed.');
  }
}

/** The server knows us not: the API key is missing or wrong. */
export class UnauthorizedError extends BgtaskError {
  override readonly name = 'UnauthorizedError';
  override readonly code = 'BGTASK_UNAUTHORIZED';
  override readonly suggestions = [
    'Print the key on the machine of the server: bgtask auth token',
    'Then set it here: bgtask config set API_KEY=-',
  ];
  constructor(url: string) {
    super(`The server at ${url} does not accept the API key.`);
  }
}

/** The server answered and refused. `status` is the HTTP status, `reason` the server's own code, as in `queue_full`. */
export class RefusedError extends BgtaskError {
  override readonly name: string = 'RefusedError';
  override readonly code: string = 'BGTASK_REFUSED';
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The `reason` of a refusal by something else than a bgtask server. */
export const NOT_BGTASK = 'not_bgtask';

/** Another run has the idempotency key, and the submit said `onConflict: 'reject'`. Nothing was stored. */
export class DuplicateRunError extends RefusedError {
  override readonly name = 'DuplicateRunError';
  override readonly code = 'BGTASK_DUPLICATE_RUN';
  override readonly suggestions: readonly string[];
  /** The run that has the key. */
  readonly runId: string;
  constructor(message: string, runId: string) {
    super(409, 'duplicate', message);
    this.runId = runId;
    this.suggestions = [`Look at it: bgtask run inspect ${runId}`, "Or take it as the answer: onConflict: 'return'"];
  }
}

/** No run has this id (it never was, or retention removed it), or it is a run of another task. */
export class RunNotFoundError extends BgtaskError {
  override readonly name = 'RunNotFoundError';
  override readonly code = 'BGTASK_RUN_NOT_FOUND';
  override readonly suggestions = ['List the runs: bgtask task ls'];
  readonly runId: string;
  constructor(runId: string, why = 'There is no such run') {
    super(`${why}: ${runId}.`);
    this.runId = runId;
  }
}

/** The wait ended first; the run goes on. Wait again or cancel it. */
export class WaitTimeoutError extends BgtaskError {
  override readonly name = 'WaitTimeoutError';
  override readonly code = 'BGTASK_WAIT_TIMEOUT';
  /** Of several runs the first that was not final. */
  readonly runId: string;
  /** From `waitAll`, in the order of its futures: the runs as they ended; null: it goes on. Empty where one run was waited for. */
  readonly runs: readonly (FinalRun | null)[];
  constructor(runId: string, ms: number, runs: readonly (FinalRun | null)[] = []) {
    const open = runs.filter((run) => run === null).length;
    super(
      open === 0
        ? `Run ${runId} was not final within ${ms} ms. It goes on.`
        : `${open} of ${runs.length} runs were not final within ${ms} ms, the first of them ${runId}. They go on.`,
    );
    this.runId = runId;
    this.runs = runs;
  }
}
/** What every run says of its end: `state` tells those with a `result` from those with an `error`. */
interface FinalRun {
  readonly id: string;
  readonly task: string;
  readonly state: 'COMPLETED' | TaskRunError['state'];
  readonly stateName: string;
  readonly result: unknown;
  readonly error: TaskRunError | null;
}

/** The run ended without a result. `cause` is the error of the task as it was in the worker. */
export class TaskRunError extends BgtaskError {
  override readonly name = 'TaskRunError';
  override readonly code = 'BGTASK_RUN_NOT_COMPLETED';
  readonly runId: string;
  readonly task: string;
  readonly state: 'FAILED' | 'CRASHED' | 'CANCELLED' | 'EXPIRED';
  readonly stateName: string;
  constructor(run: { id: string; task: string; state: TaskRunError['state']; stateName: string }, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.runId = run.id;
    this.task = run.task;
    this.state = run.state;
    this.stateName = run.stateName;
  }
}

/** Thrown by a task: do not try again, whatever `retries` says. */
export class NonRetryableError extends BgtaskError {
  override readonly name = 'NonRetryableError';
  override readonly code = 'BGTASK_NON_RETRYABLE';
}

/** Thrown by a task: try again after `delay` (milliseconds or text such as '30s'), if a retry is left. No jitter is added. */
export class RetryAfterError extends BgtaskError {
  override readonly name = 'RetryAfterError';
  override readonly code = 'BGTASK_RETRY_AFTER';
  readonly delay: Duration;
  constructor(message: string, delay: Duration, options?: ErrorOptions) {
    super(message, options);
    this.delay = delay;
  }
}

/** The input of a task does not fit its schema. At submit nothing was stored; at run it is final. */
export class InvalidInputError extends BgtaskError {
  override readonly name = 'InvalidInputError';
  override readonly code = 'BGTASK_INVALID_INPUT';
  readonly task: string;
  /** What the schema found. `path` leads from the input to the value that is wrong. */
  readonly issues: readonly InputIssue[];
  constructor(task: string, issues: readonly InputIssue[]) {
    super(`The input of task '${task}' is not valid: ${issues.map(issueText).join('; ')}.`);
    this.task = task;
    this.issues = issues;
  }
}
export interface InputIssue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
}

/** An attempt took longer than the task's timeout. It is also the `reason` of the signal that the task was given. */
export class TaskTimeoutError extends BgtaskError {
  override readonly name = 'TaskTimeoutError';
  override readonly code = 'BGTASK_TASK_TIMED_OUT';
  override readonly suggestions = ['Give the task more time: { timeout: … }', 'Pass runContext().signal on to what it waits for'];
  readonly timeoutMs: number;
  constructor(task: string, timeoutMs: number, options?: ErrorOptions) {
    super(`An attempt of task '${task}' took longer than its timeout of ${timeoutMs} ms.`, options);
    this.timeoutMs = timeoutMs;
  }
}

/** The `reason` of a task's signal when its run is cancelled. */
export class RunCancelledError extends BgtaskError {
  override readonly name = 'RunCancelledError';
  override readonly code = 'BGTASK_RUN_CANCELLED';
  constructor(reason = 'The run was cancelled.') {
    super(reason);
  }
}

/** `runContext()` was called where no task runs. */
export class NoRunError extends BgtaskError {
  override readonly name = 'NoRunError';
  override readonly code = 'BGTASK_NO_RUN';
  override readonly suggestions = ['Call runContext() inside the function of a task'];
  constructor() {
    super('There is no run here: runContext() was called outside a task.');
  }
}

/** A setting is unknown or has a wrong value. `source` says who gave it; only what was typed (`flag`) is a mistake of usage. */
export class ConfigError extends BgtaskError {
  override readonly name = 'ConfigError';
  override readonly code = 'BGTASK_CONFIG';
  override readonly suggestions: readonly string[];
  readonly source: 'flag' | 'env' | 'profile' | 'default';
  constructor(message: string, source: ConfigError['source'], suggestions: readonly string[] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.source = source;
    this.suggestions = suggestions;
  }
}

/** Why the files of a worker could not be loaded, for a person. */
export interface LoadProblem {
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  /** The lines around, with a mark under the place. */
  readonly frame: string | null;
  readonly stack: string | null;
}

/** The files of a worker do not load, or there is no task in them, or two of one name. Nothing was taken from the queue. */
export class TasksNotLoadedError extends BgtaskError {
  override readonly name = 'TasksNotLoadedError';
  override readonly code = 'BGTASK_TASKS_NOT_LOADED';
  readonly problem: LoadProblem;
  /** Where a change may mend it. */
  readonly files: readonly string[];
  constructor(problem: LoadProblem, files: readonly string[] = []) {
    const { file, line, column, message, frame } = problem;
    const place = file === null ? '' : line === null ? `${file}: ` : `${file}:${line}${column === null ? '' : `:${column}`}: `;
    super(`${place}${message}${frame === null ? '' : `\n\n${frame}\n`}`);
    this.problem = problem;
    this.files = files;
  }
}

/** The store is held by another process, was damaged, or cannot be written. `exitCode` is the one a command ends with. */
export class StoreError extends BgtaskError {
  override readonly name = 'StoreError';
  override readonly code: string;
  override readonly suggestions: readonly string[];
  readonly exitCode: number;
  constructor(kind: StoreErrorKind, message: string, suggestions: readonly string[] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = `BGTASK_STORE_${kind.toUpperCase()}`;
    this.exitCode = STORE_EXIT[kind];
    this.suggestions = suggestions;
  }
}
export type StoreErrorKind = 'damaged' | 'locked' | 'unsafe' | 'failed' | 'full' | 'url';
const STORE_EXIT: Record<StoreErrorKind, number> = { damaged: 65, unsafe: 73, failed: 74, full: 74, locked: 75, url: 78 };

function issueText({ message, path }: InputIssue): string {
  return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
