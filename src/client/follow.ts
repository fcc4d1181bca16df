/** The live list of runs. One socket carries one list: the newest `follow` is the one that is told. */

import type { RunFilter } from '../core/api.ts';
import type { ClientFrame } from '../core/frames.ts';
import type { FollowEvent } from '../core/view.ts';
import type { Connection, Part } from './connection.ts';
import { atTurnEnd } from './socket.ts';

interface Following {
  readonly frame: Extract<ClientFrame, { type: 'follow' }>;
  readonly listener: (event: FollowEvent) => void;
  /** Its snapshot has come: what came before belongs to another list. */
  hasBegun: boolean;
}

export class Follows implements Part {
  readonly #connection: Connection;
  #following: Following | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** See `Client.follow`. */
  follow(filter: RunFilter, limit: number, listener: (event: FollowEvent) => void): () => void {
    const following: Following = { frame: { type: 'follow', filter, limit }, listener, hasBegun: false };
    this.#following = following;
    this.#connection.open();
    this.#connection.hurry();
    this.#connection.send(following.frame);
    return () => {
      if (this.#following !== following) return;
      this.#following = null;
      // Whoever changes his mind follows again in the same turn.
      atTurnEnd(() => this.#following === null && this.#connection.send({ type: 'unfollow' }));
    };
  }

  received(frame: Extract<FollowEvent, { type: 'snapshot' | 'change' }>): void {
    const following = this.#following;
    if (following === null) return;
    following.hasBegun ||= frame.type === 'snapshot';
    if (following.hasBegun) following.listener(frame);
  }

  up(): void {
    const following = this.#following;
    if (following === null) return;
    following.hasBegun = false;
    this.#connection.send(following.frame);
    following.listener({ type: 'up' });
  }

  down(): void {
    this.#following?.listener({ type: 'down' });
  }
}
