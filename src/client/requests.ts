/**
 * Requests to the API, and when they are made again. What the server answered is final; what it may not have heard is repeated where
 * that is safe: always where nothing was sent, else only where the request says that repeating it changes nothing.
 */
import { RefusedError, ServerUnreachableError, UnauthorizedError } from '../core/errors.ts';
import type { Clock, Random } from '../core/seams.ts';
import { answerValue, errorOf, isLeaving, isUnanswered, isUnknown } from './answer.ts';
import type { Address } from './socket.ts';
import { NetworkError, type Transport } from './transport.ts';

/** How long a request is repeated while its outcome is not known, and while a server that once answered does not. */
export const REPEAT_MS = 30_000;
/** Longest wait for one answer; the server answers everything within 30 s. */
const ANSWER_MS = 35_000;
/** The same where another try can follow. */
export const TRY_MS = 15_000;
/** How long a server that let us in before may call our key wrong: one that starts again may listen before it has read its keys. */
export const SETTLE_MS = 2_000;
const FIRST_PAUSE_MS = 50;
/** Only one of all that wait tries: a server that starts again is found soon, at next to no cost. */
const LONGEST_PAUSE_MS = 250;

/** Answered without a key. */
export const FREE = '/health';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface RequestsOptions {
  readonly address: () => Promise<Address>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

export class Requests {
  /**
   * Whether a server ever answered this client, in any way. Before that a refused connection is an error at once; after it the server
   * is being restarted.
   */
  known = false;
  /** Whether a server ever let this client in. */
  accepted = false;
  #outage: Outage | null = null;
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /**
   * The value of the answer. `path` begins with / and lies under the API's base; `body` is JSON text.
   * @throws {BgtaskError} The refusal of the server, or `ServerUnreachableError`.
   */
  call(method: Method, path: string, body: string | null, repeatable: boolean): Promise<unknown> {
    return this.repeat((timeoutMs) => this.once(method, path, body, timeoutMs), repeatable);
  }

  /** One try. @throws {NetworkError} There was no answer. @throws {BgtaskError} It was refused. */
  async once(method: Method, path: string, body: string | null, timeoutMs: number): Promise<unknown> {
    const { address, transport } = this.#options;
    const { url, apiKey } = await address();
    const headers: Record<string, string> = { accept: 'application/json' };
    if (apiKey !== null) headers.authorization = `Bearer ${apiKey}`;
    if (body !== null) headers['content-type'] = 'application/json';
    const answer = await transport.request({ method, url: url.replace(/\/$/, '') + path, headers, body, timeoutMs });
    this.known = true;
    if (isUnanswered(answer.status, answer.body)) throw new NetworkError(true, new Error(`HTTP status ${answer.status}`));
    const refusal = answer.status === 503 ? errorOf(answer.status, answer.body) : null;
    if (refusal !== null && isLeaving(refusal.code)) throw new NetworkError(false, new Error(refusal.message));
    const value = answerValue(answer.status, answer.body, url, path);
    if (path !== FREE) this.accepted = true;
    return value;
  }

  /**
   * Calls `once` until there is an answer; it is told whether the same was sent already, with an unknown outcome. Where that stays
   * unknown, the error says so and names the runs.
   */
  async repeat<T>(once: (timeoutMs: number, sent: boolean) => Promise<T>, repeatable: boolean, as: Repeat = {}): Promise<T> {
    const { sent = false, runIds = [], since = this.#options.clock.monotonic(), patienceMs = REPEAT_MS } = as;
    const until = since + patienceMs;
    const tries: Tries = { until, isOnly: patienceMs === 0, repeatable, runIds, sent, failures: 0, strangeSince: null };
    for (;;) {
      try {
        await this.#turnOf(tries);
        return await this.#goAhead(() => once(this.#timeoutOf(tries), tries.sent));
      } catch (error) {
        await this.#beforeNext(tries, error);
      }
    }
  }

  #timeoutOf({ until, isOnly, repeatable }: Tries): number {
    if (isOnly) return TRY_MS;
    return repeatable ? Math.max(1, Math.min(TRY_MS, until - this.#options.clock.monotonic())) : ANSWER_MS;
  }

  /** Nobody answers, and what is asked for now waits until somebody does. `sent`: it was sent before, with an unknown outcome. */
  holdsBack(sent: boolean): boolean {
    return this.#outage !== null && (this.known || sent);
  }

  /** Waits until it may try: at once, but where nobody answers and another one is trying or has just tried. */
  async #turnOf({ until, isOnly, sent }: Tries): Promise<void> {
    const { clock } = this.#options;
    while (this.#outage !== null && this.holdsBack(sent)) {
      const { scout, nextAt, cause } = this.#outage;
      const now = clock.monotonic();
      const mayTry = isOnly || now < until;
      if (scout !== null && mayTry) await scout;
      else if (now >= nextAt && mayTry) return;
      else if (now >= until) throw new NetworkError(false, cause);
      else await this.#wait(Math.min(nextAt, until) - now);
    }
  }

  async #goAhead<T>(once: () => Promise<T>): Promise<T> {
    const outage = this.#outage;
    const answer = once().then(
      (value) => {
        this.#outage = null;
        return value;
      },
      (error: unknown) => {
        this.#outage = this.#outageAfter(error);
        throw error;
      },
    );
    if (outage !== null) outage.scout = answer.then(noop, noop);
    return answer;
  }

  #outageAfter(error: unknown): Outage | null {
    if (!(error instanceof NetworkError) || error.reached) return null;
    const failures = this.#outage?.failures ?? 0;
    return {
      failures: failures + 1,
      nextAt: this.#options.clock.monotonic() + this.#pauseAfter(failures),
      cause: error.cause,
      scout: null,
    };
  }

  /** @throws Another try is of no use, or not safe. */
  async #beforeNext(tries: Tries, thrown: unknown): Promise<void> {
    const error = this.#asUnanswered(tries, thrown);
    if (!(error instanceof NetworkError)) throw error;
    tries.sent ||= error.reached;
    const left = tries.until - this.#options.clock.monotonic();
    const isSafe = error.reached ? tries.repeatable : this.known || (tries.sent && tries.repeatable);
    if (left <= 0 || !isSafe) throw await this.unreachable(error.cause, tries.sent ? tries.runIds : []);
    if (this.#outage === null) await this.#wait(Math.min(left, this.#pauseAfter(tries.failures)));
    tries.failures += 1;
  }

  /** Some refusals are none yet. */
  #asUnanswered(tries: Tries, thrown: unknown): unknown {
    const now = this.#options.clock.monotonic();
    const isBusy = tries.sent && thrown instanceof RefusedError && isUnknown(thrown.reason, true);
    tries.strangeSince = this.accepted && thrown instanceof UnauthorizedError ? (tries.strangeSince ?? now) : null;
    const settles = tries.strangeSince !== null && now - tries.strangeSince < SETTLE_MS;
    return isBusy || settles ? new NetworkError(isBusy, thrown) : thrown;
  }

  async unreachable(cause: unknown, runIds: readonly string[] = []): Promise<ServerUnreachableError> {
    const { url } = await this.#options.address();
    return new ServerUnreachableError(url, cause, runIds);
  }

  #pauseAfter(failures: number): number {
    const cap = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    return cap * (0.5 + this.#options.random.number() / 2);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }
}

function noop(): void {}

/** Nobody answers. One request goes ahead, and the others follow when it got through. */
interface Outage {
  /** In a row. */
  readonly failures: number;
  /** Monotonic milliseconds. */
  readonly nextAt: number;
  readonly cause: unknown;
  /** The request that is trying now; never rejects. */
  scout: Promise<void> | null;
}

/** How something is repeated. */
export interface Repeat {
  /** The same was sent before, with an unknown outcome. Default: false. */
  readonly sent?: boolean;
  readonly runIds?: readonly string[];
  /** Monotonic milliseconds; default: now. It gives up `patienceMs` after that; 0: after one try. */
  readonly since?: number;
  /** Default: `REPEAT_MS`. */
  readonly patienceMs?: number;
}

interface Tries {
  /** Monotonic milliseconds. */
  readonly until: number;
  /** One try, however late it comes. */
  readonly isOnly: boolean;
  readonly repeatable: boolean;
  readonly runIds: readonly string[];
  sent: boolean;
  failures: number;
  /** Since when the key is called wrong; the same milliseconds. */
  strangeSince: number | null;
}
