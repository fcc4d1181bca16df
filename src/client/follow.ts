/** The live list of runs. One socket carries one list: the newest `follow` is the one that is told. */
import type { ClientFrame, RunFilter } from '../core/protocol.ts';
import type { FollowEvent } from '../core/view.ts';
import type { Connection, Part } from './connection.ts';

interface Following {
  readonly frame: Extract<ClientFrame, { type: 'follow' }>;
  readonly listener: (event: FollowEvent) => void;
}

export class Follows implements Part {
  readonly #connection: Connection;
  #following: Following | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** See `Client.follow`. */
  follow(filter: RunFilter, limit: number, listener: (event: FollowEvent) => void): () => void {
    const following: Following = { frame: { type: 'follow', filter, limit }, listener };
    this.#following = following;
    this.#connection.open();
    this.#connection.send(following.frame);
    return () => {
      if (this.#following === following) this.#following = null;
    };
  }

  received(frame: Extract<FollowEvent, { type: 'snapshot' | 'change' }>): void {
    this.#following?.listener(frame);
  }

  up(): void {
    if (this.#following === null) return;
    this.#connection.send(this.#following.frame);
    this.#following.listener({ type: 'up' });
  }

  down(): void {
    this.#following?.listener({ type: 'down' });
  }
}
