/**
 * What a task is once it is defined: its name, its function, and its options in the form the rest of the code wants.
 * Nothing is checked here (options.ts) and nothing runs here (execute.ts).
 */
import type { Duration } from '../core/duration.ts';
import type { TaskInfo } from '../core/frames.ts';
import { HOOK_NAMES, type HookName } from '../core/hooks.ts';
import type { OnConflict } from '../core/run.ts';
import type { CacheOption } from './cache-key.ts';
import { jsonSchemaOf } from './json-schema.ts';
import type { StandardSchema } from './standard-schema.ts';

/** A task value carries its definition under this, so that two copies of the library in one process understand each other. */
export const TASK: unique symbol = Symbol.for('bgtask.task') as never;
export interface TaskMark {
  readonly [TASK]: Definition;
}

type AnyFunction = (...args: readonly unknown[]) => unknown;
/** Which attempt failed, for the options that decide about the next one. */
export interface Failure {
  /** 1 for the first start of the run. */
  readonly attempt: number;
}

export interface Definition {
  readonly name: string;
  readonly fn: AnyFunction;
  /** What a worker tells the server. */
  readonly info: TaskInfo;
  readonly options: DefinedOptions;
  /** Hooks are added after the task is defined, so these lists grow. */
  readonly hooks: Hooks;
}

/** A key from the arguments of a call. */
export type KeyOf = (...args: readonly unknown[]) => string;

/** The options of a task, checked. What the server must know too is in `TaskInfo`. */
export interface DefinedOptions {
  readonly input: StandardSchema | null;
  /** Only where the delay is a function; else `TaskInfo.retry` says it. */
  readonly retryDelay: ((error: unknown, failure: Failure) => Duration) | null;
  readonly retryIf: ((error: unknown, failure: Failure) => unknown) | null;
  readonly cache: CacheOption | null;
  readonly ttlMs: number | null;
  readonly tags: readonly string[];
  readonly runName: ((...args: readonly unknown[]) => string) | null;
  readonly idempotencyKey: KeyOf | null;
  readonly idempotencyTtlMs: number | null;
  readonly onConflict: OnConflict | null;
  readonly debounce: { readonly key: KeyOf; readonly waitMs: number; readonly maxWaitMs: number | null } | null;
  readonly throttle: { readonly key: KeyOf; readonly perMs: number } | null;
  readonly concurrencyKey: KeyOf | null;
}

export { HOOK_NAMES, type HookName } from '../core/hooks.ts';
/** Called with the run, then its arguments. */
export type Hook = (run: never, ...args: readonly unknown[]) => unknown;
export type Hooks = Readonly<Record<HookName, Hook[]>>;

export function noHooks(): Hooks {
  return Object.fromEntries(HOOK_NAMES.map((name) => [name, []])) as unknown as Hooks;
}

/** What a worker tells of a task, with its input and the hooks that were added by now. */
export function infoOf({ info, hooks, options }: Definition): TaskInfo {
  const names = HOOK_NAMES.filter((name) => hooks[name].length > 0);
  const input = options.input === null ? undefined : jsonSchemaOf(options.input);
  return { ...info, ...(names.length === 0 ? {} : { hooks: names }), ...(input === undefined ? {} : { input }) };
}

/** The definition a value carries; undefined where it is no task. */
export function definitionOf(value: unknown): Definition | undefined {
  const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return isObject ? (value as Partial<TaskMark>)[TASK] : undefined;
}

/**
 * The tasks that a loaded file exports, each once, in order. CommonJS arrives as `default`, so that is looked through as well.
 * Two tasks of one name are both given; whoever serves them refuses that.
 */
export function findTasks(moduleNamespace: object): Definition[] {
  const found = new Set<Definition>();
  for (const value of [...values(moduleNamespace), ...values((moduleNamespace as { default?: unknown }).default)]) {
    const definition = definitionOf(value);
    if (definition) found.add(definition);
  }
  return [...found];
}

function values(of: unknown): unknown[] {
  return typeof of === 'object' && of !== null ? Object.values(of) : [];
}
