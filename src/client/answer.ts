/** From what the server answers to what the caller gets: a value, or one of the errors of core/errors.ts. Pure. */

import type { ErrorBody } from '../core/api.ts';
import {
  type BgtaskError,
  DuplicateRunError,
  InvalidInputError,
  NOT_BGTASK,
  RefusedError,
  RunNotFoundError,
  UnauthorizedError,
} from '../core/errors.ts';

/** The server says itself that it does not know what became of a submit; with the same id it may be sent again. */
const UNKNOWN = new Set(['storage_failed', 'too_slow']);

/** The server takes nothing at the moment, and does not look whether it has the run already. */
const BUSY = new Set(['draining', 'queue_full', 'disk_full']);

/**
 * What became of a submit is not known: repeating it with the same id tells. `sent`: it was sent before, and what became of it then
 * is not known; that the server now takes nothing does not tell it either.
 */
export function isUnknown(code: string, sent = false): boolean {
  return UNKNOWN.has(code) || (sent && BUSY.has(code));
}

/** The server is about to go: it has not stored what it refuses so, and is as good as not there. */
export function isLeaving(code: string): boolean {
  return code === 'draining';
}

/** Statuses that stand for no answer of the server itself, but for a proxy that has none. */
export function isUnanswered(status: number, body: string): boolean {
  return status === 502 || status === 504 || (status === 503 && isUnknown(errorOf(status, body).code));
}

/** The value of an answer. @throws {BgtaskError} It is a refusal. */
export function answerValue(status: number, body: string, url: string, path: string): unknown {
  if (status < 200 || status >= 300) throw refusalOf(status, body, url, path);
  if (status === 204) return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new RefusedError(status, NOT_BGTASK, `What answers at ${url} is no bgtask server.`);
  }
}

function refusalOf(status: number, body: string, url: string, path: string): BgtaskError {
  if (status === 401) return new UnauthorizedError(url);
  const runId = /^\/runs\/([^/?]+)/.exec(path)?.[1];
  const error = errorOf(status, body);
  const particular = particularOf(error);
  if (particular) return particular;
  if (error.code === 'http_404')
    return new RefusedError(status, NOT_BGTASK, `What answers at ${url} is no bgtask server. Is API_URL right?`);
  const isRoute = runId === undefined || runId === 'batch' || runId === 'count';
  return status === 404 && !isRoute ? new RunNotFoundError(decodeURIComponent(runId)) : new RefusedError(status, error.code, error.message);
}

/** The errors that say more than that the server refused. */
function particularOf({ code, message, runId, input }: ErrorBody['error']): DuplicateRunError | InvalidInputError | null {
  if (code === 'duplicate' && runId !== undefined) return new DuplicateRunError(message, runId);
  return input === undefined ? null : new InvalidInputError(input.task, input.issues);
}

/** Code and message of an error body; plain words where it is none of bgtask's. */
export function errorOf(status: number, body: string): ErrorBody['error'] {
  try {
    const { code, message, runId, input } = (JSON.parse(body) as { error: Record<string, unknown> }).error;
    if (typeof code === 'string' && typeof message === 'string')
      return { code, message, ...(typeof runId === 'string' && { runId }), ...(isInput(input) && { input }) };
  } catch {} // not JSON: said below
  const redirect = status >= 300 && status < 400;
  return redirect
    ? { code: 'redirect', message: 'The server answered with a redirect, which is not followed. Is API_URL right?' }
    : { code: `http_${status}`, message: `The server answered with HTTP status ${status}.` };
}

/** The status that belongs to the code of one refused run among others. */
const STATUS: Readonly<Record<string, number>> = {
  id_conflict: 409,
  id_expired: 409,
  no_upstream: 409,
  too_large: 413,
  queue_full: 429,
  draining: 503,
  storage_failed: 503,
  disk_full: 507,
};

export function refusedRun({ error }: ErrorBody): BgtaskError {
  return particularOf(error) ?? new RefusedError(STATUS[error.code] ?? 400, error.code, error.message);
}

function isInput(thing: unknown): thing is NonNullable<ErrorBody['error']['input']> {
  const { task, issues } = (thing ?? {}) as { task?: unknown; issues?: unknown };
  return typeof task === 'string' && Array.isArray(issues);
}
