/**
 * One WebSocket that comes back by itself: pings, a watchdog, and tries again for ever. Client (`/watch`) and worker (`/work`)
 * hang their frames on it. It knows nothing of what the frames say, and what was sent while it was down is gone: who uses it
 * says again in `onUp` what the other side must know. Runs in browsers too: no `node:` here.
 */
import { HEARTBEAT_MS, SILENCE_MS, SUBPROTOCOL } from '../core/protocol.ts';
import type { Clock, Random, Timer } from '../core/seams.ts';
import { capMs, FIRST_CAP_MS } from './backoff.ts';
import { type DownReason, whyDown } from './down.ts';
import { type Connect, drop, goodbye, type WebSocketLike } from './raw-socket.ts';

export type { DownReason } from './down.ts';
export type { Connect, WebSocketLike } from './raw-socket.ts';

/** Longest time from the begin of a try to an open socket. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Longest time from a ping to its answer. */
const ANSWER_MS = SILENCE_MS - HEARTBEAT_MS;
/** Clocks that part by more than this between two pings show that the machine slept, and the other side did not. */
const APART_MS = 5_000;

/** Where the server is. `url` is the base of the API, as in `http://127.0.0.1:4200/api`. */
export interface Address {
  readonly url: string;
  readonly apiKey: string | null;
}

export interface SocketOptions<In> {
  readonly path: '/work' | '/watch';
  /** Asked before each try. */
  readonly address: () => Promise<Address>;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: Random;
  /** False: one try and one connection. */
  readonly reconnect: boolean;
  /** The socket is open. What is sent in here goes first. */
  onUp(): void;
  /** Pongs are not passed on. */
  onFrame(frame: In): void;
  /** A ping was answered that was sent at `askedAt`, monotonic milliseconds: the other side hears us, or did then. */
  onAnswer?(askedAt: number): void;
  /** After each lost connection and each try that failed. Not after `close`. */
  onDown(why: DownReason, error?: unknown): void;
}

export interface Socket<Out> {
  /** Gathered until the end of the turn, then written together. Dropped while the socket is down. */
  send(frame: Out): void;
  /** The same for a frame that is JSON text already. */
  sendText(text: string): void;
  /** Writes what is gathered now. */
  flush(): void;
  readonly isUp: boolean;
  /** Tries now, where it is waiting for its next try and the last one was not a moment ago. */
  hurry(): void;
  /** Whether it holds the process alive: it does from the start, until `unref`. */
  ref(): void;
  unref(): void;
  /** Sends what is gathered, says goodbye and stays down. Safe to call twice. */
  close(): Promise<void>;
}
/** Runs `fn` once at the end of this turn of the event loop, after everything that is ready now. */
export const atTurnEnd: (fn: () => void) => void = typeof setImmediate === 'function' ? (fn) => void setImmediate(fn) : queueMicrotask;

/** Begins to connect at once. Errors never come out of it but through `onDown`. */
export function openSocket<Out, In>(options: SocketOptions<In>): Socket<Out> {
  return new ReturningSocket<Out, In>(options);
}

/** One connection, from the begin of the try to its end. */
interface Line {
  ws: WebSocketLike | null;
  url: string;
  up: boolean;
  over: boolean;
  /** Monotonic milliseconds: when it came up, and when the pings were sent that are not answered yet. */
  upAt: number;
  readonly asked: number[];
  error: unknown;
  timers: { watchdog?: Timer; ping?: Timer };
}

class ReturningSocket<Out, In> implements Socket<Out> {
  readonly #options: SocketOptions<In>;
  #line: Line | null = null;
  #retry: Timer | null = null;
  /** Monotonic milliseconds: when `#retry` fires. */
  #retryAt = 0;
  /** The same: when it was found down. */
  #failedAt = 0;
  /** Tries that failed in a row; a connection that proved itself sets it back. */
  #failures = 0;
  #held = true;
  #gathered: string[] = [];
  #closing: Promise<void> | null = null;

  constructor(options: SocketOptions<In>) {
    this.#options = options;
    void this.#try();
  }

  get isUp(): boolean {
    return this.#line?.up === true;
  }

