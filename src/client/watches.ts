/**
 * Runs that somebody here watches, over the one socket: each id is asked for once, however many wait for it, and asked for again
 * when the socket comes back. Nothing polls: the server pushes.
 */

import type { LogLine, RunView } from '../core/api.ts';
import { RunNotFoundError, WaitTimeoutError } from '../core/errors.ts';
import type { WatchFrame } from '../core/frames.ts';
import { RUN_ID } from '../core/protocol.ts';
import { isFinalState } from '../core/run.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { Connection, Part } from './connection.ts';
import { REPEAT_MS, type Requests, SETTLE_MS } from './requests.ts';
import { atTurnEnd, type DownReason } from './socket.ts';

/** What a watcher hears. `unknown`: the server has no such run. `resync`, with details only: the connection was lost, and lines may be missing. */
export type WatchEvent =
  | { readonly type: 'run'; readonly run: RunView }
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'unknown' }
  | { readonly type: 'resync' };

export interface WatchOptions {
  /** Open states, logs and progress too, beginning with the state it is in. Else only the final run. */
  readonly detail: boolean;
  /** Nothing more will come: no server answers, or it does not let us in. Default: it is told when one does. */
  readonly failed?: ((error: Error) => void) | undefined;
}

export interface FinalOptions {
  /** Default: no limit. */
  readonly timeoutMs?: number | null | undefined;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

interface Watcher extends WatchOptions {
  readonly listener: (event: WatchEvent) => void;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** The socket was up in its time. From then on it outlives any outage. */
  wasUp: boolean;
}
interface Watched {
  readonly watchers: Set<Watcher>;
  /** What the server was asked for in this connection. `over`: it has told the last of it. */
  asked: 'nothing' | 'end' | 'detail' | 'over';
  /** To be asked again: then the server tells again, and who joined hears what the others heard before. */
  again: boolean;
}

/** Ids in one frame. */
const MOST_IDS = 10_000;

export class Watches implements Part {
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  /** Ids whose watchers changed in this turn. */
  readonly #changed = new Set<string>();
  #downSince: number | null = null;

  constructor(connection: Connection, requests: Requests, clock: Clock) {
    this.#connection = connection;
    this.#requests = requests;
    this.#clock = clock;
  }

  /** Returns how to stop. */
  watch(id: string, listener: (event: WatchEvent) => void, options: WatchOptions): () => void {
    const watcher: Watcher = { ...options, listener, since: this.#clock.monotonic(), wasUp: this.#connection.isUp };
    const watched = this.#watched.get(id) ?? { watchers: new Set(), asked: 'nothing', again: false };
    this.#watched.set(id, watched);
    watched.watchers.add(watcher);
    if (watched.asked === 'over') watched.asked = 'nothing';
    watched.again ||= options.detail;
    this.#change(id);
    this.#connection.open();
    this.#connection.hurry();
    return () => {
      if (watched.watchers.delete(watcher)) this.#change(id);
    };
  }

  /** The run once it is final. See `Client.final`. */
  final(id: string, { timeoutMs = null, signal }: FinalOptions = {}): Promise<RunView> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const letGo = this.#connection.hold();
      let timer: Timer | null = null;
      const end = (settle: () => void): void => {
        stop();
        letGo();
        timer?.cancel();
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const aborted = (): void => end(() => reject(signal?.reason));
      const failed = (error: Error): void => end(() => reject(error));
      const listener = (event: WatchEvent): void => {
        if (event.type === 'unknown') failed(new RunNotFoundError(id));
        else if (event.type === 'run' && isFinalState(event.run.state)) end(() => resolve(event.run));
      };
      const stop = this.watch(id, listener, { detail: false, failed });
      signal?.addEventListener('abort', aborted);
      if (timeoutMs !== null) timer = afterAll(this.#clock, timeoutMs, () => failed(new WaitTimeoutError(id, timeoutMs)));
    });
  }

  received(frame: Extract<WatchFrame, { type: 'run' | 'unknown' | 'log' }>): void {
    const id = frame.type === 'run' ? frame.run.id : frame.id;
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    if (frame.type === 'unknown' || (frame.type === 'run' && isFinalState(frame.run.state))) watched.asked = 'over';
    for (const watcher of [...watched.watchers]) {
      if (frame.type === 'run') watcher.listener({ type: 'run', run: frame.run });
      else if (frame.type === 'unknown') watcher.listener({ type: 'unknown' });
      else if (watcher.detail) watcher.listener({ type: 'log', lines: frame.lines });
    }
  }

