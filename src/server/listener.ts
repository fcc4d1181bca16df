/**
 * The listening HTTP server: limits of connections, headers and time, and the guard before everything else. What the guard lets in
 * goes to the routes or to the sockets.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerLimits } from '../core/protocol.ts';
import type { Clock } from '../core/seams.ts';
import { errorBody, type Refusal, rawAnswer, refusalHeaders, refuse, SECURITY_HEADERS } from './answer.ts';
import { Entrants } from './entrants.ts';
import { isFree, type Rules, refusalOf, socketOf, upgradeRefusalOf } from './guard.ts';

export interface ListenerParts {
  readonly clock: Clock;
  readonly limits: ServerLimits;
  /** Asked at each request. */
  readonly rules: () => Rules;
  /** Headers of every answer, beside the security headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (path: 'work' | 'watch', request: IncomingMessage, stream: Duplex, head: Buffer) => void;
}

const KEEP_ALIVE_MS = 30_000;
/** So often Node looks whether a request takes too long. */
const CHECK_MS = 2_000;
/** So much earlier than it must: in time, however late Node looks at it. */
const EARLY_MS = 3_000;
/** How long a connection that was refused stays, and the rest of a body is read and thrown away, so that the refusal arrives. */
const DRAIN_MS = 500;
const NO_PROXY = refuse(400, 'bad_target', 'The request target must be a path that begins with /. This is no proxy.');
const NO_SUCH_EXPECTATION = refuse(417, 'unknown_expectation', 'Of what a request may expect only 100-continue is known here.');

/** Not listening yet. */
export function createListener(parts: ListenerParts): Server {
  const { headerBytes, headersMs, requestMs, batchBodyBytes } = parts.limits;
  const server = createServer({
    ...{ maxHeaderSize: headerBytes, headersTimeout: Math.min(headersMs, requestMs - EARLY_MS), requestTimeout: requestMs - EARLY_MS },
    ...{ keepAliveTimeout: KEEP_ALIVE_MS, connectionsCheckingInterval: CHECK_MS, requireHostHeader: false, noDelay: true },
  });
  server.maxHeadersCount = 0; // their bytes are limited, and the guard must see them all
  const entrants = new Entrants(parts.clock, parts.limits);
  server.on('connection', (socket) => {
    entrants.entered(socket);
    // How Node ends a connection after its last answer: at once, and what is still on its way here would take the answer along.
    socket.destroySoon = () => linger(parts, socket);
  });
  server.on('request', (request, response) => {
    if (letIn(parts, entrants, request, response)) parts.onRequest(request, response);
  });
  server.on('checkContinue', (request, response) => {
    if (!letIn(parts, entrants, request, response)) return;
    if (Number(request.headers['content-length'] ?? 0) <= batchBodyBytes) response.writeContinue();
    parts.onRequest(request, response);
  });
  server.on('checkExpectation', (request, response) => {
    if (letIn(parts, entrants, request, response)) turnAway(NO_SUCH_EXPECTATION, request, response);
  });
  server.on('upgrade', (request, stream, head) => upgrade(parts, entrants, request, stream, head));
  server.on('connect', (_request, stream) => hangUp(parts, NO_PROXY, stream));
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => hangUp(parts, unreadable(error.code, headerBytes), stream));
  return server;
}

/** False where the request was answered with a refusal. */
function letIn(parts: ListenerParts, entrants: Entrants, request: IncomingMessage, response: ServerResponse): boolean {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  for (const [name, value] of Object.entries(parts.headers)) response.setHeader(name, value);
  const rules = parts.rules();
  const refusal = entrants.refusalOf(request.socket) ?? refusalOf(request, rules);
  if (!refusal) {
    if (rules.token === null || !isFree(request)) entrants.known(request.socket);
    return true;
  }
  turnAway(refusal, request, response);
  return false;
}

function turnAway(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(errorBody(refusal));
  response.writeHead(refusal.status, { ...refusalHeaders(refusal), 'content-length': Buffer.byteLength(body), connection: 'close' });
  response.end(body);
  request.resume();
}

/** Says goodbye, and reads on for a while. */
function linger({ clock }: ListenerParts, socket: Socket): void {
  socket.end();
  socket.resume();
  const timer = clock.after(DRAIN_MS, () => socket.destroy(), true);
  socket.once('close', () => timer.cancel());
}

/** The same where no response stands on the connection. Does not wait for the other side to hang up, too. */
function hangUp({ clock }: ListenerParts, refusal: Refusal, stream: Duplex): void {
  stream.on('error', () => stream.destroy());
  if (stream.writable) stream.end(rawAnswer(refusal));
  else stream.destroy();
  const timer = clock.after(DRAIN_MS, () => stream.destroy(), true);
  stream.once('close', () => timer.cancel());
}

function upgrade(parts: ListenerParts, entrants: Entrants, request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const refusal = entrants.refusalOf(request.socket) ?? upgradeRefusalOf(request, parts.rules());
  const path = socketOf(request);
  if (refusal || path === null) {
    hangUp(parts, refusal ?? NO_PROXY, stream);
    return;
  }
  stream.on('error', () => stream.destroy());
  entrants.known(request.socket);
  parts.onUpgrade(path, request, stream, head);
}

function unreadable(code: string | undefined, headerBytes: number): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return refuse(431, 'headers_too_large', `The headers are larger than ${headerBytes} bytes.`);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refuse(408, 'too_slow', 'The request did not arrive in time.');
  return refuse(400, 'bad_request', 'This is no HTTP request that can be read.');
}
