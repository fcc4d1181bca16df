/**
 * A network between workers and one server: messages keep their order and take their time; a link can swallow them for a while, as a
 * network does that sends them again once it is whole, and a connection can break.
 */
import type { Connect, WebSocketLike } from '../../src/client/raw-socket.ts';
import { Channel, type RawConnection, type RawSocket } from '../../src/server/channel.ts';
import type { Peer } from '../../src/server/work-socket.ts';
import type { Time } from './time.ts';

const LATENCY_MS = 8;
const BEHIND_BYTES = 1 << 24;
const UNCORKED: RawConnection = { cork: () => undefined, uncork: () => undefined };

/** Who listens; null while there is no server. */
export type Accept = (channel: Channel) => Peer;

export class Net {
  accept: Accept | null = null;
  readonly #time: Time;
  readonly #random: () => number;
  readonly #lines = new Set<Line>();
  /** Names of the workers whose link is cut, and in which directions. */
  readonly #cuts = new Map<string, 'both' | 'to-server' | 'to-worker'>();

  constructor(time: Time, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  /** `isDead` tells of the process that connects: a dead one never gets there. */
  connectorOf(worker: string, isDead: () => boolean): Connect {
    return () => {
      const line = new Line(this, worker);
      if (isDead()) return line.client;
      this.#lines.add(line);
      this.#later(line, 'to-server', () => line.arrive());
      return line.client;
    };
  }

  cut(worker: string, how: 'both' | 'to-server' | 'to-worker'): void {
    this.#cuts.set(worker, how);
  }

  heal(worker: string): void {
    this.#cuts.delete(worker);
    for (const line of this.#lines) if (line.worker === worker) line.resume();
  }

  /** Breaks the connections of a worker at both ends. */
  reset(worker: string): void {
    for (const line of [...this.#lines]) if (line.worker === worker) line.break();
  }

  /** The server's process is gone: the system says so to everybody who can hear it. */
  serverDied(): void {
    this.accept = null;
    for (const line of [...this.#lines]) line.serverDied();
  }

  workerDied(worker: string): void {
    for (const line of [...this.#lines]) if (line.worker === worker) line.workerDied();
  }

  forget(line: Line): void {
    this.#lines.delete(line);
  }

  isCut(worker: string, way: 'to-server' | 'to-worker'): boolean {
    const cut = this.#cuts.get(worker);
    return cut === 'both' || cut === way;
  }

  #later(line: Line, way: 'to-server' | 'to-worker', deliver: () => void): void {
    line.queue(way, this.#time.now + 1 + this.#random() * LATENCY_MS, deliver);
  }

  send(line: Line, way: 'to-server' | 'to-worker', deliver: () => void): void {
    this.#later(line, way, deliver);
  }

  at(time: number, fn: () => void): void {
    this.#time.after(time - this.#time.now, fn);
  }
}

/** One connection, both ends. */
class Line {
  readonly worker: string;
  readonly client: WebSocketLike;
  readonly #net: Net;
  #peer: Peer | null = null;
  #clientOver = false;
  #serverOver = false;
  readonly #queues = { 'to-server': [] as (() => void)[], 'to-worker': [] as (() => void)[] };
  readonly #lastAt = { 'to-server': 0, 'to-worker': 0 };

  constructor(net: Net, worker: string) {
    this.#net = net;
    this.worker = worker;
    const close = () => this.#clientLeaves();
    this.client = {
      ...{ onopen: null, onmessage: null, onerror: null, onclose: null, close, terminate: close },
      send: (text) => {
        if (!this.#clientOver) this.#net.send(this, 'to-server', () => this.#serverHears(text));
      },
    };
  }

  /** In order, and not before the one in front of it. */
  queue(way: 'to-server' | 'to-worker', at: number, deliver: () => void): void {
    this.#lastAt[way] = Math.max(this.#lastAt[way], at);
    this.#queues[way].push(deliver);
    this.#net.at(this.#lastAt[way], () => this.#deliver(way));
  }

  /** What was swallowed is sent again. */
  resume(): void {
    for (const way of ['to-server', 'to-worker'] as const) for (let n = this.#queues[way].length; n > 0; n -= 1) this.#deliver(way);
  }

  arrive(): void {
    const { accept } = this.#net;
    if (this.#clientOver) return;
    if (accept === null) {
      this.#net.send(this, 'to-worker', () => this.#clientEnds(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
      return;
    }
    const raw: RawSocket = {
      bufferedAmount: 0,
      send: (text, done) => {
        if (!this.#serverOver) this.#net.send(this, 'to-worker', () => this.#clientHears(text));
        done();
      },
      close: () => this.#serverLeaves(),
      terminate: () => this.#serverLeaves(),
      pause: () => undefined,
      resume: () => undefined,
    };
    this.#peer = accept(new Channel(raw, UNCORKED, BEHIND_BYTES));
    this.#net.send(this, 'to-worker', () => this.#clientOpens());
  }

  break(): void {
    this.#serverEnds();
    this.#clientEnds(new Error('reset'));
  }

  serverDied(): void {
    this.#serverOver = true;
    this.#peer = null;
    this.#net.send(this, 'to-worker', () => this.#clientEnds(new Error('reset')));
  }

  workerDied(): void {
    this.#clientOver = true;
    this.#net.send(this, 'to-server', () => this.#serverEnds());
  }

  #deliver(way: 'to-server' | 'to-worker'): void {
    if (!this.#net.isCut(this.worker, way)) this.#queues[way].shift()?.();
  }

  #clientOpens(): void {
    if (!this.#clientOver) (this.client.onopen as (() => void) | null)?.();
  }

  #clientHears(text: string): void {
    if (!this.#clientOver) this.client.onmessage?.({ data: text });
  }

  #serverHears(text: string): void {
    if (!this.#serverOver) this.#peer?.receive(text);
  }

  #clientLeaves(): void {
    if (this.#clientOver) return;
    this.#clientOver = true;
    this.#net.send(this, 'to-server', () => this.#serverEnds());
  }

  #serverLeaves(): void {
    if (this.#serverOver) return;
    this.#serverOver = true;
    const peer = this.#peer;
    this.#peer = null;
    this.#net.send(this, 'to-worker', () => this.#clientEnds(new Error('closed by the server')));
    peer?.closed();
  }

  #serverEnds(): void {
    if (this.#serverOver) return;
    this.#serverOver = true;
    this.#peer?.closed();
    this.#peer = null;
    if (this.#clientOver) this.#net.forget(this);
  }

  #clientEnds(error: Error): void {
    if (this.#clientOver) return;
    this.#clientOver = true;
    this.client.onerror?.({ error });
    this.client.onclose?.({ code: 1006, reason: '' });
    if (this.#serverOver) this.#net.forget(this);
  }
}
