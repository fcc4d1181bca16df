/**
 * The server: wires the dispatcher, the HTTP API and the sockets over a store, and keeps the one timer that the dispatcher asks
 * for. The store is the caller's: it is opened before and closed after. Nothing here runs while nothing happens.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidOptionError, StoreError } from '../core/errors.ts';
import { idMaker } from '../core/ids.ts';
import { isLoopback } from '../core/loopback.ts';
import { LIMITS, type ServerLimits } from '../core/protocol.ts';
import type { Clock, Random, Timer } from '../core/seams.ts';
import type { Keep, Store } from '../store/store.ts';
import { isDead } from '../system/processes.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import { rawAnswer, refuse } from './answer.ts';
import { Dispatcher } from './dispatcher.ts';
import { digest, type Rules } from './guard.ts';
import { httpListener } from './http.ts';
import { createListener } from './listener.ts';
import { shower } from './shown.ts';
import { Sockets } from './sockets.ts';
import { Watching } from './watching.ts';

export interface ServerOptions {
  readonly store: Store;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: 4200; 0 takes a free one. */
  readonly port?: number;
  /** Null: nobody needs one. */
  readonly token: string | null;
  /** Names beside those of loopback under which it may be called: `name` with any port, or `name:port`. */
  readonly allowHosts?: readonly string[];
  readonly version: string;
  /** How long and how many ended runs are kept. Default: `DEFAULT_KEEP` of the store. */
  readonly keep?: Keep;
  /** Default: `LIMITS`. */
  readonly limits?: ServerLimits;
  readonly clock?: Clock;
  readonly random?: Random;
  /** What should not happen, for whoever runs the server. Default: standard error. */
  readonly onError?: (error: unknown) => void;
}

export interface RunningServer {
  /** As in `http://127.0.0.1:4200`. */
  readonly url: string;
  readonly port: number;
  /** Resolves when it has stopped: null after `close`, the error where the store cannot go on. */
  readonly closed: Promise<StoreError | null>;
  /** From now on only `token` counts; who came in with another is sent away. */
  rotateToken(token: string): void;
  /** Takes no more runs, says goodbye to the sockets and stops listening, within 5 s. The store stays open. Safe to call twice. */
  close(): Promise<void>;
}

/** How long requests that are being answered may take at the end. */
const FINISH_MS = 2_000;

/**
 * @throws {InvalidOptionError} It would be open to other machines without a token, or without a name to call it by.
 * @throws {Error} It cannot listen there; `code` is Node's, as in `EADDRINUSE`.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 4200, token, allowHosts = [] } = options;
  if (!isLoopback(host) && (token === null || allowHosts.length === 0)) {
    throw new InvalidOptionError('host', host, '127.0.0.1, or a token and allowHosts beside it');
  }
  const server = new LocalServer(options);
  await server.start(host, port);
  return server;
}

class LocalServer implements RunningServer {
  readonly closed: Promise<StoreError | null>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #sockets: Sockets;
  readonly #http: Server;
  readonly #onError: (error: unknown) => void;
  #rules: Rules;
  #url = '';
  #tick: Timer | null = null;
  #closing: Promise<void> | null = null;
  #resolveClosed: (error: StoreError | null) => void = () => undefined;

  constructor(options: ServerOptions) {
    const { store, clock = systemClock, random = systemRandom, token, allowHosts = [], version, limits = LIMITS } = options;
    const show = shower(store, clock);
    this.#store = store;
    this.#clock = clock;
    // A store that has failed says so itself: `closed` tells it.
    this.#onError = (error) => (error instanceof StoreError ? undefined : (options.onError ?? report)(error));
    this.#rules = {
      port: 0,
      token: token === null ? null : digest(token),
      allowHosts: new Set(allowHosts.map((name) => name.toLowerCase())),
    };
    this.#dispatcher = new Dispatcher({
      ...{ store, clock, random, isDead, limits },
      newId: newIds(clock, random),
      ...(options.keep && { keep: options.keep }),
    });
    const dispatcher = this.#dispatcher;
    const watching = new Watching(store, dispatcher, show);
    this.#sockets = new Sockets({ dispatcher, store, clock, show, watching, limits, onError: this.#onError });
    const url = () => this.#url;
    const api = { dispatcher, store, clock, version, limits, show, url, startedAt: clock.now(), onPaused: () => watching.renew() };
    this.#http = createListener({
      ...{ clock, limits },
      rules: () => this.#rules,
      headers: { 'bgtask-durability': store.durability },
      onRequest: httpListener(api, this.#onError),
      onUpgrade: (path, request, stream, head) => {
        if (this.#closing) stream.end(rawAnswer(refuse(503, 'draining', 'The server is stopping.')));
        else this.#sockets.upgrade(path, request, stream, head);
      },
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return this.#rules.port;
  }

  async start(host: string, port: number): Promise<void> {
    await this.#dispatcher.start();
    this.#http.listen(port, host);
    await once(this.#http, 'listening'); // rejects with the error where there is one
    this.#http.on('error', this.#onError);
    const { address, family, port: bound } = this.#http.address() as AddressInfo;
    const isAny = address === '0.0.0.0' || address === '::';
    const name = isAny ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
    this.#url = `http://${name}:${bound}`;
    // A page can be made to call us by a name of its own, but not by our number.
    this.#rules = { ...this.#rules, port: bound, allowHosts: new Set([...this.#rules.allowHosts, `${name}:${bound}`]) };
    this.#dispatcher.onWake(() => this.#arm());
    this.#arm();
    void this.#store.failed.then((error) => this.#stop(error));
  }

  rotateToken(token: string): void {
    this.#rules = { ...this.#rules, token: digest(token) };
    void this.#sockets.closeAll(4401, 'The API key was replaced');
    this.#http.closeIdleConnections();
  }

  close(): Promise<void> {
    return this.#stop(null);
  }

  #stop(error: StoreError | null): Promise<void> {
    this.#closing ??= this.#close().then(() => this.#resolveClosed(error));
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#dispatcher.drain();
    this.#tick?.cancel();
    this.#dispatcher.onWake(() => undefined);
    const stopped = this.#http.listening ? once(this.#http, 'close') : Promise.resolve();
    this.#http.close();
    await this.#sockets.closeAll(1012, 'The server stops');
    const timer = this.#clock.after(FINISH_MS, () => this.#http.closeAllConnections());
    this.#http.closeIdleConnections();
    await stopped;
    timer.cancel();
  }

  /** One timer for the next moment at which time alone changes something. */
  #arm(): void {
    this.#tick?.cancel();
    const ms = this.#dispatcher.nextTickInMs();
    const dueAt = this.#clock.monotonic() + (ms ?? 0);
    this.#tick = ms === null ? null : this.#clock.after(ms, () => this.#ticked(this.#clock.monotonic() - dueAt), true);
  }

  #ticked(lateMs: number): void {
    try {
      this.#dispatcher.tick(lateMs);
    } catch (error) {
      this.#onError(error);
    }
    this.#arm();
  }
}

function newIds(clock: Clock, random: Random): () => string {
  return idMaker(
    () => clock.now(),
    (bytes) => void Buffer.from(random.token(), 'hex').copy(bytes),
  );
}

function report(error: unknown): void {
  process.stderr.write(`bgtask server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
