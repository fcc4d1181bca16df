/** One connection of a worker: its frames go to the dispatcher, the dispatcher's frames to it. Decides nothing. */
import type { ServerFrame } from '../core/frames.ts';
import { LEASE_MS } from '../core/protocol.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { Channel } from './channel.ts';
import type { Dispatcher, WorkerSession } from './dispatcher.ts';
import { workerFrame } from './frame-schemas.ts';
import { Malformed, parseFrame } from './frames.ts';
import type { Link } from './roster.ts';

/** What the other end of a socket is here. */
export interface Peer {
  /** Silence that ends the connection. */
  readonly silenceMs: number;
  /** @throws {Malformed} */
  receive(text: string): void;
  closed(): void;
}

/** A worker that connects says who it is at once. */
const HELLO_MS = 5_000;

export class WorkSocket implements Peer {
  readonly silenceMs = LEASE_MS;
  readonly #channel: Channel;
  readonly #dispatcher: Dispatcher;
  readonly #hello: Timer;
  #session: WorkerSession | null = null;

  constructor(channel: Channel, dispatcher: Dispatcher, clock: Clock) {
    this.#channel = channel;
    this.#dispatcher = dispatcher;
    this.#hello = clock.after(HELLO_MS, () => channel.close(1002, 'No hello came'), true);
  }

  receive(text: string): void {
    const frame = parseFrame(text, workerFrame);
    if (frame.type === 'hello') {
      if (this.#session) throw new Malformed(1002, 'hello came twice');
      this.#hello.cancel();
      this.#session = this.#dispatcher.connectWorker(frame, workerLink(this.#channel));
    } else {
      if (!this.#session) throw new Malformed(1002, 'The first frame must be hello');
      this.#session.receive(frame);
      if (frame.type === 'ping') this.#channel.send('{"type":"pong"}');
    }
  }

  closed(): void {
    this.#hello.cancel();
    this.#session?.closed();
  }
}

/** The dispatcher's end. Frames that carry arrays are joined and cut by the channel. */
function workerLink(channel: Channel): Link<ServerFrame> {
  return {
    send: (frame) => sendFrame(channel, frame),
    close: (code, reason) => channel.close(code, reason),
  };
}

type Arrays = { readonly type: string; readonly runs: readonly object[] };

export function sendFrame(channel: Channel, frame: { readonly type: string } | Arrays): void {
  if (isArrays(frame)) sendArrays(channel, frame);
  else channel.send(JSON.stringify(frame));
}

function isArrays(frame: { readonly type: string } | Arrays): frame is Arrays {
  return ['runs', 'recorded', 'fenced', 'cancel', 'hooks', 'cache'].includes(frame.type) && 'runs' in frame;
}

function sendArrays(channel: Channel, { type, runs }: Arrays): void {
  channel.sendItems(
    `{"type":"${type}","runs":[`,
    runs.map((run) => JSON.stringify(run)),
  );
}
