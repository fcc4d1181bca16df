/**
 * The sending half of one WebSocket. What one turn of the loop sends goes out together; a peer that does not read is noticed, told
 * to the owner, and not read from either, so that nothing piles up here. What was sent before that is kept as text, which runs and
 * log lines share with whoever else is told of them, and is made into bytes only when the peer takes them.
 */

/** What a channel needs of a WebSocket of `ws`, and of the TCP socket under it. */
export interface RawSocket {
  readonly bufferedAmount: number;
  send(text: string, done: (error?: Error | null) => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}
export interface RawConnection {
  cork(): void;
  uncork(): void;
}

/** Frames of items are filled up to about this size. */
const FULL_BYTES = 524_288;
/** A close frame has room for no more. */
const REASON_BYTES = 120;

export class Channel {
  /** More than `limit` bytes are unsent; and again less than half of it. */
  onBehind: () => void = () => undefined;
  onDrained: () => void = () => undefined;
  readonly #socket: RawSocket;
  readonly #connection: RawConnection;
  readonly #limit: number;
  #gathered: Gathered[] = [];
  /** Characters of `#gathered`. */
  #held = 0;
  /** A flush comes at the end of this turn. */
  #isDue = false;
  #behind = false;
  #closed = false;

  constructor(socket: RawSocket, connection: RawConnection, limit: number) {
    this.#socket = socket;
    this.#connection = connection;
    this.#limit = limit;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isBehind(): boolean {
    return this.#behind;
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount + this.#held;
  }

  send(text: string): void {
    this.#gather(text);
  }

  /** Items of one array; those that follow each other under the same head share a frame: `head` + items + `]}`. */
  sendItems(head: string, items: readonly string[]): void {
    for (const item of items) {
      const last = this.#gathered.at(-1);
      if (typeof last === 'object' && last.head === head && last.size < FULL_BYTES) {
        last.parts.push(item);
        last.size += item.length;
        this.#held += item.length;
      } else this.#gather({ head, parts: [item], size: item.length });
    }
  }

  flush(): void {
    this.#isDue = false;
    if (this.#gathered.length === 0 || this.#closed) return;
    this.#write();
    if (this.#behind || this.#socket.bufferedAmount <= this.#limit) return;
    this.#behind = true;
    this.#socket.pause();
    this.onBehind();
  }

  /** Sends what is gathered, then says goodbye; to a peer that is behind only the goodbye. Safe to call twice. */
  close(code: number, reason: string): void {
    this.flush();
    if (this.#closed) return;
    this.#shut();
    this.#socket.close(code, fitted(reason));
  }

  /**
   * Says `text` to a peer that is behind, in place of all that was gathered, and goodbye when the peer has taken what was sent before. One
   * that takes nothing is for the owner to end: see `terminate`.
   */
  giveUp(text: string, code: number, reason: string): void {
    if (this.#closed) return;
    this.#shut();
    this.#socket.send(text, (error) => {
      if (!error) this.#socket.close(code, fitted(reason));
    });
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Nothing is sent from now on but a goodbye. */
  #shut(): void {
    this.#closed = true;
    this.#gathered = [];
    this.#held = 0;
    this.#socket.resume(); // to hear the other side's goodbye
  }

  #gather(frame: Gathered): void {
    if (this.#closed) return;
    this.#gathered.push(frame);
    this.#held += lengthOf(frame);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.flush());
  }

  /** As much as the peer may be behind. */
  #write(): void {
    let next = 0;
    const fits = () => next < this.#gathered.length && this.#socket.bufferedAmount <= this.#limit;
    while (fits()) {
      this.#connection.cork();
      for (; fits(); next += 1) {
        const frame = this.#gathered[next] as Gathered;
        this.#held -= lengthOf(frame);
        this.#socket.send(textOf(frame), this.#sent);
      }
      this.#connection.uncork(); // which may take all of it at once
    }
    this.#gathered = this.#gathered.slice(next);
  }

  /** A failed write ends the connection, which its `close` tells. */
  readonly #sent = (): void => {
    if (!this.#behind || this.#closed || this.#socket.bufferedAmount > this.#limit / 2) return;
    this.#write();
    if (this.#socket.bufferedAmount > this.#limit / 2) return;
    this.#behind = false;
    this.#socket.resume();
    this.onDrained();
  };
}

/** A frame as it is, or items that make one. */
type Gathered = string | { readonly head: string; readonly parts: string[]; size: number };

function lengthOf(frame: Gathered): number {
  return typeof frame === 'string' ? frame.length : frame.size;
}

function fitted(reason: string): string {
  const kept = Buffer.from(reason).subarray(0, REASON_BYTES).toString();
  return kept.replace(/\uFFFD+$/, '');
}

function textOf(frame: Gathered): string {
  return typeof frame === 'string' ? frame : `${frame.head}${frame.parts.join(',')}]}`;
}
