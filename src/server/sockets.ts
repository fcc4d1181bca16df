/**
 * The two WebSockets: `/api/work` for workers, `/api/watch` for clients. Takes upgrades that the guard let in, hands frames to the
 * peer behind each connection, and ends a connection that is malformed or silent: that one and no other.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { SUBPROTOCOL } from '../core/protocol.ts';
import type { Timer } from '../core/seams.ts';
import { Channel } from './channel.ts';
import { Malformed } from './frames.ts';
import { WatchSocket, type WatchSocketParts } from './watch-socket.ts';
import { type Peer, WorkSocket } from './work-socket.ts';

/** What stands around a payload: it is text in a text, where each of its quotes takes two characters, and that makes the limit. */
const ENVELOPE_BYTES = 65_536;
/** With the first `ws` answers too many fragments; to whoever sent them the message is too big, as one that has too many bytes. */
const POLICY = 1008;
const TOO_BIG = 1009;
/** Time for goodbyes. */
const CLOSE_MS = 1_000;
/** The loop may have been blocked, with frames waiting to be read: silence is looked at twice. */
const AGAIN_MS = 1_000;

interface Connection {
  readonly socket: WebSocket;
  readonly channel: Channel;
  readonly peer: Peer;
  readonly gone: Promise<void>;
  heardAt: number;
  silence: Timer;
}

export class Sockets {
  readonly #parts: WatchSocketParts;
  readonly #server: WebSocketServer;
  readonly #connections = new Set<Connection>();

  constructor(parts: WatchSocketParts) {
    this.#parts = parts;
    const limits = { maxPayload: parts.limits.frameBytes + ENVELOPE_BYTES, maxFragments: 1_024, closeTimeout: CLOSE_MS };
    this.#server = new WebSocketServer({
      ...{ noServer: true, perMessageDeflate: false, clientTracking: false, handleProtocols: () => SUBPROTOCOL },
      ...limits,
    });
  }

  upgrade(path: 'work' | 'watch', request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#connected(path, socket, stream));
  }

  /** Ends the connections there are; resolves when they are gone, within about a second. */
  async closeAll(code: number, reason: string): Promise<void> {
    const leaving = [...this.#connections];
    for (const { channel } of leaving) channel.close(code, reason);
    const timer = this.#parts.clock.after(CLOSE_MS, () => {
      for (const { socket } of leaving) socket.terminate();
    });
    await Promise.all(leaving.map(({ gone }) => gone));
    timer.cancel();
  }

  #connected(path: 'work' | 'watch', socket: WebSocket, stream: Duplex): void {
    const { clock, dispatcher, limits } = this.#parts;
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => close(code === POLICY ? TOO_BIG : code, reason);
    const channel = new Channel(socket, stream, path === 'work' ? limits.workBehindBytes : limits.watchBehindBytes);
    const peer = path === 'work' ? new WorkSocket(channel, dispatcher, clock) : new WatchSocket(channel, this.#parts);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const connection: Connection = { socket, channel, peer, gone, heardAt: clock.monotonic(), silence: { cancel: () => undefined } };
    this.#connections.add(connection);
    this.#listenForSilence(connection, peer.silenceMs);
    socket.on('message', (data, isBinary) => this.#heard(connection, isBinary ? null : data.toString()));
    socket.on('pong', () => {
      if (path === 'watch' && !channel.isClosed) connection.heardAt = clock.monotonic();
    });
    socket.on('error', () => undefined); // `close` follows and says all there is to do
    socket.on('close', () => this.#closed(connection));
  }

  #heard(connection: Connection, text: string | null): void {
    if (connection.channel.isClosed) return; // its goodbye is on the way
    connection.heardAt = this.#parts.clock.monotonic();
    try {
      if (text === null) throw new Malformed(1002, 'Frames are text');
      connection.peer.receive(text);
    } catch (error) {
      if (error instanceof Malformed) connection.channel.close(error.code, error.message);
      else {
        connection.channel.close(1011, 'The server failed at this frame');
        this.#parts.onError(error);
      }
    }
  }

  /** A connection is asked whether it is there when half of its time is over, and ended when all of it is. */
  #listenForSilence(connection: Connection, ms: number): void {
    const { clock } = this.#parts;
    const { silenceMs } = connection.peer;
    const look = () => {
      const silent = clock.monotonic() - connection.heardAt;
      if (silent >= silenceMs + AGAIN_MS) return connection.socket.terminate();
      if (silent >= silenceMs) return this.#listenForSilence(connection, AGAIN_MS);
      if (silent >= silenceMs / 2) connection.socket.ping();
      this.#listenForSilence(connection, silent >= silenceMs / 2 ? silenceMs - silent : silenceMs / 2 - silent);
    };
    connection.silence = clock.after(ms / 2, look, true);
  }

  #closed(connection: Connection): void {
    connection.silence.cancel();
    this.#connections.delete(connection);
    connection.peer.closed();
  }
}
