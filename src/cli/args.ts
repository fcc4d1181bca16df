/** What a command reads beside its flags: JSON arguments, `KEY=VALUE` pairs, stdin where it was asked for. */
import { settingOf } from '../config/config.ts';
import { UsageError } from './usage.ts';

/** Each argument as JSON where it parses, else as the text it is. */
export function parseArgs(texts: readonly string[]): unknown[] {
  return texts.map((text) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  });
}

/** `text` as the array of arguments. @throws {UsageError} It is no JSON, or no array. */
export function parseArgsJson(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--args is not JSON: ${(error as Error).message}`, [`For example: --args '["Ford", 42]'`]);
  }
  if (!Array.isArray(value))
    throw new UsageError('--args must be a JSON array: one item for each argument.', [`For example: --args '["Ford"]'`]);
  return value;
}

/** `KEY=VALUE` as the two; the key as its setting. @throws {UsageError} There is no `=`. */
export function parsePair(pair: string): [key: string, value: string] {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`${JSON.stringify(pair)} is not KEY=VALUE.`, [`For example: bgtask config set ${keyOr(pair)}=VALUE`]);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** All of stdin, without the line break at its end. For a value that was given as `-`. */
export async function readStdin(): Promise<string> {
  const { text } = await import('node:stream/consumers');
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

function keyOr(text: string): string {
  try {
    return settingOf(text).key;
  } catch {
    return 'KEY';
  }
}
