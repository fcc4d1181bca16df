/**
 * How a client in Node reaches the server: HTTP over kept-alive connections and `ws`, both loaded when first needed.
 * The server is not trusted: no redirect is followed, and no answer may be larger than `ANSWER_BYTES`.
 */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { hostname } from 'node:os';
import type { ClientOptions, WebSocket } from 'ws';
import { RefusedError } from '../core/errors.ts';
import { errorOf } from './answer.ts';
import { CONNECT_TIMEOUT_MS, type Connect, type WebSocketLike } from './socket.ts';
import { ANSWER_BYTES, type HttpAnswer, type HttpRequest, NetworkError, type Transport } from './transport.ts';

/** Of a refused upgrade's body only so much is read. */
const REFUSAL_BYTES = 65_536;
const MOST_CONNECTIONS = 32;

export function nodeTransport(): Transport {
  const agents = new Map<string, Promise<Http>>();
  return {
    caller: `${hostname()}:${process.pid}`,
    connect: nodeConnect,
    request: async (request) => {
      const { protocol } = new URL(request.url);
      const http = agents.get(protocol) ?? loadHttp(protocol);
      agents.set(protocol, http);
      return exchange(await http, request);
    },
    close: () => {
      for (const http of agents.values()) void http.then(({ agent }) => agent.destroy());
      agents.clear();
    },
  };
}

// ---- HTTP ------------------------------------------------------------------------------------------------------------------

interface Http {
  readonly agent: Agent;
  readonly begin: (url: string, options: RequestOptions) => ClientRequest;
}

async function loadHttp(protocol: string): Promise<Http> {
  const { Agent, request } = protocol === 'https:' ? await import('node:https') : await import('node:http');
  return { agent: new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS }), begin: request };
}

function exchange({ agent, begin }: Http, { method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let reached = false;
    const length: Record<string, string> = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = begin(url, { method, agent, headers: { ...headers, ...length } });
    const late = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const end = (done: () => void): void => {
      clearTimeout(late);
      done();
    };
    request.once('socket', (socket) =>
      onConnected(socket, () => {
        reached = true;
      }),
    );
    request.on('error', (error) => end(() => reject(error instanceof RefusedError ? error : new NetworkError(reached, error))));
    request.once('response', (answer) => {
      reached = true;
      read(answer).then(
        (text) => end(() => resolve({ status: answer.statusCode ?? 0, body: text })),
        (error) =>
          request.destroy(error as Error) && end(() => reject(error instanceof RefusedError ? error : new NetworkError(true, error))),
      );
    });
    request.end(body ?? undefined);
  });
}

/** Calls `fn` when the connection stands; gives one up that does not within the connect timeout. */
function onConnected(socket: NetSocket, fn: () => void): void {
  if (!socket.connecting) {
    fn();
    return;
  }
  const late = setTimeout(() => socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)), CONNECT_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(late));
  socket.once('connect', () => {
    clearTimeout(late);
    fn();
  });
}

async function read(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_BYTES) {
      throw new RefusedError(answer.statusCode ?? 0, 'answer_too_large', `The answer is larger than ${ANSWER_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  return (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString();
}

// ---- WebSocket -------------------------------------------------------------------------------------------------------------

/** A WebSocket of `ws`. It is loaded with the first call. */
export const nodeConnect: Connect = async (url, protocols, headers) => {
  const { WebSocket: Ws } = await import('ws');
  return new NodeSocket(Ws, url, protocols, headers);
};

class NodeSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  refusal: NonNullable<WebSocketLike['refusal']> | null = null;
  readonly #ws: WebSocket;
  #net: NetSocket | null = null;
  #held = true;

  constructor(Ws: typeof WebSocket, url: string, protocols: string[], headers: Record<string, string>) {
    const options: ClientOptions & { closeTimeout: number } = {
      headers,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: ANSWER_BYTES,
      closeTimeout: 1_000, // its timer holds the process
      finishRequest: (request) => this.#connecting(request as unknown as ClientRequest),
    };
    this.#ws = new Ws(url, protocols, options);
    this.#ws.on('open', () => this.onopen?.(undefined as never));
    this.#ws.on('message', (data, isBinary) => this.onmessage?.({ data: isBinary ? data : data.toString() }));
    this.#ws.on('error', (error) => this.onerror?.({ error }));
    this.#ws.on('close', (code, reason) => this.onclose?.({ code, reason: reason.toString() }));
    this.#ws.on('unexpected-response', (_request, answer) => this.#refused(answer));
  }

  send(text: string): void {
    this.#ws.send(text, ignoreError); // a failed write ends the connection, which `onclose` tells
  }

  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  ref(): void {
    this.#held = true;
    this.#net?.ref();
  }

  unref(): void {
    this.#held = false;
    this.#net?.unref();
  }

  cork(): void {
    this.#net?.cork();
  }

  uncork(): void {
    this.#net?.uncork();
  }

  #connecting(request: ClientRequest): void {
    request.once('socket', (net) => {
      this.#net = net;
      net.setNoDelay(true);
      if (!this.#held) net.unref();
    });
    request.end();
  }

  /** The server answered, but not with a WebSocket: take its reason along. */
  #refused(answer: IncomingMessage): void {
    let body = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > REFUSAL_BYTES) answer.destroy();
    });
    answer.on('error', ignoreError); // `close` follows
    answer.once('close', () => {
      const status = answer.statusCode ?? 0;
      this.refusal = { status, ...errorOf(status, body) };
      this.#ws.terminate(); // emits `error` and `close`
    });
  }
}

function ignoreError(): void {}
