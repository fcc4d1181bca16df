/**
 * Direct calls, told to the server while they run here. It is done in the background and never fails a call: where no server runs,
 * nothing is recorded, and for a few seconds nothing is even tried. An end is kept until the server has recorded it.
 */

import type { LogLine } from '../core/api.ts';
import type { DirectAttempt, DirectRun, Held, Outcome, WatchFrame } from '../core/frames.ts';
import type { Told as Shown } from '../core/run.ts';
import type { Clock, Random, Timer } from '../core/seams.ts';
import type { Connection, Part } from './connection.ts';
import { attemptText, beganText, outcomeText, parts } from './direct-frames.ts';
import { FREE, type Requests } from './requests.ts';
import { atTurnEnd } from './socket.ts';

/** An outcome without the lease it is reported under. */
export type DirectOutcome = Outcome extends infer O ? (O extends Outcome ? Omit<O, keyof Held> : never) : never;
export type AttemptTold = Omit<DirectAttempt, keyof Held>;
export type DirectCall = Omit<DirectRun, 'token' | 'caller'>;

/** A direct call that is being recorded. Nothing here throws. */
export interface Recording {
  log(line: LogLine): void;
  /** How far it is, and what it has set: all of it each time. */
  progress(shown: Shown): void;
  /** It waits for other runs, or does not any more. */
  waiting(isWaiting: boolean): void;
  attempt(told: AttemptTold): void;
  end(outcome: DirectOutcome): void;
}

/** After a server was not there: how long nobody looks again. */
const DEAF_MS = 5_000;
/** How long the look whether one is there may take. */
const KNOCK_MS = 1_000;
/** How long an end that is not recorded holds the process, counted from the newest. */
const HOLD_MS = 2_000;
/** How long it is kept while the server is away. */
const KEEP_MS = 30_000;
/** Calls that are recorded at once; more are not recorded. */
const MOST_CALLS = 10_000;
/** Log text that one call keeps while the socket is not open. */
const MOST_LOG_LENGTH = 524_288;
/** Of one call, starts and failures; of more the oldest are not told. Even, as they come in pairs. */
const MOST_ATTEMPTS = 1_000;

export interface DirectOptions {
  readonly connection: Connection;
  readonly requests: Requests;
  readonly clock: Clock;
  readonly random: Random;
  readonly caller: string;
}

