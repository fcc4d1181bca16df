/** Why a socket is down: what can be told from the way it ended. Pure. */
import { RefusedError, UnauthorizedError } from '../core/errors.ts';
import type { WebSocketLike } from './raw-socket.ts';

/**
 * Why the socket is down. `gone`: refused, or closed by the other side. `silent`: nobody answered in time, so the server may well
 * live. `unauthorized`: it answered 401 or 403. `refused-protocol`: it is no bgtask server of this version.
 */
export type DownReason = 'gone' | 'silent' | 'unauthorized' | 'refused-protocol';

/** How a connection, or a try to make one, ended. */
export interface Ending {
  readonly url: string;
  /** It was open. */
  readonly up: boolean;
  /** What was told as the cause. */
  readonly error: unknown;
  /** Close code and reason. */
  readonly code: number;
  readonly reason: string;
  readonly refusal: WebSocketLike['refusal'] | undefined;
}

/** The network did not carry it: says nothing about whether the server lives. */
const SILENT = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN']);
/** The other side speaks another language: our own codes of `ws`, and what Node's HTTP parser says. */
const STRANGE = /^(WS_ERR_|HPE_)/;
const STRANGE_CLOSE = new Set([1002, 1003, 1007, 4400]);

export interface Down {
  readonly why: DownReason;
  readonly error: unknown;
}

export function whyDown(ending: Ending): Down {
  const { url, up, code, reason, refusal } = ending;
  if (refusal) return whyRefused(url, refusal);
  const error = ending.error ?? (reason ? new Error(reason) : undefined);
  const cause = (error as { code?: unknown } | undefined)?.code;
  if (typeof cause === 'string') {
    if (SILENT.has(cause)) return { why: 'silent', error };
    return { why: STRANGE.test(cause) ? 'refused-protocol' : 'gone', error };
  }
  // An error without a code before it was up: the handshake was no bgtask handshake. Some close codes tell us that ours is none.
  const strange = (!up && ending.error !== undefined) || STRANGE_CLOSE.has(code);
  return { why: strange ? 'refused-protocol' : 'gone', error };
}

function whyRefused(url: string, { status, code, message }: NonNullable<WebSocketLike['refusal']>): Down {
  if (status === 401) return { why: 'unauthorized', error: new UnauthorizedError(url) };
  const error = new RefusedError(status, code, message);
  if (status === 403) return { why: 'unauthorized', error };
  return { why: status >= 500 || status === 429 || status === 408 ? 'gone' : 'refused-protocol', error };
}
