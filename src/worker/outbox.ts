/**
 * What a worker has to tell its server, gathered until the end of the turn and sent in the order in which it counts: starts, logs,
 * progress, waits, questions, outcomes. While the connection is down it keeps logs (within a bound) and the newest progress; starts, waits,
 * questions and outcomes are said again by the worker, which holds them until they are recorded.
 */
import { atTurnEnd } from '../client/socket.ts';
import type { LogLine } from '../core/api.ts';
import type { CacheQuestion, Held, Outcome, Waiting } from '../core/frames.ts';
import { LIMITS } from '../core/protocol.ts';
import { plainError, type Told } from '../core/run.ts';
import type { Clock, Timer } from '../core/seams.ts';

/** Characters of one frame of several things. A character takes up to three bytes. */
const FRAME_TEXT = LIMITS.frameBytes / 4;
/** A start waits this long for its outcome, which counts as the start too: the runs of quick tasks then take one write, not two. */
export const START_WAITS_MS = 4;
/** Characters of logs that are kept while the server is away. */
const KEPT_LOGS = 16_777_216;

interface LogsOf extends Held {
  readonly lines: LogLine[];
  /** Lines that found no room. */
  lost: number;
}

export class Outbox {
  readonly #send: (text: string) => void;
  readonly #clock: Clock;
  #frameBytes: number = LIMITS.frameBytes;
  #isOpen = false;
  #isWaiting = false;
  #starts = new Map<string, Held>();
  #startTimer: Timer | null = null;
  #logs = new Map<string, LogsOf>();
  #logText = 0;
  #progress = new Map<string, Held & Told>();
  #waits = new Map<string, Waiting>();
  #asks = new Map<string, Held & CacheQuestion>();
  /** Each as JSON. */
  #outcomes = new Map<string, string>();

  /** `send` takes a frame as JSON. */
  constructor(send: (text: string) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** The server listens, and takes frames of `frameBytes`: what was kept goes out. */
  open(frameBytes: number): void {
    this.#frameBytes = frameBytes;
    this.#isOpen = true;
    atTurnEnd(() => this.#flush(true));
  }

  /** What was gathered and not sent is kept, but starts, waits, questions and outcomes. */
  close(): void {
    this.#isOpen = false;
    this.#clearStarts();
    this.#waits.clear();
    this.#asks.clear();
    this.#outcomes.clear();
  }

  /** Goes out after `START_WAITS_MS`, or with the next logs or progress of any run, whichever is first. */
  started({ runId, token }: Held): void {
    this.#starts.set(token, { runId, token });
    if (this.#isOpen) this.#startTimer ??= this.#clock.after(START_WAITS_MS, () => this.#flush(true));
  }

  /** Gives back what is really sent: an outcome that no frame can hold becomes a failure. */
  outcome(outcome: Outcome): Outcome {
    const text = JSON.stringify(outcome);
    if (text.length > FRAME_TEXT && Buffer.byteLength(text) > this.#frameBytes - 1_024) return this.outcome(tooLarge(outcome));
    this.#starts.delete(outcome.token); // an outcome counts as the start
    this.#waits.delete(outcome.token);
    this.#asks.delete(outcome.token);
    this.#outcomes.set(outcome.token, text);
    this.#soon();
    return outcome;
  }

  logs(logs: readonly (Held & { readonly lines: readonly LogLine[] })[]): void {
    for (const { runId, token, lines } of logs) {
      const of = this.#logs.get(token) ?? { runId, token, lines: [], lost: 0 };
      this.#logs.set(token, of);
      for (const line of lines) {
        if (this.#logText > KEPT_LOGS) of.lost += 1;
        else of.lines.push(line);
        this.#logText += line.text.length;
      }
    }
    this.#soon();
  }

  progress(progress: readonly (Held & Told)[]): void {
    for (const one of progress) this.#progress.set(one.token, one);
    this.#soon();
  }

  waiting(waits: readonly Waiting[]): void {
    for (const one of waits) this.#waits.set(one.token, one);
    this.#soon();
  }

  asked(questions: readonly (Held & CacheQuestion)[]): void {
    for (const one of questions) this.#asks.set(one.token, one);
    this.#soon();
  }

  #soon(): void {
    if (this.#isWaiting || !this.#isOpen) return;
    this.#isWaiting = true;
    atTurnEnd(() => this.#flush());
  }

  #flush(isStartDue = false): void {
    this.#isWaiting = false;
    if (!this.#isOpen) return;
    const logs = this.#logs.size === 0 ? [] : [...this.#logs.values()].flatMap(pieces);
    if (isStartDue || logs.length > 0 || this.#progress.size > 0) {
      this.#frames('started', 'runs', [...this.#starts.values()].map(text));
      this.#clearStarts();
    }
    this.#frames('logs', 'runs', logs);
    this.#frames('progress', 'runs', [...this.#progress.values()].map(text));
    this.#frames('waiting', 'runs', [...this.#waits.values()].map(text));
    this.#frames('cache', 'runs', [...this.#asks.values()].map(text));
    this.#frames('finished', 'outcomes', this.#outcomes.values());
    this.#logs.clear();
    this.#logText = 0;
    this.#progress.clear();
    this.#waits.clear();
    this.#asks.clear();
    this.#outcomes.clear();
  }

  #clearStarts(): void {
    this.#starts.clear();
    this.#startTimer?.cancel();
    this.#startTimer = null;
  }

  /** As few frames as the limit allows. */
  #frames(type: string, key: string, items: Iterable<string>): void {
    let frame = '';
    for (const item of items) {
      if (frame !== '' && frame.length + item.length > FRAME_TEXT) {
        this.#send(`{"type":"${type}","${key}":[${frame}]}`);
        frame = '';
      }
      frame += frame === '' ? item : `,${item}`;
    }
    if (frame !== '') this.#send(`{"type":"${type}","${key}":[${frame}]}`);
  }
}

function text(of: object): string {
  return JSON.stringify(of);
}

/** The lines of one run, in pieces that fit a frame. */
function pieces({ runId, token, lines, lost }: LogsOf): string[] {
  const last = lines.at(-1);
  if (lost > 0 && last) lines.push({ ...last, level: 'warn', text: `[cut: ${lost} lines came while the server was away]` });
  const made: string[] = [];
  let from = 0;
  let size = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const length = (lines[at] as LogLine).text.length;
    if (at > from && size + length > FRAME_TEXT / 2) {
      made.push(text({ runId, token, lines: lines.slice(from, at) }));
      from = at;
      size = 0;
    }
    size += length;
  }
  if (from < lines.length) made.push(text({ runId, token, lines: lines.slice(from) }));
  return made;
}

function tooLarge({ runId, token }: Outcome): Outcome {
  const error = plainError('ResultTooLargeError', 'The result does not fit into a frame. Store it elsewhere and return a reference.');
  return { runId, token, type: 'fail', error, retry: false, retryDelayMs: 0, timedOut: false };
}
