/**
 * The one socket that everything of a client shares. It is opened when it is first needed and comes back by itself. It holds the
 * process alive only while somebody awaits something that comes through it.
 */
import type { ClientFrame, WatchFrame } from '../core/frames.ts';
import type { Requests, RequestsOptions } from './requests.ts';
import { type DownReason, openSocket, type Socket } from './socket.ts';

/** A part of the client that lives on the socket. */
export interface Part {
  /** The socket is up, for the first time or again: say what the server must know. */
  up?(): void;
  /** The socket is down, or a try to open it failed. */
  down?(why: DownReason, error: unknown): void;
}

export class Connection {
  readonly #options: RequestsOptions;
  readonly #requests: Requests;
  readonly #onFrame: (frame: WatchFrame) => void;
  readonly #parts: Part[] = [];
  #socket: Socket<ClientFrame> | null = null;
  #holders = 0;
  #closed = false;

  constructor(options: RequestsOptions, requests: Requests, onFrame: (frame: WatchFrame) => void) {
    this.#options = options;
    this.#requests = requests;
    this.#onFrame = onFrame;
  }

  get isUp(): boolean {
    return this.#socket?.isUp === true;
  }

  /** Parts are told in the order they were added. */
  add(part: Part): void {
    this.#parts.push(part);
  }

  open(): void {
    if (this.#socket !== null || this.#closed) return;
    const { address, transport, clock, random } = this.#options;
    this.#socket = openSocket<ClientFrame, WatchFrame>({
      ...{ path: '/watch', address, connect: transport.connect, clock, random, reconnect: true },
      onUp: () => {
        this.#requests.known = true;
        this.#requests.accepted = true;
        for (const part of this.#parts) part.up?.();
      },
      onFrame: this.#onFrame,
      onDown: (why, error) => {
        for (const part of this.#parts) part.down?.(why, error);
      },
    });
    if (this.#holders === 0) this.#socket.unref();
  }

  send(frame: ClientFrame): void {
    this.#socket?.send(frame);
  }

  /** A frame that is JSON text already. */
  sendText(text: string): void {
    this.#socket?.sendText(text);
  }

  /** Writes what was sent in this turn now. */
  flush(): void {
    this.#socket?.flush();
  }

  /** Tries now where it waits for its next try: the server was just seen. */
  hurry(): void {
    this.#socket?.hurry();
  }

  /** Keeps the process alive until what it returns is called. */
  hold(): () => void {
    this.#holders += 1;
    if (this.#holders === 1) this.#socket?.ref();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#socket?.unref();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#socket?.close();
  }
}
