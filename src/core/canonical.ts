/**
 * One text for one value, in whichever process and order it was made: what cache keys are made of. It can be made of everything that
 * values.ts stores. The order of keys in objects and Maps, and of items in Sets, does not count; a property that is undefined is as none.
 */
import { ValueError } from './errors.ts';

/** @throws {ValueError} Some value has no such text; it names the path, which begins with `path`. */
export function canonical(value: unknown, path: string): string {
  try {
    return textOf(value, path, []);
  } catch (error) {
    if (error instanceof RangeError) throw new ValueError(path, 'is nested too deeply for a cache key');
    throw error;
  }
}

function textOf(value: unknown, path: string, above: readonly object[]): string {
  if (value === null) return 'null';
  if (typeof value === 'object') return objectText(value, path, above);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean' || value === undefined) return String(value);
  throw new ValueError(path, `is a ${typeof value} and cannot be part of a cache key`);
}

function objectText(value: object, path: string, above: readonly object[]): string {
  const depth = above.lastIndexOf(value);
  if (depth >= 0) return `^${above.length - depth}`; // it holds itself
  const inside = [...above, value];
  if (Array.isArray(value)) return `[${Array.from(value, (item, index) => textOf(item, `${path}[${index}]`, inside)).join(',')}]`;
  if (value instanceof Error) return errorText(value, path, inside);
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const known = TEXTS[tag];
  if (known) return `${tag}(${known(value as never, (item, where) => textOf(item, path + where, inside))})`;
  if (ArrayBuffer.isView(value) && tag !== 'DataView') return `${tag}(${hex(value)})`;
  if (isPlain(value)) return plainText(value, path, inside);
  const name = value instanceof Promise ? 'a promise; await it first' : `of class ${value.constructor?.name ?? 'unknown'}`;
  throw new ValueError(path, `is ${name}, and cannot be part of a cache key`);
}

type Inner = (item: unknown, where: string) => string;
const TEXTS: Readonly<Record<string, (value: never, inner: Inner) => string>> = {
  Date: (date: Date) => String(date.getTime()),
  URL: (url: URL) => JSON.stringify(url.href),
  URLSearchParams: (params: URLSearchParams) => JSON.stringify(String(params)),
  RegExp: ({ source, flags }: RegExp) => `${JSON.stringify(source)},${flags}`,
  ArrayBuffer: (buffer: ArrayBuffer) => hex(new Uint8Array(buffer)),
  Set: (set: Set<unknown>, inner) =>
    [...set]
      .map((item) => inner(item, '.(an item)'))
      .sort()
      .join(','),
  Map: (map: Map<unknown, unknown>, inner) =>
    [...map]
      .map(([key, item]) => `${inner(key, '.(a key)')}:${inner(item, `.get(${typeof key === 'string' ? JSON.stringify(key) : '…'})`)}`)
      .sort()
      .join(','),
};

function plainText(value: object, path: string, inside: readonly object[]): string {
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new ValueError(path, 'has a key that is a symbol, and cannot be part of a cache key');
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const texts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${textOf(item, `${path}.${key}`, inside)}`);
  return `{${texts.join(',')}}`;
}

/** Without its stack, which tells where it was made and not what it is. */
function errorText(error: Error, path: string, inside: readonly object[]): string {
  const { name, message, cause } = error;
  const { code } = error as { code?: unknown };
  return `Error(${[name, message, code, cause].map((item, at) => textOf(item, path + ['.name', '.message', '.code', '.cause'][at], inside)).join(',')})`;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function hex({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  let text = '';
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text += HEX[byte];
  return text;
}
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
