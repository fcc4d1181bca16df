/** What of an attempt's end can be stored and sent: a result within its limit, an error as text within reason. */
import { ValueError } from '../core/errors.ts';
import { LIMITS } from '../core/protocol.ts';
import type { Payload, RunError } from '../core/run.ts';
import { encodeResult, toRunError } from '../core/values.ts';

/** Longest message or stack that is kept, in characters: an error must never be what breaks a frame. */
const ERROR_TEXT = 32_768;

/** Below this frame of execute.ts a stack shows nothing but how bgtask came to call the task. */
const OWN_FRAMES = /\n\s+at (async )?callTaskFunction \([\s\S]*$/;

/** The result as it is stored. @throws {ValueError} It has no stored form, or is larger than `most` bytes. */
export function storableResult(value: unknown, most: number = LIMITS.resultBytes): Payload | null {
  const payload = encodeResult(value);
  if (payload === null || payload.length * 3 <= most) return payload;
  const bytes = Buffer.byteLength(payload);
  if (bytes <= most) return payload;
  throw new ValueError('result', `has ${bytes} bytes as it is stored; the most is ${most}`);
}

/** What was thrown, as it is stored: the stack ends where the task's own code does. Takes anything, also what cannot be read. */
export function storableError(thrown: unknown): RunError {
  return cut(toRunError(thrown));
}

function cut({ name, message, stack, cause }: RunError): RunError {
  return {
    name: text(name),
    message: text(message),
    stack: stack === null ? null : text(stack.replace(OWN_FRAMES, '')),
    cause: cause === null ? null : cut(cause),
  };
}

function text(of: string): string {
  return of.length <= ERROR_TEXT ? of : `${of.slice(0, ERROR_TEXT)}… [cut: ${of.length} characters]`;
}
