/**
 * Submits: what is asked for in one turn of the event loop travels together, over the socket once it is open, else as one request.
 * Each run has its id before it is sent for the first time, so that what got lost on the way is sent again and stored once.
 */

import type { ErrorBody, SubmitRequest } from '../core/api.ts';
import { RefusedError } from '../core/errors.ts';
import type { SubmittedRun, WatchFrame } from '../core/frames.ts';
import { LIMITS, limitsOf, MOST_PAYLOAD_BYTES } from '../core/protocol.ts';
import type { Payload } from '../core/run.ts';
import type { Clock, Timer } from '../core/seams.ts';
import { isLeaving, isUnknown, refusedRun } from './answer.ts';
import { Call, chunks, ENVELOPE_BYTES, type Entry, entryOf } from './batch.ts';
import type { Connection, Part } from './connection.ts';
import { REPEAT_MS, type Requests, TRY_MS } from './requests.ts';
import { atTurnEnd } from './socket.ts';
import { NetworkError } from './transport.ts';

/** A submit whose arguments may be JSON text already, as `encodeArgs` makes it: then they are not written a second time. */
export interface Submit extends SubmitRequest {
  readonly argsJson?: Payload | undefined;
}

/** Runs that were sent over the socket and not answered yet. */
interface Sent {
  readonly entries: readonly Entry[];
  /** Monotonic milliseconds. */
  readonly at: number;
}
/** Runs that wait behind a request while nobody answers: those of one second go together, so that each gives up in its own time. */
interface Held {
  readonly entries: Entry[];
  /** They were sent before. */
  readonly sent: boolean;
  /** Monotonic milliseconds: since when the first of them waits. */
  readonly since: number;
}
const TOGETHER_MS = 1_000;
/** Below this the server knows its limit better. */
const MOST_RUN_BYTES = limitsOf({ argsBytes: MOST_PAYLOAD_BYTES }).bodyBytes;
/** Runs that must be sent again. `sent`: whether the server stored them is not known; else it did not. */
interface Left {
  readonly entries: readonly Entry[];
  readonly sent: boolean;
}

export class Submits implements Part {
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #patienceMs: number;
  /** How long an answer over the socket is waited for. */
  readonly #answerMs: number;
  #gathered: Entry[] = [];
  /** Turns in which something was submitted. */
  #turns = 0;
  /** By reference, oldest first. */
  readonly #sent = new Map<number, Sent>();
  #ref = 0;
  #letGo: (() => void) | null = null;
  #overdue: Timer | null = null;
  readonly #calls = new Set<Call>();
  /** Requests that are under way. */
  #posts = 0;
  #held: Held[] = [];
  #onIdle: (() => void) | null = null;

  /** `patienceMs`: how long a server that is not there is waited for; 0: one try. */
  constructor(connection: Connection, requests: Requests, clock: Clock, newId: () => string, patienceMs = REPEAT_MS) {
    this.#connection = connection;
    this.#requests = requests;
    this.#clock = clock;
    this.#newId = newId;
    this.#patienceMs = patienceMs;
    this.#answerMs = Math.min(TRY_MS, patienceMs || TRY_MS);
  }

  /** See `Client.submit`. */
  submit(requests: readonly Submit[]): Promise<readonly SubmittedRun[]> {
    if (requests.length === 0) return Promise.resolve([]);
    const call = new Call(requests.length, () => this.#ended(call));
    this.#calls.add(call);
    requests.forEach((request, index) => {
      this.#gather(entryOf(request, request.id ?? this.#newId(), call, index));
    });
    return call.answer;
  }

  /** Resolves when all that was submitted so far is answered. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** An answer over the socket. */
  answered(frame: Extract<WatchFrame, { type: 'submitted' | 'refused' }>): void {
    const entries = this.#take(frame.ref);
    if (frame.type === 'submitted') {
      const left = settle(entries, frame.runs, false);
      if (left.entries.length > 0) void this.#post(left.entries, left.sent);
    } else if (isUnknown(frame.error.code) || isLeaving(frame.error.code)) {
      void this.#post(entries, isUnknown(frame.error.code));
    } else {
      fail(entries, new RefusedError(frame.status, frame.error.code, frame.error.message));
    }
  }

  /** What was sent and not answered may be stored or not: it is sent again. */
  down(): void {
    const entries = [...this.#sent.keys()].flatMap((ref) => this.#take(ref));
    if (entries.length > 0) void this.#post(entries, true);
  }

  #gather(entry: Entry): void {
    if (entry.bytes > MOST_RUN_BYTES) {
      const message = `A run of ${entry.bytes} bytes is too large; no server takes more than ${MOST_RUN_BYTES}. Store its arguments elsewhere and pass a reference.`;
      fail([entry], new RefusedError(413, 'too_large', message));
    } else if (this.#gathered.push(entry) === 1) {
      atTurnEnd(() => this.#flush());
    }
  }

  #flush(): void {
    const entries = this.#gathered;
    this.#gathered = [];
    this.#turns += 1;
    if (this.#turns > 1) this.#connection.open();
    // What no frame of a server with the usual limits can hold is for HTTP, and what was submitted with it goes along, in order.
    if (!this.#connection.isUp || entries.some(({ bytes }) => bytes > LIMITS.frameBytes - ENVELOPE_BYTES)) {
      void this.#post(entries, false);
      return;
    }
    for (const chunk of chunks(entries, LIMITS.frameBytes)) this.#send(chunk);
    this.#connection.flush();
  }

  #send(entries: readonly Entry[]): void {
    const ref = this.#ref++;
    this.#sent.set(ref, { entries, at: this.#clock.monotonic() });
    this.#letGo ??= this.#connection.hold();
    if (this.#overdue === null) this.#lookLater(this.#answerMs);
    this.#connection.sendText(`{"type":"submit","ref":${ref},"runs":${arrayOf(entries)}}`);
  }

  #take(ref: number): readonly Entry[] {
    const sent = this.#sent.get(ref);
    this.#sent.delete(ref);
    if (this.#sent.size === 0) {
      this.#letGo?.();
      this.#letGo = null;
    }
    return sent?.entries ?? [];
  }

  /** One timer for all: the oldest is due first. */
  #lookLater(ms: number): void {
    this.#overdue = this.#clock.after(ms, () => this.#look(), true);
  }