export class Direct implements Part {
  readonly #options: DirectOptions;
  readonly #calls = new Map<string, Told>();
  /** Those with something to tell. */
  readonly #news = new Set<Told>();
  /** Monotonic milliseconds. */
  #deafUntil = Number.NEGATIVE_INFINITY;
  #knocking = false;
  #ended = 0;
  #letGo: (() => void) | null = null;
  #timer: Timer | null = null;
  #onIdle: () => void = () => undefined;

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  /** See `Client.recordDirect`. */
  record(call: () => DirectCall): Recording | null {
    const { connection, clock, random, caller } = this.#options;
    if (this.#calls.size >= MOST_CALLS) return null;
    if (!connection.isUp && clock.monotonic() < this.#deafUntil) return null;
    const token = random.token();
    const run = { ...call(), token, caller };
    const held = { runId: run.runId, token };
    const told: Told = {
      held,
      began: beganText(run),
      hasBegun: false,
      lines: [],
      length: 0,
      shown: null,
      attempts: [],
      saidAttempts: 0,
      waits: false,
      saidWaits: false,
      outcome: null,
      endedAt: 0,
    };
    this.#calls.set(token, told);
    this.#tell(told);
    if (!connection.isUp) void this.#knock();
    return {
      log: (line) => this.#log(told, line),
      progress: (shown) => this.#show(told, shown),
      waiting: (isWaiting) => this.#wait(told, isWaiting),
      attempt: (attempt) => this.#attempt(told, { ...attempt, ...held }),
      end: (outcome) => this.#end(told, outcome),
    };
  }

  /** Resolves when all ends are recorded, or have been waited for long enough. */
  idle(): Promise<void> {
    if (this.#letGo === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  recorded(frame: Extract<WatchFrame, { type: 'recorded' | 'fenced' }>): void {
    for (const { token } of frame.runs) this.#forget(token);
  }

  up(): void {
    for (const told of this.#calls.values()) {
      told.hasBegun = false; // the lease hangs on the connection
      told.saidWaits = false;
      told.saidAttempts = 0;
      this.#news.add(told);
    }
    this.#flush();
  }

  down(): void {
    const now = this.#options.clock.monotonic();
    this.#deafUntil = now + DEAF_MS;
    const never = !this.#options.requests.accepted;
    for (const [token, { outcome, endedAt }] of this.#calls) {
      if (never || (outcome !== null && now - endedAt >= KEEP_MS)) this.#forget(token);
    }
  }

  /** Looks whether a server is there before anything bigger is loaded. */
  async #knock(): Promise<void> {
    const { connection, requests, clock } = this.#options;
    if (this.#knocking) return;
    this.#knocking = true;
    try {
      await requests.once('GET', FREE, null, KNOCK_MS);
      connection.open();
      connection.hurry();
    } catch {
      // Nobody is there, which is nobody's mistake.
      this.#deafUntil = clock.monotonic() + DEAF_MS;
      if (!connection.isUp) for (const token of this.#calls.keys()) this.#forget(token);
    }
    this.#knocking = false;
  }

  #log(told: Told, line: LogLine): void {
    if (!this.#calls.has(told.held.token) || told.outcome !== null) return;
    if (told.length > MOST_LOG_LENGTH && !this.#options.connection.isUp) return;
    told.lines.push(line);
    told.length += line.text.length;
    this.#tell(told);
  }

  #show(told: Told, shown: Shown): void {
    if (!this.#calls.has(told.held.token) || told.outcome !== null) return;
    told.shown = JSON.stringify({ ...told.held, ...shown });
    this.#tell(told);
  }

  #wait(told: Told, isWaiting: boolean): void {
    told.waits = isWaiting;
    if (this.#calls.has(told.held.token) && told.outcome === null) this.#tell(told);
  }

  #attempt(told: Told, attempt: DirectAttempt): void {
    if (!this.#calls.has(told.held.token) || told.outcome !== null) return;
    told.attempts.push(attemptText(attempt));
    if (told.attempts.length > MOST_ATTEMPTS) told.saidAttempts = Math.max(0, told.saidAttempts - told.attempts.splice(0, 2).length);
    this.#tell(told);
  }

  #end(told: Told, outcome: DirectOutcome): void {
    if (!this.#calls.has(told.held.token) || told.outcome !== null) return;
    const { clock, connection } = this.#options;
    told.outcome = outcomeText({ ...outcome, ...told.held } as Outcome);
    told.endedAt = clock.monotonic();
    this.#ended += 1;
    this.#letGo ??= connection.hold();
    if (this.#timer === null) this.#letGoIn(HOLD_MS);
    this.#tell(told);
  }

  #forget(token: string): void {
    const told = this.#calls.get(token);
    if (told === undefined) return;
    this.#calls.delete(token);
    this.#news.delete(told);
    if (told.outcome !== null) this.#ended -= 1;
    if (this.#ended === 0) this.#release();
  }

  #release(): void {
    this.#letGo?.();
    this.#letGo = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.#onIdle();
  }

  #letGoIn(ms: number): void {
    const { clock } = this.#options;
    this.#timer = clock.after(ms, () => this.#look(), true);
  }

  /** Calls may have ended since the timer was set. */
  #look(): void {
    let newest = Number.NEGATIVE_INFINITY;
    for (const { outcome, endedAt } of this.#calls.values()) if (outcome !== null) newest = Math.max(newest, endedAt);
    const left = newest + HOLD_MS - this.#options.clock.monotonic();
    if (left > 0) this.#letGoIn(left);
    else this.#release();
  }

  #tell(told: Told): void {
    this.#news.add(told);
    if (this.#news.size === 1) atTurnEnd(() => this.#flush());
  }

  #flush(): void {
    const { connection } = this.#options;
    if (!connection.isUp) return; // `up` tells it all
    const began: string[] = [];
    const attempts: string[] = [];
    const logs: string[] = [];
    const shown: string[] = [];
    const waits: string[] = [];
    const outcomes: string[] = [];
    for (const told of this.#news) {
      if (!told.hasBegun) began.push(told.began);
      told.hasBegun = true;
      attempts.push(...told.attempts.slice(told.saidAttempts));
      told.saidAttempts = told.attempts.length;
      for (const lines of parts(told.lines.splice(0), ({ text }) => text.length)) logs.push(JSON.stringify({ ...told.held, lines }));
      told.length = 0;
      shown.push(...newShown(told));
      waits.push(...newWait(told));
      if (told.outcome !== null) outcomes.push(told.outcome);
    }
    this.#news.clear();
    this.#send('began', 'runs', began);
    this.#send('attempts', 'runs', attempts);
    this.#send('logs', 'runs', logs);
    this.#send('progress', 'runs', shown);
    this.#send('waiting', 'runs', waits);
    this.#send('finished', 'outcomes', outcomes);
    connection.flush();
  }

  #send(type: string, key: string, texts: readonly string[]): void {
    for (const some of parts(texts, ({ length }) => length))
      this.#options.connection.sendText(`{"type":"${type}","${key}":[${some.join(',')}]}`);
  }
}

/** Its progress and meta, where they are news; as JSON text. */
function newShown(told: Told): string[] {
  const news = told.shown === null ? [] : [told.shown];
  told.shown = null;
  return news;
}

/** Whether the call waits for other runs, where that is news; as JSON text. */
function newWait(told: Told): string[] {
  if (told.waits === told.saidWaits || told.outcome !== null) return [];
  told.saidWaits = told.waits;
  return [JSON.stringify({ ...told.held, waiting: told.waits })];
}

/** What is known of one call, and what of it was told. */
interface Told {
  readonly held: Held;
  /** As JSON text. */
  readonly began: string;
  /** It was told in this connection. */
  hasBegun: boolean;
  /** Not told yet. */
  readonly lines: LogLine[];
  /** Of their texts. */
  length: number;
  /** The newest of its progress and meta that was not told yet, as JSON text. */
  shown: string | null;
  /** As JSON text, in order; and how many of them were told in this connection. */
  readonly attempts: string[];
  saidAttempts: number;
  /** It waits for other runs; and what of that was told in this connection. */
  waits: boolean;
  saidWaits: boolean;
  /** As JSON text. */
  outcome: string | null;
  /** Monotonic milliseconds. */
  endedAt: number;
}
