/** A server that a test holds in its hands: it keeps runs in a map, remembers what it was asked, and misbehaves when it is told to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Client, createClient } from '../../src/client/client.ts';
import { nodeTransport } from '../../src/client/node.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { LogLine, RunView, SubmitRequest } from '../../src/core/api.ts';
import type { ClientFrame, WatchFrame } from '../../src/core/frames.ts';
import type { Clock } from '../../src/core/seams.ts';

export type FrameOf<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly socket: Socket;
}
/** `reset`: the connection breaks. `silent`: no answer ever. */
type Misbehaviour = { status: number; body: string; headers?: Record<string, string> } | 'reset' | 'silent';

export class FakeServer {
  readonly runs = new Map<string, RunView>();
  readonly logs = new Map<string, readonly LogLine[]>();
  readonly asked: Asked[] = [];
  readonly frames: ClientFrame[] = [];
  /** Connections that were ever opened. */
  connections = 0;
  /** What happens instead of the usual answer; undefined: the usual. */
  misbehave: (asked: Asked) => Misbehaviour | undefined = () => undefined;
  /** True: the frame was dealt with. */
  onFrame: (frame: ClientFrame, socket: WebSocket) => boolean = () => false;
  /** What an upgrade is answered with; null: a WebSocket. */
  refuseUpgrade: { status: number; body: string } | 'silent' | null = null;
  readonly #watchers = new Map<string, Set<WebSocket>>();
  readonly #waiting: { fits: () => boolean; resolve: () => void }[] = [];
  #http: Server = createServer();
  #sockets = new WebSocketServer({ noServer: true });
  #raw = new Set<Socket>();
  #port = 0;