  #look(): void {
    this.#overdue = null;
    const entries: Entry[] = [];
    for (const [ref, { at }] of this.#sent) {
      const left = at + this.#answerMs - this.#clock.monotonic();
      if (left > 0) {
        this.#lookLater(left);
        break;
      }
      entries.push(...this.#take(ref));
    }
    if (entries.length > 0) void this.#post(entries, true);
  }

  /**
   * Sends over HTTP, in order, and again where it must be. `sent`: it was sent before. While nobody answers one request tries, and what
   * comes meanwhile goes together behind it: else a server that is back for a moment would meet thousands. Never rejects.
   */
  async #post(entries: readonly Entry[], sent: boolean, since = this.#clock.monotonic()): Promise<void> {
    if (this.#posts > 0 && this.#requests.holdsBack(sent)) {
      this.#hold(entries, sent, since);
      return;
    }
    this.#posts += 1;
    await this.#postAll(entries, sent, since);
    this.#posts -= 1;
    const all = this.#held;
    this.#held = [];
    for (const held of all) void this.#post(held.entries, held.sent, held.since);
  }

  #hold(entries: readonly Entry[], sent: boolean, since: number): void {
    const last = this.#held.findLast((held) => held.sent === sent);
    if (!last || since - last.since >= TOGETHER_MS) this.#held.push({ entries: [...entries], sent, since });
    else for (const entry of entries) last.entries.push(entry); // there may be more than a call has room for
  }

  async #postAll(entries: readonly Entry[], sent: boolean, since: number): Promise<void> {
    const [first, ...rest] = chunks(entries, LIMITS.batchBodyBytes);
    if (first === undefined) return;
    const error = await this.#postChunk(first, sent, since);
    if (error === null) {
      this.#connection.hurry(); // the server was just there
    } else if (!(error instanceof RefusedError)) {
      // Nobody is there, or nobody who knows us: the rest would fare no better.
      const others = rest.flat();
      fail(others, sent && others.length > 0 ? await this.#requests.unreachable(error, idsOf(others)) : error);
      return;
    }
    await this.#postAll(rest.flat(), sent, this.#clock.monotonic());
  }

  /** Answers with why runs of the chunk were not stored; null: they all have their answers. */
  async #postChunk(chunk: readonly Entry[], sentBefore: boolean, since: number): Promise<Error | null> {
    let left = chunk;
    const once = async (timeoutMs: number, sent: boolean): Promise<void> => {
      const after = await this.#postOnce(left, timeoutMs, sent);
      left = after.entries;
      const why = after.sent ? 'the server could not say whether it stored them' : 'the server is stopping';
      if (left.length > 0) throw new NetworkError(after.sent, new Error(why));
    };
    try {
      await this.#requests.repeat(once, true, { sent: sentBefore, runIds: idsOf(chunk), since, patienceMs: this.#patienceMs });
      return null;
    } catch (error) {
      fail(left, error as Error);
      return error as Error;
    }
  }

  /** One request. */
  async #postOnce(entries: readonly Entry[], timeoutMs: number, sent: boolean): Promise<Left> {
    if (entries.length === 1) {
      const run = await this.#requests.once('POST', '/runs', (entries[0] as Entry).text, timeoutMs);
      return settle(entries, [run as SubmittedRun], sent);
    }
    const answer = await this.#requests.once('POST', '/runs/batch', `{"runs":${arrayOf(entries)}}`, timeoutMs);
    return settle(entries, (answer as { runs?: unknown } | null)?.runs, sent);
  }

  #ended(call: Call): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#onIdle?.();
  }
}

function arrayOf(entries: readonly Entry[]): string {
  return `[${entries.map((entry) => entry.text).join(',')}]`;
}

function idsOf(entries: readonly Entry[]): readonly string[] {
  return entries.map(({ id }) => id);
}

function fail(entries: readonly Entry[], error: Error): void {
  for (const { call, index } of entries) call.settle(index, error);
}

/** Gives each run its answer where that is final. `sent`: they were sent before, with an unknown outcome. */
function settle(entries: readonly Entry[], answers: unknown, sent: boolean): Left {
  if (!Array.isArray(answers) || answers.length !== entries.length || !answers.every(isAnswer)) {
    fail(entries, new RefusedError(200, 'not_bgtask', 'What the server answered to a submit is no answer of bgtask.'));
    return { entries: [], sent };
  }
  let areUnknown = false;
  const left = entries.filter((entry, at) => {
    const answer = answers[at] as SubmittedRun | ErrorBody;
    const code = 'id' in answer ? null : answer.error.code;
    const isOpen = code !== null && isUnknown(code, sent);
    areUnknown ||= isOpen;
    if (isOpen || (code !== null && isLeaving(code))) return true;
    entry.call.settle(entry.index, 'id' in answer ? { id: answer.id, deduplicated: answer.id !== entry.id } : refusedRun(answer));
    return false;
  });
  return { entries: left, sent: areUnknown };
}

function isAnswer(answer: unknown): boolean {
  const { id, error } = (answer ?? {}) as { id?: unknown; error?: { code?: unknown } };
  return typeof id === 'string' || typeof error?.code === 'string';
}
