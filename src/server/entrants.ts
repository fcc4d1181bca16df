/**
 * Connections by what is known of them. There are at most so many at all, and so many of one source that have not shown a token:
 * of those the oldest idle ones make room, so that a crowd of strangers keeps nobody out.
 */
import type { Socket } from 'node:net';
import type { ServerLimits } from '../core/protocol.ts';
import type { Clock } from '../core/seams.ts';
import { type Refusal, rawAnswer, refuse } from './answer.ts';

/** A connection as young as this may just not have come to say who it is. */
const YOUNG_MS = 5_000;
/** Sent away for one newcomer; hundreds at once would hold the loop. */
const MOST_AT_ONCE = 8;
/** So many times the limit, and a connection is not even told why it is closed. */
const SILENTLY = 2;

export class Entrants {
  readonly #clock: Clock;
  /** By source, oldest first, with the time they came. */
  readonly #strangers = new Map<string, Map<Socket, number>>();
  readonly #beyond = new WeakSet<Socket>();
  readonly #limits: Pick<ServerLimits, 'connections' | 'strangers'>;
  readonly #full: Refusal;
  #open = 0;

  constructor(clock: Clock, limits: Pick<ServerLimits, 'connections' | 'strangers'>) {
    this.#clock = clock;
    this.#limits = limits;
    this.#full = { ...refuse(503, 'too_many_connections', `More than ${limits.connections} connections are open.`), retryAfterS: 1 };
  }

  entered(socket: Socket): void {
    const source = socket.remoteAddress ?? '';
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      this.#forget(source, socket);
    });
    if (this.#open > SILENTLY * this.#limits.connections) socket.destroy();
    else if (this.#open > this.#limits.connections) this.#beyond.add(socket);
    else this.#enter(source, socket);
  }

  /** A valid token came over it. */
  known(socket: Socket): void {
    this.#forget(socket.remoteAddress ?? '', socket);
  }

  /** For a connection beyond the limit, which is closed after this answer. */
  refusalOf(socket: Socket): Refusal | null {
    return this.#beyond.has(socket) ? this.#full : null;
  }

  #enter(source: string, socket: Socket): void {
    const strangers = this.#strangers.get(source) ?? new Map<Socket, number>();
    this.#strangers.set(source, strangers);
    const now = this.#clock.monotonic();
    strangers.set(socket, now);
    for (const [oldest, since] of this.#tooMany(strangers)) {
      if (now - since < YOUNG_MS) break;
      strangers.delete(oldest);
      oldest.end(rawAnswer(this.#full), () => oldest.destroy());
    }
  }

  /** The oldest of them, as many as are to leave now. */
  #tooMany(strangers: ReadonlyMap<Socket, number>): [Socket, number][] {
    const over = Math.min(MOST_AT_ONCE, strangers.size - this.#limits.strangers);
    return over > 0 ? [...strangers].slice(0, over) : [];
  }

  #forget(source: string, socket: Socket): void {
    const strangers = this.#strangers.get(source);
    if (strangers?.delete(socket) && strangers.size === 0) this.#strangers.delete(source);
  }
}