  send(frame: Out): void {
    if (this.isUp) this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    if (this.isUp && this.#gathered.push(text) === 1) atTurnEnd(() => this.flush());
  }

  flush(): void {
    const line = this.#line;
    const texts = this.#gathered;
    if (texts.length === 0 || !line?.up || line.ws === null) return;
    this.#gathered = [];
    try {
      line.ws.cork?.();
      for (const text of texts) line.ws.send(text);
      line.ws.uncork?.();
    } catch (error) {
      this.#end(line, 'gone', error);
    }
  }

  hurry(): void {
    const soon = this.#failedAt + FIRST_CAP_MS;
    if (this.#retry === null || soon >= this.#retryAt) return;
    this.#retry.cancel();
    this.#arm(Math.max(0, soon - this.#options.clock.monotonic()));
  }

  ref(): void {
    this.#hold(true);
  }

  unref(): void {
    this.#hold(false);
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  /** Never rejects. */
  async #try(): Promise<void> {
    const { address, connect, clock, path } = this.#options;
    const line: Line = { ws: null, url: '', up: false, over: false, upAt: 0, asked: [], error: undefined, timers: {} };
    this.#retry = null;
    this.#line = line;
    const late = () => this.#end(line, 'silent', new Error(`No answer within ${CONNECT_TIMEOUT_MS / 1_000} s from ${line.url}`));
    line.timers.watchdog = clock.after(CONNECT_TIMEOUT_MS, late, true);
    try {
      const { url, apiKey } = await address();
      if (line.over) return;
      line.url = url;
      const headers: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
      const ws = await connect(url.replace(/^http/, 'ws').replace(/\/$/, '') + path, [SUBPROTOCOL], headers);
      line.ws = ws;
      if (line.over) drop(ws);
      else this.#listen(line, ws);
    } catch (error) {
      this.#end(line, 'gone', error);
    }
  }

  #listen(line: Line, ws: WebSocketLike): void {
    if (!this.#held) ws.unref?.();
    ws.onopen = () => this.#opened(line);
    ws.onmessage = (event) => this.#heard(line, event.data);
    ws.onerror = (event) => {
      line.error ??= event.error;
    };
    ws.onclose = (event) => {
      const { url, up, error } = line;
      const down = whyDown({ url, up, error, code: event.code, reason: event.reason, refusal: ws.refusal });
      this.#end(line, down.why, down.error);
    };
  }

  #opened(line: Line): void {
    const { clock } = this.#options;
    line.timers.watchdog?.cancel();
    line.up = true;
    line.upAt = clock.monotonic();
    this.#watch(line, SILENCE_MS);
    this.#ping(line);
    this.#guard(line, () => this.#options.onUp());
  }

  #heard(line: Line, data: unknown): void {
    if (line.over) return;
    this.#failures = 0;
    this.#guard(line, () => {
      const frame = JSON.parse(data as string) as In;
      if ((frame as { type?: unknown }).type === 'pong') this.#answered(line);
      else this.#options.onFrame(frame);
    });
  }

  #answered(line: Line): void {
    const askedAt = line.asked.shift();
    if (askedAt !== undefined) this.#options.onAnswer?.(askedAt);
  }

  /** What cannot be read, or breaks whoever reads it, ends the connection: on a new one both sides begin from known ground. */
  #guard(line: Line, fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.#end(line, 'refused-protocol', error);
    }
  }

  #ping(line: Line): void {
    const { clock } = this.#options;
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    const ping = () => {
      if (Math.abs(clock.now() - wall - (clock.monotonic() - monotonic)) > APART_MS)
        return this.#end(line, 'silent', new Error('The clocks are apart: this machine may have slept'));
      this.#ping(line);
      line.asked.push(clock.monotonic());
      this.send({ type: 'ping' } as Out);
    };
    line.timers.ping = clock.after(HEARTBEAT_MS, ping, true);
  }

  /**
   * Ends the line when a ping is not answered, SILENCE_MS after the one before it: other frames say only that one direction works. Looks a
   * second time one turn later: where our own loop was blocked, the frames that came meanwhile are read only after the timer.
   */
  #watch(line: Line, ms: number, again = false): void {
    const look = () => {
      const now = this.#options.clock.monotonic();
      const left = (line.asked[0] ?? now) + ANSWER_MS - now;
      if (left > 0) this.#watch(line, left);
      else if (!again) this.#watch(line, 1, true);
      else this.#end(line, 'silent', new Error(`No answer for ${SILENCE_MS / 1_000} s from ${line.url}`));
    };
    line.timers.watchdog = this.#options.clock.after(ms, look, true);
  }

  #end(line: Line, why: DownReason, error: unknown): void {
    if (line.over) return;
    this.#drop(line);
    if (line.up && this.#options.clock.monotonic() - line.upAt >= HEARTBEAT_MS) this.#failures = 0;
    line.up = false;
    this.#failedAt = this.#options.clock.monotonic();
    this.#options.onDown(why, error);
    if (this.#options.reconnect && this.#closing === null) this.#wait(line.url);
  }

  #drop(line: Line): void {
    line.over = true;
    line.timers.watchdog?.cancel();
    line.timers.ping?.cancel();
    this.#gathered = [];
    if (this.#line === line) this.#line = null;
    if (line.ws !== null) drop(line.ws);
  }

  #wait(url: string): void {
    const cap = capMs(url, this.#failures);
    this.#failures += 1;
    this.#arm(this.#options.random.number() * cap);
  }

  #arm(ms: number): void {
    this.#retryAt = this.#options.clock.monotonic() + ms;
    this.#retry = this.#options.clock.after(ms, () => void this.#try(), !this.#held);
  }

  #hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    if (held) this.#line?.ws?.ref?.();
    else this.#line?.ws?.unref?.();
    if (this.#retry === null) return;
    this.#retry.cancel();
    this.#arm(Math.max(0, this.#retryAt - this.#options.clock.monotonic()));
  }

  async #leave(): Promise<void> {
    this.flush();
    this.#retry?.cancel();
    this.#retry = null;
    const line = this.#line;
    if (line === null) return;
    const { ws, up } = line;
    line.ws = null; // it gets its own goodbye below
    this.#drop(line);
    if (ws !== null) await (up ? goodbye(ws, this.#options.clock) : drop(ws));
  }
}
