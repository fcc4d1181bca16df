/** The worker's end of a server, over a real WebSocket: it keeps what it hears and says what a test tells it to. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Assignment, Outcome, ServerFrame, WorkerFrame } from '../../src/core/frames.ts';

type Frame<T extends WorkerFrame['type']> = Extract<WorkerFrame, { type: T }>;

export class FakeServer {
  readonly url: string;
  readonly frames: WorkerFrame[] = [];
  /** Says `recorded` for each outcome at once. */
  records = true;
  /** Answers nothing, as a server that is cut off. */
  isMute = false;
  /** Sent with `welcome`. */
  fenced: Extract<ServerFrame, { type: 'welcome' }>['fenced'] = [];
  readonly #server: WebSocketServer;
  #sockets = new Set<WebSocket>();
  #waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
    server.on('connection', (socket) => this.#connected(socket));
  }

  static async open(port = 0): Promise<FakeServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port, path: '/api/work' });
    await once(server, 'listening');
    const fake = new FakeServer(server);
    onTestFinished(() => fake.close());
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  readonly address = async () => ({ url: this.url, apiKey: null });

  send(frame: ServerFrame): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(frame));
  }

  grant(...runs: Assignment[]): void {
    this.send({ type: 'runs', runs });
  }

  /** Drops every connection without a goodbye. */
  drop(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  close(): Promise<void> {
    this.drop();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  of<T extends WorkerFrame['type']>(type: T): Frame<T>[] {
    return this.frames.filter((frame): frame is Frame<T> => frame.type === type);
  }

  get outcomes(): Outcome[] {
    return this.of('finished').flatMap((frame) => frame.outcomes);
  }

  async until<T>(look: () => T | undefined | false | null): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false && found !== null) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  outcomeOf({ token }: { token: string }): Promise<Outcome> {
    return this.until(() => this.outcomes.find((outcome) => outcome.token === token));
  }

  hello(nth = 1): Promise<Frame<'hello'>> {
    return this.until(() => this.of('hello')[nth - 1]);
  }

  #connected(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#wake();
    });
    socket.on('message', (data) => {
      if (!this.isMute) this.#heard(socket, JSON.parse(String(data)));
      this.#wake();
    });
  }

  #heard(socket: WebSocket, frame: WorkerFrame): void {
    if (frame.type !== 'ping') this.frames.push(frame);
    const answer = (said: ServerFrame) => socket.send(JSON.stringify(said));
    if (frame.type === 'hello') answer({ type: 'welcome', fenced: this.fenced });
    if (frame.type === 'ping') answer({ type: 'pong' });
    if (frame.type === 'finished' && this.records) {
      answer({ type: 'recorded', runs: frame.outcomes.map(({ runId, token }) => ({ runId, token })) });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
