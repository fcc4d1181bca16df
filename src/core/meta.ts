/**
 * What a run tells of itself beside its progress: named values, kept with the run as JSON text of one object. Small: it stands in every
 * list, and each change is pushed to whoever watches.
 */
import { InvalidOptionError } from './errors.ts';
import { LIMITS } from './protocol.ts';
import type { Payload } from './run.ts';

const KEY = /^[\w.:-]{1,64}$/;

/**
 * `meta` with `key` set. Both are JSON text of an object; null: nothing yet.
 * @throws {InvalidOptionError} It is no key, the value is no JSON, or all of it together is larger than `LIMITS.metaBytes`.
 */
export function setMeta(meta: Payload | null, key: string, value: unknown): Payload {
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new InvalidOptionError('key of meta.set(key, value)', key, '1 to 64 of the characters A-Z a-z 0-9 _ . : -');
  }
  const text = jsonOf(key, value);
  const all = JSON.stringify({ ...read(meta), [key]: JSON.parse(text) });
  if (bytesOf(all) <= LIMITS.metaBytes) return all;
  throw new InvalidOptionError(
    `meta.set('${key}', …) makes the meta of this run larger than ${LIMITS.metaBytes} bytes. Keep large things elsewhere and set a reference.`,
  );
}

/** `before` with what a later attempt has set. Where both together are too large the oldest goes. */
export function joinMeta(before: Payload | null, said: Payload): Payload {
  if (before === null || before === said) return said;
  const later = read(said);
  const entries = [...Object.entries(read(before)).filter(([key]) => !Object.hasOwn(later, key)), ...Object.entries(later)];
  for (;;) {
    const all = JSON.stringify(Object.fromEntries(entries));
    if (bytesOf(all) <= LIMITS.metaBytes) return all;
    entries.shift();
  }
}

/** True where `text` can be the meta of a run. */
export function isMeta(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && bytesOf(text) <= LIMITS.metaBytes;
  } catch {
    return false;
  }
}

function read(meta: Payload | null): Record<string, unknown> {
  return meta === null ? {} : (JSON.parse(meta) as Record<string, unknown>);
}

function jsonOf(key: string, value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch {
    // Said below, as of everything that is no JSON.
  }
  throw new InvalidOptionError(
    `value of meta.set('${key}', …)`,
    value,
    'a value that JSON has: text, number, true, false, null, array or plain object',
  );
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
