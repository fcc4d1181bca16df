/**
 * How the server says no, and what stands on each of its answers. Errors are `{ error: { code, message } }`: no stack, no path,
 * nothing of the environment. Plain text in and out, so that the same words go through HTTP, a raw socket and a frame.
 */
import { STATUS_CODES } from 'node:http';
import type { ErrorBody } from '../core/api.ts';
import { InvalidOptionError, StoreError } from '../core/errors.ts';
import { isRefusal, type Refusal } from './submission.ts';

export { isRefusal, type Refusal } from './submission.ts';

/** On every answer, refused ones too. There is no `Access-Control-*` among them, ever. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};
export const JSON_TYPE = 'application/json; charset=utf-8';

export function refuse(status: number, code: string, message: string): Refusal {
  return { status, code, message };
}

export function errorBody({ code, message, runId, input }: Pick<Refusal, 'code' | 'message' | 'runId' | 'input'>): ErrorBody {
  return { error: { code, message, ...(runId === undefined ? {} : { runId }), ...(input === undefined ? {} : { input }) } };
}

/** The headers a refusal needs beside the security headers. */
export function refusalHeaders({ status, retryAfterS }: Refusal): Record<string, string> {
  return {
    'content-type': JSON_TYPE,
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
  };
}

/** A whole answer for a socket that no HTTP response stands on: a refused upgrade, a request that could not be parsed. */
export function rawAnswer(refusal: Refusal): string {
  const body = JSON.stringify(errorBody(refusal));
  const headers = {
    ...SECURITY_HEADERS,
    ...refusalHeaders(refusal),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
}

/** Thrown where a request cannot be answered otherwise; http.ts turns it into the answer. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** `value`, where it is none. @throws {Refused} It is a refusal. */
export function unlessRefused<T>(value: T | Refusal): T {
  if (typeof value === 'object' && value !== null && isRefusal(value)) throw new Refused(value);
  return value as T;
}

export const INTERNAL: Refusal = refuse(500, 'internal', 'The server failed at this request. Its own output says why.');

/** What a caller is told of an error. Of one that should not happen it is told no more than that (`INTERNAL`). */
export function refusalOfError(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof InvalidOptionError) return refuse(400, 'invalid_option', error.message);
  if (!(error instanceof StoreError)) return INTERNAL;
  return error.code === 'BGTASK_STORE_FULL'
    ? refuse(507, 'disk_full', 'The disk of the store is full. Free some space.')
    : refuse(503, 'storage_failed', 'The store cannot be used. The server stops.');
}
