/**
 * A value as a person may see it: what looks like a secret is masked, and what is too big to read is left out. For screens and human
 * output only; JSON output always carries the value itself.
 */

const SECRET = /pass|secret|token|key|auth/i;
export const MASK = '***';

export interface Bounds {
  /** Entries of one array, object, Map or Set. */
  readonly entries: number;
  /** UTF-16 code units of one text. */
  readonly text: number;
  readonly depth: number;
}

/** A bounded copy of `value`, with `***` in place of each entry whose key speaks of a password, secret, token, key or authorisation. */
export function abridge(value: unknown, bounds: Bounds): unknown {
  return copy(value, bounds, 0, new Map());
}

function copy(value: unknown, bounds: Bounds, depth: number, seen: Map<object, unknown>): unknown {
  if (typeof value === 'string') return shorten(value, bounds.text);
  if (typeof value !== 'object' || value === null) return value;
  return seen.get(value) ?? copyInside(value, bounds, depth, seen);
}

function copyInside(value: object, bounds: Bounds, depth: number, seen: Map<object, unknown>): unknown {
  if (depth >= bounds.depth && isContainer(value)) return Array.isArray(value) ? ['…'] : { '…': '…' };
  if (Array.isArray(value)) return copyArray(value, bounds, depth, seen);
  if (value instanceof Map) return copyMap(value, bounds, depth, seen);
  if (value instanceof Set) return new Set(copyArray([...value], bounds, depth, seen));
  if (value instanceof Uint8Array) return value.length > bounds.entries ? value.slice(0, bounds.entries) : value;
  return isPlainObject(value) ? copyObject(value, bounds, depth, seen) : value;
}

function copyArray(value: readonly unknown[], bounds: Bounds, depth: number, seen: Map<object, unknown>): unknown[] {
  const result: unknown[] = [];
  seen.set(value, result);
  for (const item of value.slice(0, bounds.entries)) result.push(copy(item, bounds, depth + 1, seen));
  if (value.length > bounds.entries) result.push(`… ${value.length - bounds.entries} more`);
  return result;
}

function copyMap(value: ReadonlyMap<unknown, unknown>, bounds: Bounds, depth: number, seen: Map<object, unknown>): unknown {
  const result = new Map<unknown, unknown>();
  seen.set(value, result);
  for (const [key, item] of [...value].slice(0, bounds.entries)) {
    result.set(
      copy(key, bounds, depth + 1, seen),
      typeof key === 'string' && SECRET.test(key) ? MASK : copy(item, bounds, depth + 1, seen),
    );
  }
  if (value.size > bounds.entries) result.set('…', `${value.size - bounds.entries} more`);
  return result;
}

function copyObject(value: object, bounds: Bounds, depth: number, seen: Map<object, unknown>): unknown {
  const result: Record<string, unknown> = Object.create(Object.getPrototypeOf(value));
  seen.set(value, result);
  const keys = Object.keys(value);
  for (const key of keys.slice(0, bounds.entries)) {
    const item = SECRET.test(key) ? MASK : copy((value as Record<string, unknown>)[key], bounds, depth + 1, seen);
    Object.defineProperty(result, shorten(key, bounds.text), { value: item, enumerable: true, configurable: true, writable: true });
  }
  if (keys.length > bounds.entries) result['…'] = `${keys.length - bounds.entries} more`;
  return result;
}

function isContainer(value: object): boolean {
  return Array.isArray(value) || value instanceof Map || value instanceof Set || isPlainObject(value);
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
