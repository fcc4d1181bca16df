/** A real server on a free port over a memory store, and the ways to talk to it: HTTP, raw bytes, WebSockets. Closed after each test. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { RunView } from '../../src/core/api.ts';
import type { WatchFrame, WorkerFrame } from '../../src/core/frames.ts';
import { SUBPROTOCOL } from '../../src/core/protocol.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';

export const TOKEN = 'right-token';
export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` } as const;
const JSON_BODY = { 'content-type': 'application/json' } as const;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body, parsed. */
  json<T = unknown>(): T;
  readonly code: string | undefined;
}
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it stands. */
  readonly raw?: string | Buffer;
  readonly body?: unknown;
  readonly token?: string | null;
}
export interface Started {
  readonly server: RunningServer;
  readonly store: Store;
  ask(path: string, asked?: Asked): Promise<Answer>;
  submit(body: unknown): Promise<RunView>;
  /** Bytes as they are; answers with all that came back until the server closed. */
  raw(bytes: string): Promise<string>;
  watch(options?: SocketOptions): Promise<Peer<WatchFrame>>;
  work(hello?: Partial<Extract<WorkerFrame, { type: 'hello' }>> | null): Promise<Peer<ServerFrameLike>>;
}
export type ServerFrameLike = { type: string; runs?: { runId: string; token: string; task: string }[] };

export async function start(options: Partial<ServerOptions> = {}): Promise<Started> {
  const store = options.store ?? (await openStore('memory:'));
  const server = await startServer({ store, port: 0, token: TOKEN, version: '1.2.3', ...options });
  onTestFinished(async () => {
    await server.close();
    await store.close();
  });
  const started: Started = {
    server,
    store,
    ask: (path, asked = {}) => ask(server, path, asked),
    submit: async (body) => {
      const answer = await ask(server, '/api/runs', { method: 'POST', body });
      if (answer.status >= 300) throw new Error(`submit: ${answer.status} ${answer.text}`);
      return answer.json<RunView>();
    },
    raw: (bytes) => raw(server.port, bytes),
    watch: (socket) => open<WatchFrame>(server.port, '/api/watch', socket),
    work: async (hello) => {
      const peer = await open<ServerFrameLike>(server.port, '/api/work');
      if (hello !== null) peer.send(helloOf(hello));
      return peer;
    },
  };
  return started;
}

function ask(
  { url }: RunningServer,
  path: string,
  { method = 'GET', headers = {}, raw: bytes, body, token = TOKEN }: Asked,
): Promise<Answer> {
  const payload = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
  const sent = { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : JSON_BODY), ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(url), { path, method, headers: sent, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve(answerOf(incoming.statusCode ?? 0, incoming.headers, text)));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function answerOf(status: number, headers: Answer['headers'], text: string): Answer {
  const json = <T>() => JSON.parse(text) as T;
  const code = status >= 400 && text !== '' ? json<{ error: { code: string } }>().error.code : undefined;
  return { status, headers, text, json, code };
}

function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

// ---- Sockets --------------------------------------------------------------------------------------------------------------

export interface SocketOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Peer<Frame> {
  readonly socket: WebSocket;
  /** All frames so far. */
  readonly frames: Frame[];
  readonly closed: Promise<{ code: number; reason: string }>;
  send(frame: unknown): void;
  /** The first frame, past or to come, that `fits` and that no earlier call took. */
  next<F extends Frame>(fits: (frame: Frame) => frame is F): Promise<F>;
  next(fits: (frame: Frame) => boolean): Promise<Frame>;
}

export function open<Frame>(
  port: number,
  path: string,
  { protocols = [SUBPROTOCOL], headers = AUTHORIZED }: SocketOptions = {},
): Promise<Peer<Frame>> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols], { headers });
  const peer = peerOf<Frame>(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(peer));
    socket.once('unexpected-response', (_request, answer) => {
      reject(new Error(`HTTP ${answer.statusCode}`));
      socket.terminate();
    });
    socket.on('error', reject);
  });
}

function peerOf<Frame>(socket: WebSocket): Peer<Frame> {
  const frames: Frame[] = [];
  const untaken: Frame[] = [];
  let waiting: { fits: (frame: Frame) => boolean; resolve: (frame: Frame) => void }[] = [];
  socket.on('message', (data) => {
    const frame = JSON.parse(data.toString()) as Frame;
    frames.push(frame);
    const taker = waiting.find(({ fits }) => fits(frame));
    if (!taker) untaken.push(frame);
    waiting = waiting.filter((other) => other !== taker);
    taker?.resolve(frame);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  onTestFinished(() => socket.terminate());
  return {
    socket,
    frames,
    closed,
    send: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    next: (fits: (frame: Frame) => boolean) => {
      const at = untaken.findIndex(fits);
      if (at >= 0) return Promise.resolve(untaken.splice(at, 1)[0] as never);
      return new Promise<never>((resolve) => waiting.push({ fits, resolve: resolve as (frame: Frame) => void }));
    },
  };
}

/** `next` of one type: `await peer.next(type('submitted'))`. */
export function type<T extends WatchFrame['type']>(name: T): (frame: WatchFrame) => frame is Extract<WatchFrame, { type: T }> {
  return (frame): frame is Extract<WatchFrame, { type: T }> => frame.type === name;
}

export function helloOf(over: Partial<Extract<WorkerFrame, { type: 'hello' }>> = {}): Extract<WorkerFrame, { type: 'hello' }> {
  return {
    ...{
      type: 'hello',
      protocol: 1,
      workerId: 'worker-1',
      secret: 'secret',
      name: 'one',
      slots: 10,
      generation: 1,
      draining: false,
      held: [],
    },
    process: { pid: process.pid, host: 'here', machine: null, startTicks: null },
    tasks: [{ name: 'greet', maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null }],
    ...over,
  };
}
