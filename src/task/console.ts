/**
 * What the code of a run prints belongs to the run's log, and is printed as ever. The console and both streams are taken over once
 * for the whole process; which run is meant is asked of the async context at each call, so runs side by side never mix.
 */
import { format } from 'node:util';
import { type LogLevel, scopes } from './context.ts';

const LEVELS = { log: 'info', info: 'info', debug: 'debug', warn: 'warn', error: 'error' } as const satisfies Record<string, LogLevel>;
const TAKEN = Symbol.for('bgtask.console');
/** A console method is at work: what it writes to a stream has been taken already. */
let insideConsole = false;

/** Takes the console and the streams over, the first time it is called in this process. */
export function captureOutput(): void {
  const shared = globalThis as { [TAKEN]?: true };
  if (shared[TAKEN]) return;
  shared[TAKEN] = true;
  for (const [method, level] of Object.entries(LEVELS)) takeMethod(method as keyof typeof LEVELS, level);
  takeStream(process.stdout, 'info');
  takeStream(process.stderr, 'error');
}

function takeMethod(method: keyof typeof LEVELS, level: LogLevel): void {
  const original = console[method];
  console[method] = function (this: unknown, ...args: unknown[]): void {
    const scope = scopes.getStore();
    if (scope === undefined || insideConsole) {
      Reflect.apply(original, this, args);
      return;
    }
    scope.add(level, format(...args));
    insideConsole = true;
    try {
      Reflect.apply(original, this, args);
    } finally {
      insideConsole = false;
    }
  };
}

function takeStream(stream: NodeJS.WriteStream, level: LogLevel): void {
  const original = stream.write;
  stream.write = function (this: unknown, ...args: unknown[]): boolean {
    const scope = insideConsole ? undefined : scopes.getStore();
    if (scope !== undefined) scope.write(level, textOf(args[0], args[1]));
    return Reflect.apply(original, this, args);
  } as typeof stream.write;
}

function textOf(chunk: unknown, encoding: unknown): string {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString();
  return typeof encoding === 'string' && encoding !== 'utf8'
    ? Buffer.from(String(chunk), encoding as BufferEncoding).toString()
    : String(chunk);
}
