/**
 * Values as they are stored and sent. Plain JSON stays exactly as it is; anything richer (Date, BigInt, Map, Set, URL, RegExp,
 * Uint8Array, undefined, NaN, Infinity, Error, cycles, futures) becomes `{"$devalue": …}` in its place. Never code, never a class.
 */
import { DevalueError, stringify, unflatten } from 'devalue';
import { ValueError } from './errors.ts';
import { LIMITS } from './protocol.ts';
import type { Payload, RunError, Upstream } from './run.ts';

/** Marks an object as a future of a run; `encodeArgs` turns it into the run's id, and a worker into the run's result. */
export const FUTURE: unique symbol = Symbol.for('bgtask.future') as never;
/** What an object carries under `FUTURE`. */
export interface FutureMark {
  readonly [FUTURE]: Upstream;
}

const MARK = '$devalue';
/** Deeper plain JSON is stored flat: with the run and the array of arguments around it, the rest fits the nesting that is taken in. */
const MAX_DEPTH = LIMITS.depth - 2;

export interface EncodedArgs {
  readonly args: Payload;
  /** The futures found inside the arguments. */
  readonly upstream: readonly Upstream[];
}

/**
 * Arguments as JSON text: an array with one encoded value each.
 * @throws {ValueError} A value has no stored form; it names the path, as in `args[0].socket`.
 */
export function encodeArgs(args: readonly unknown[]): EncodedArgs {
  const upstream = new Map<string, Upstream>();
  const texts = args.map((arg, index) => encode(arg, `args[${index}]`, upstream));
  return { args: `[${texts.join(',')}]`, upstream: [...upstream.values()] };
}

/** A result as JSON text; null for undefined. @throws {ValueError} It has no stored form. */
export function encodeResult(value: unknown): Payload | null {
  return value === undefined ? null : encode(value, 'result', new Map());
}

/** How a future inside the arguments is replaced: by the result of its run, or by how it settled. */
export type Resolve = (upstream: Upstream) => unknown;

/** The arguments of a payload made by `encodeArgs`, or of a JSON array from any other hand. */
export function decodeArgs(args: Payload, resolve?: Resolve): unknown[] {
  return (JSON.parse(args) as unknown[]).map((arg) => decode(arg, resolve));
}

export function decodeResult(result: Payload | null): unknown {
  return result === null ? undefined : decode(JSON.parse(result));
}

/** One value of parsed JSON, with its mark undone where it has one. */
export function decode(json: unknown, resolve: Resolve = (upstream) => upstream): unknown {
  if (!isMarked(json)) return json;
  return unflatten(json[MARK] as never, { Error: reviveError, Future: (up: Upstream) => resolve(up) });
}

/** True where parsed JSON stands for a richer value, a future among them perhaps. */
export function isMarked(json: unknown): json is { [MARK]: unknown } {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, MARK) && Object.keys(json).length === 1;
}

function encode(value: unknown, path: string, upstream: Map<string, Upstream>): string {
  const reducers = {
    Error: (thing: unknown) => thing instanceof Error && reduceError(thing),
    Future: (thing: unknown) => isFuture(thing) && found(thing[FUTURE], upstream),
  };
  try {
    return isPlain(value, 0) ? JSON.stringify(value) : `{"${MARK}":${stringify(value, reducers)}}`;
  } catch (error) {
    // Getters and proxies are code of others, which may throw anything.
    if (!(error instanceof DevalueError || error instanceof RangeError))
      throw new ValueError(path, `cannot be read: ${toRunError(error).message}`);
    throw new ValueError(path + ((error as { path?: string }).path ?? ''), whyNot(error));
  }
}

function whyNot(error: RangeError | DevalueError): string {
  const { value } = error as { value?: unknown };
  if (typeof value === 'function') return 'is a function and cannot be stored';
  if (typeof value === 'symbol') return 'is a symbol and cannot be stored';
  if (error instanceof RangeError) return 'is nested too deeply to be stored';
  if (value instanceof Promise) return 'is a promise; await it first';
  const name = typeof value === 'object' && value !== null ? value.constructor?.name || 'without a name' : typeof value;
  return name === 'Object' ? 'has a key that cannot be stored' : `is of class ${name}, which cannot be stored; pass plain data`;
}

function found(mark: Upstream, upstream: Map<string, Upstream>): Upstream {
  const before = upstream.get(mark.id);
  upstream.set(mark.id, { id: mark.id, allowFailure: mark.allowFailure && (before?.allowFailure ?? true) });
  return { id: mark.id, allowFailure: mark.allowFailure };
}

function isFuture(thing: unknown): thing is FutureMark {
  return typeof thing === 'object' && thing !== null && FUTURE in thing;
}

/** True where JSON gives back the very same value. */
function isPlain(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth >= MAX_DEPTH || isFuture(value)) return false;
  return Array.isArray(value) ? isPlainArray(value, depth) : isPlainObject(value, depth);
}

function isPlainArray(value: readonly unknown[], depth: number): boolean {
  if (Object.keys(value).length !== value.length) return false; // holes, or keys beside the items
  return value.every((item) => isPlain(item, depth + 1));
}

function isPlainObject(value: object, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  if (Object.hasOwn(value, MARK) || typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  return Object.values(value).every((item) => isPlain(item, depth + 1));
}

type ReducedError = { name: string; message: string; stack?: string; cause?: unknown; code?: unknown };

function reduceError(error: Error): ReducedError {
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
  };
}

function reviveError({ name, message, stack, cause, code }: ReducedError): Error {
  const error = new Error(message, cause === undefined ? {} : { cause });
  define(error, 'name', name);
  define(error, 'stack', stack ?? `${name}: ${message}`);
  if (code !== undefined) Object.assign(error, { code });
  return error;
}

function define(error: Error, key: string, value: string): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true });
}

/** What was thrown, as text to store. Anything can be thrown; a thing that is no Error gets the name `Error` and its text. */
export function toRunError(thrown: unknown, depth = 0): RunError {
  try {
    return readError(thrown, depth);
  } catch {
    return { name: 'Error', message: 'Something was thrown that cannot be read', stack: null, cause: null };
  }
}

function readError(thrown: unknown, depth: number): RunError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: textOf(thrown), stack: null, cause: null };
  const cause = thrown.cause === undefined || depth >= 8 ? null : toRunError(thrown.cause, depth + 1);
  return { name: String(thrown.name), message: messageOf(thrown), stack: thrown.stack ? String(thrown.stack) : null, cause };
}

/** That of an AggregateError is often empty, as where a name has two addresses and neither answers: then those of its errors. */
function messageOf(thrown: Error): string {
  const message = String(thrown.message);
  if (message !== '' || !(thrown instanceof AggregateError)) return message;
  return thrown.errors.map((each) => toRunError(each, 8).message).join('; ');
}

/** A stored error as an Error with the remote name, message, stack and cause. */
export function fromRunError(error: RunError): Error {
  const { name, message, stack, cause } = error;
  return reviveError({ name, message, ...(stack === null ? {} : { stack }), ...(cause === null ? {} : { cause: fromRunError(cause) }) });
}

function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object') return String(thrown);
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
