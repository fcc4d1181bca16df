/**
 * The client: everything that can be asked of a server, over HTTP and one shared WebSocket. Entry `bgtask/client`; it runs in browsers
 * too, so no `node:` is loaded from here. Nothing of it holds the process alive, except while somebody awaits an answer.
 * @module bgtask-client
 */

import type { RunFilter, RunView } from '../core/api.ts';
import { ClientClosedError, RunNotFoundError } from '../core/errors.ts';
import type { SubmittedRun, WatchFrame } from '../core/frames.ts';
import { idMaker } from '../core/ids.ts';
import { RUN_ID } from '../core/protocol.ts';
import type { Clock, Random } from '../core/seams.ts';
import type { FollowEvent } from '../core/view.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import { Connection } from './connection.ts';
import { Direct, type DirectCall, type Recording } from './direct.ts';
import { Follows } from './follow.ts';
import { type Method, Requests } from './requests.ts';
import type { Address } from './socket.ts';
import { type Submit, Submits } from './submits.ts';
import type { Transport } from './transport.ts';
import { type FinalOptions, type WatchEvent, Watches, type WatchOptions } from './watches.ts';
import { webTransport } from './web.ts';

export {
  ClientClosedError,
  RefusedError,
  RunNotFoundError,
  ServerUnreachableError,
  TaskRunError,
  UnauthorizedError,
  WaitTimeoutError,
} from '../core/errors.ts';
export type { FollowEvent } from '../core/view.ts';
export type { DirectCall, DirectOutcome, Recording } from './direct.ts';
export { getRun, RunFuture } from './future.ts';
export type { Address } from './socket.ts';
export type { Submit } from './submits.ts';
export type { Transport } from './transport.ts';
export type * from './types.ts';
export type { FinalOptions, WatchEvent, WatchOptions } from './watches.ts';
export { webTransport } from './web.ts';

export interface ClientOptions {
  /** Where the server is. Asked before each request and each try to connect. */
  readonly address: () => Promise<Address>;
  /** Default: `fetch` and `WebSocket`, as browsers have them. In Node: `nodeTransport()`. */
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long a submit waits for a server that was there and is not, in milliseconds; 0: one try. Default: 30,000. */
  readonly submitTimeoutMs?: number | undefined;
}

/**
 * Every method that gives a promise rejects with
 * `ServerUnreachableError` where no server answers: at once where none ever did, else after 30 s in which it may come back;
 * `UnauthorizedError` where it does not accept the key; `RefusedError` where it refuses, with its own code and words;
 * `ClientClosedError` where the client was closed.
 */
export interface Client {
  /**
   * Submits runs. Resolves when they are stored durably. What is submitted in one turn of the event loop travels together. Where the
   * answer is lost, it is sent again under the same ids. Rejects where any of the runs was refused.
   */
  submit(requests: readonly Submit[]): Promise<readonly SubmittedRun[]>;
  /** The run with its history; null: there is none. */
  get(id: string): Promise<RunView | null>;
  /** Asks the run to stop, and gives it as it is then. @throws {RunNotFoundError} */
  cancel(id: string): Promise<RunView>;
  /** Submits a run that repeats one that ended. @throws {RunNotFoundError} */
  retry(id: string): Promise<RunView>;
  /**
   * The run once it is final, however it ended. It is pushed, and the wait outlives restarts of the server.
   * @throws {RunNotFoundError} There is no such run.
   * @throws {WaitTimeoutError} The time was over first.
   */
  final(id: string, options?: FinalOptions): Promise<RunView>;
  /** Tells of a run as it changes. Returns how to stop. Does not hold the process alive. */
  watch(id: string, listener: (event: WatchEvent) => void, options: WatchOptions): () => void;
  /** Keeps the newest runs that match: a snapshot, then changes. One list at a time; the newest replaces the one before. */
  follow(filter: RunFilter, limit: number, listener: (event: FollowEvent) => void): () => void;
  /** Any other request. `path` lies under the API's base, as in `/runs/count`. */
  request<T>(method: Method, path: string, body?: unknown): Promise<T>;
  /** Records a direct call in the background. `call` is asked at once, or never where nobody is there to tell; then it gives null. */
  recordDirect(call: () => DirectCall): Recording | null;
  /** Keeps the process alive, as far as this client can, until what it returns is called. */
  hold(): () => void;
  /** Sends what was submitted, ends all waits and lets go of the server. Safe to call twice. */
  close(): Promise<void>;
}