  up(): void {
    this.#downSince = null;
    for (const [id, watched] of this.#watched) {
      for (const watcher of watched.watchers) this.#cameUp(watcher);
      if (watched.asked === 'over') continue;
      watched.asked = 'nothing';
      this.#changed.add(id);
    }
    this.#ask();
  }

  #cameUp(watcher: Watcher): void {
    if (watcher.wasUp && watcher.detail) watcher.listener({ type: 'resync' });
    watcher.wasUp = true;
  }

  down(why: DownReason, error: unknown): void {
    const now = this.#clock.monotonic();
    this.#downSince ??= now;
    const failing: Watcher[] = [];
    for (const { watchers } of this.#watched.values()) {
      for (const watcher of watchers) if (watcher.failed && this.#isHopeless(watcher, why, now)) failing.push(watcher);
    }
    if (failing.length > 0) void this.#fail(failing, why, error);
  }

  /** Ends all watches. */
  close(error: Error): void {
    for (const { watchers } of [...this.#watched.values()]) for (const watcher of [...watchers]) watcher.failed?.(error);
    this.#watched.clear();
  }

  #isHopeless({ wasUp, since }: Watcher, why: DownReason, now: number): boolean {
    if (!this.#requests.known && why !== 'unauthorized') return true;
    // A server that starts again may listen before it knows all of its keys.
    if (why === 'unauthorized') return !this.#requests.accepted || now - (this.#downSince ?? now) >= SETTLE_MS;
    return !wasUp && (why === 'refused-protocol' || now - since >= REPEAT_MS);
  }

  async #fail(watchers: readonly Watcher[], why: DownReason, error: unknown): Promise<void> {
    const told = why === 'unauthorized' ? (error as Error) : await this.#requests.unreachable(error).catch((other: Error) => other);
    for (const watcher of watchers) watcher.failed?.(told);
  }

  #change(id: string): void {
    this.#changed.add(id);
    if (this.#changed.size === 1) atTurnEnd(() => this.#ask());
  }

  /** Tells the server what is wanted now, where that is not what it was told before. */
  #ask(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    const ids = { end: [] as string[], detail: [] as string[], unwatch: [] as string[] };
    for (const id of changed) {
      const what = this.#wanted(id);
      if (what !== null) ids[what].push(id);
    }
    for (const some of slices(ids.unwatch)) this.#connection.send({ type: 'unwatch', ids: some });
    for (const some of slices(ids.end)) this.#connection.send({ type: 'watch', ids: some, detail: false });
    for (const some of slices(ids.detail)) this.#connection.send({ type: 'watch', ids: some, detail: true });
    this.#connection.flush();
  }

  /** What to tell the server about `id`, and that it is told now. */
  #wanted(id: string): 'end' | 'detail' | 'unwatch' | null {
    const watched = this.#watched.get(id);
    if (watched === undefined) return null;
    const { asked, watchers } = watched;
    if (watchers.size === 0) {
      this.#watched.delete(id);
      return asked === 'end' || asked === 'detail' ? 'unwatch' : null;
    }
    if (!RUN_ID.test(id)) this.received({ type: 'unknown', id }); // no run has it, and it may be of any length
    const isDue = asked === 'nothing' || watched.again;
    if (!isDue || watched.asked === 'over' || !this.#connection.isUp) return null;
    watched.again = false;
    watched.asked = hasDetail(watched) ? 'detail' : 'end';
    return watched.asked;
  }
}

function hasDetail({ watchers }: Watched): boolean {
  for (const { detail } of watchers) if (detail) return true;
  return false;
}

function slices(ids: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS));
}

/** As `clock.after`, for times of any length. */
function afterAll(clock: Clock, ms: number, fn: () => void): Timer {
  const until = clock.monotonic() + ms;
  const arm = (): Timer =>
    clock.after(
      until - clock.monotonic(),
      () => {
        if (clock.monotonic() >= until) fn();
        else timer = arm();
      },
      true,
    );
  let timer = arm();
  return { cancel: () => timer.cancel() };
}