  static async start(): Promise<FakeServer> {
    const server = new FakeServer();
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api`;
  }

  get sockets(): ReadonlySet<WebSocket> {
    return this.#sockets.clients;
  }

  client(options: { apiKey?: string; clock?: Clock; transport?: Transport; submitTimeoutMs?: number } = {}): Client {
    const { apiKey = null, transport = nodeTransport(), ...rest } = options;
    return createClient({ address: async () => ({ url: this.url, apiKey }), transport, ...rest });
  }

  /** On the same port as before. */
  async listen(): Promise<void> {
    this.#sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('bgtask.v1') ? 'bgtask.v1' : false) });
    // Idle connections stay for as long as a test can take: if they held a process, it would be seen.
    this.#http = createServer({ keepAliveTimeout: 600_000 }, (request, response) => void this.#request(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('connection', (socket: Socket) => {
      this.#raw.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#raw.delete(socket));
    });
    this.#http.listen(this.#port, '127.0.0.1');
    await once(this.#http, 'listening');
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  /** As kill -9: every connection breaks and nobody listens. */
  async kill(): Promise<void> {
    for (const socket of this.#raw) socket.resetAndDestroy();
    this.#watchers.clear();
    this.#http.close();
    await once(this.#http, 'close').catch(() => undefined);
  }

  /** Breaks the WebSockets and goes on listening. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** The run changed: whoever watches it is told. */
  change(id: string, change: Partial<RunView>): void {
    const run = { ...(this.runs.get(id) ?? aRun(id)), ...change };
    this.runs.set(id, run);
    for (const socket of this.#watchers.get(id) ?? []) tell(socket, { type: 'run', run });
  }

  framesOf<T extends ClientFrame['type']>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** Resolves when `fits` is true of what was asked and told so far. */
  async until(fits: () => boolean): Promise<void> {
    if (!fits()) await new Promise<void>((resolve) => this.#waiting.push({ fits, resolve }));
  }

  #happened(): void {
    for (const waiting of [...this.#waiting]) {
      if (!waiting.fits()) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve();
    }
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = '', url = '', headers, socket } = request;
    const asked = { method, path: url.replace(/^\/api/, ''), body, authorization: headers.authorization, socket };
    const instead = this.misbehave(asked);
    this.asked.push(asked);
    if (instead === 'reset') socket.resetAndDestroy();
    else if (instead === undefined) this.#answer(asked, response);
    else if (instead !== 'silent') response.writeHead(instead.status, instead.headers).end(instead.body);
    this.#happened();
  }

  #answer({ method, path, body }: Asked, response: ServerResponse): void {
    const json = (status: number, value: unknown) => void response.writeHead(status).end(JSON.stringify(value));
    const [, id = '', what] = /^\/runs\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (path === '/health') json(200, { ok: true });
    else if (path === '/runs' && method === 'POST') json(201, this.store(JSON.parse(body) as SubmitRequest));
    else if (path === '/runs/batch')
      json(200, { runs: (JSON.parse(body) as { runs: SubmitRequest[] }).runs.map((run) => this.store(run)) });
    else if (!this.runs.has(id)) json(404, { error: { code: 'not_found', message: 'There is no such run.' } });
    else if (what === '/logs') json(200, this.logs.get(id) ?? []);
    else {
      if (what === '/cancel') this.change(id, ended('CANCELLED'));
      json(200, this.runs.get(id));
    }
  }

  store({ id = '', task, args = [] }: SubmitRequest): RunView {
    const run = this.runs.get(id) ?? { ...aRun(id), task, args };
    this.runs.set(id, run);
    return run;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.refuseUpgrade === 'silent') return;
    if (this.refuseUpgrade) {
      const { status, body } = this.refuseUpgrade;
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      this.connections += 1;
      ws.on('message', (data) => this.#receive(JSON.parse(String(data)) as ClientFrame, ws));
      ws.on('close', () => this.#happened());
      this.#happened();
    });
  }

  #receive(frame: ClientFrame, socket: WebSocket): void {
    this.frames.push(frame);
    if (!this.onFrame(frame, socket)) this.#reply(frame, socket);
    this.#happened();
  }

  #reply(frame: ClientFrame, socket: WebSocket): void {
    if (frame.type === 'ping') tell(socket, { type: 'pong' });
    else if (frame.type === 'submit') {
      const runs = frame.runs.map((run) => ({ id: this.store(run).id, deduplicated: false }));
      tell(socket, { type: 'submitted', ref: frame.ref, runs, durability: 'memory' });
    } else if (frame.type === 'watch') for (const id of frame.ids) this.#watch(id, frame.detail, socket);
    else if (frame.type === 'unwatch') for (const id of frame.ids) this.#watchers.get(id)?.delete(socket);
    else if (frame.type === 'finished') tell(socket, { type: 'recorded', runs: frame.outcomes });
  }

  #watch(id: string, detail: boolean, socket: WebSocket): void {
    const run = this.runs.get(id);
    if (!run) tell(socket, { type: 'unknown', id });
    else if (run.endedAt !== null) tell(socket, { type: 'run', run });
    else {
      const watchers = this.#watchers.get(id) ?? new Set();
      this.#watchers.set(id, watchers.add(socket));
      if (detail) tell(socket, { type: 'run', run });
    }
  }
}

export function tell(socket: WebSocket, frame: WatchFrame): void {
  socket.send(JSON.stringify(frame));
}

export function aRun(id: string): RunView {
  const at = '2030-01-01T00:00:00.000Z';
  return {
    ...{ id, task: 'greet', name: null, state: 'SCHEDULED', stateName: 'Scheduled', attempt: 0, maxAttempts: 1, crashes: 0 },
    ...{
      args: [],
      result: null,
      error: null,
      tags: [],
      priority: 0,
      worker: null,
      idempotencyKey: null,
      parentId: null,
      retryOf: null,
      waitingFor: null,
      cachedFrom: null,
    },
    ...{ waitFor: [], createdAt: at, dueAt: at, startedAt: null, endedAt: null, progress: null, meta: {}, history: [] },
  } as RunView;
}

export function completed(result: unknown): Partial<RunView> {
  return { state: 'COMPLETED', stateName: 'Completed', attempt: 1, endedAt: '2030-01-01T00:00:01.000Z', result };
}

export function ended(state: 'FAILED' | 'CANCELLED' | 'CRASHED' | 'EXPIRED', error = { name: 'Error', message: 'boom' }): Partial<RunView> {
  const stateName = (state[0] + state.slice(1).toLowerCase()) as RunView['stateName'];
  return { state, stateName, endedAt: '2030-01-01T00:00:01.000Z', error: { stack: null, cause: null, ...error } };
}