/** A client of the server at `address`. It connects when it is first used. */
export function createClient(options: ClientOptions): Client {
  const { clock = systemClock, random = systemRandom, transport = webTransport(), submitTimeoutMs } = options;
  return new ApiClient({ address: options.address, transport, clock, random, submitTimeoutMs });
}

class ApiClient implements Client {
  readonly #transport: Transport;
  readonly #requests: Requests;
  readonly #connection: Connection;
  readonly #submits: Submits;
  readonly #watches: Watches;
  readonly #follows: Follows;
  readonly #direct: Direct;
  #closing: Promise<void> | null = null;

  constructor(options: Required<ClientOptions>) {
    const { transport, clock, random, submitTimeoutMs } = options;
    this.#transport = transport;
    this.#requests = new Requests(options);
    this.#connection = new Connection(options, this.#requests, (frame) => this.#receive(frame));
    this.#submits = new Submits(this.#connection, this.#requests, clock, newIds(clock, random), submitTimeoutMs);
    this.#watches = new Watches(this.#connection, this.#requests, clock);
    this.#follows = new Follows(this.#connection);
    const { caller } = transport;
    this.#direct = new Direct({ connection: this.#connection, requests: this.#requests, clock, random, caller });
    for (const part of [this.#submits, this.#watches, this.#follows, this.#direct]) this.#connection.add(part);
  }

  async submit(requests: readonly Submit[]): Promise<readonly SubmittedRun[]> {
    this.#checkOpen();
    return this.#submits.submit(requests);
  }

  async get(id: string): Promise<RunView | null> {
    try {
      return await this.#askRun('GET', id, '');
    } catch (error) {
      if (error instanceof RunNotFoundError) return null;
      throw error;
    }
  }

  cancel(id: string): Promise<RunView> {
    return this.#askRun('POST', id, '/cancel');
  }

  retry(id: string): Promise<RunView> {
    return this.#askRun('POST', id, '/retry');
  }

  async final(id: string, options?: FinalOptions): Promise<RunView> {
    this.#checkOpen();
    return this.#watches.final(id, options);
  }

  watch(id: string, listener: (event: WatchEvent) => void, options: WatchOptions): () => void {
    this.#checkOpen();
    return this.#watches.watch(id, listener, options);
  }

  follow(filter: RunFilter, limit: number, listener: (event: FollowEvent) => void): () => void {
    this.#checkOpen();
    return this.#follows.follow(filter, limit, listener);
  }

  async request<T>(method: Method, path: string, body?: unknown): Promise<T> {
    this.#checkOpen();
    const text = body === undefined ? null : JSON.stringify(body);
    return (await this.#requests.call(method, path, text, isRepeatable(method, path, body))) as T;
  }

  recordDirect(call: () => DirectCall): Recording | null {
    return this.#closing === null ? this.#direct.record(call) : null;
  }

  hold(): () => void {
    return this.#connection.hold();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watches.close(new ClientClosedError());
    await Promise.all([this.#submits.idle(), this.#direct.idle()]);
    await this.#connection.close();
    this.#transport.close();
  }

  async #askRun(method: Method, id: string, what: string): Promise<RunView> {
    if (!RUN_ID.test(id)) throw new RunNotFoundError(id);
    return this.request(method, `/runs/${id}${what}`);
  }

  /** `got` and `cancelled` answer what this client asks over HTTP, and a newer server may say more than it knows. */
  #receive(frame: WatchFrame): void {
    switch (frame.type) {
      case 'submitted':
      case 'refused':
        this.#submits.answered(frame);
        break;
      case 'run':
      case 'unknown':
      case 'log':
        this.#watches.received(frame);
        break;
      case 'snapshot':
      case 'change':
        this.#follows.received(frame);
        break;
      case 'recorded':
      case 'fenced':
        this.#direct.recorded(frame);
        break;
    }
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new ClientClosedError();
  }
}

/** Whether making the request twice is the same as making it once. */
function isRepeatable(method: Method, path: string, body: unknown): boolean {
  if (method === 'GET' || /\/(cancel|pause|resume)$/.test(path)) return true;
  return path === '/runs' && typeof (body as { id?: unknown } | undefined)?.id === 'string';
}

function newIds(clock: Clock, random: Random): () => string {
  return idMaker(clock.now, (bytes) => {
    const token = random.token();
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (digit(token, 2 * at) << 4) | digit(token, 2 * at + 1);
  });
}

/** The value of a hex digit; `parseInt` would cost more than all the rest of an id. */
function digit(token: string, at: number): number {
  const code = token.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
