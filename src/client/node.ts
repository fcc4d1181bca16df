/**
 * How a client in Node reaches the server: HTTP over kept-alive connections and `ws`, both loaded when first needed.
 * The server is not trusted: no redirect is followed, and no answer may be larger than `ANSWER_BYTES`.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { ClientOptions, WebSocket } from 'ws';
import type { Connect, WebSocketLike } from './socket.ts';

/** Largest answer and largest frame that is taken from a server. */
export const ANSWER_BYTES = 134_217_728;
/** Of a refused upgrade's body only so much is read. */
const REFUSAL_BYTES = 65_536;

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
    answer.once('close', () => {
      this.refusal = { status: answer.statusCode ?? 0, ...refusalOf(body, answer.statusCode ?? 0) };
      this.#ws.terminate(); // emits `error` and `close`
    });
  }
}

function ignoreError(): void {}

/** Code and message of an error body; plain words where it is none of bgtask's. */
function refusalOf(body: string, status: number): { code: string; message: string } {
  try {
    const { code, message } = (JSON.parse(body) as { error: { code: unknown; message: unknown } }).error;
    if (typeof code === 'string' && typeof message === 'string') return { code, message };
  } catch {} // not JSON: said below
  return { code: `http_${status}`, message: `The server answered with HTTP status ${status}` };
}
