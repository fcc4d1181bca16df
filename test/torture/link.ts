/** A link between a process and the server that can be cut: then nothing passes, and nobody is told. It lets everything through at first. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type Way = 'both' | 'to-server' | 'to-client';

export class Link {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #cut: Way | null = null;
  #losesNext = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#connected(client));
  }

  /** To a port of this machine. */
  static async open(target: number): Promise<Link> {
    const link = new Link(target);
    link.#server.listen(0, '127.0.0.1').unref();
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What is sent while it is cut waits in the buffers of the system, as it does where a network drops packets for a while. */
  cut(way: Way): void {
    this.#cut = way;
    this.#apply();
  }

  heal(): void {
    this.#cut = null;
    this.#apply();
  }

  /** The next answer does not arrive: whoever asked for it is reset instead. */
  loseAnswer(): void {
    this.#losesNext = true;
  }

  close(): void {
    this.#server.close();
    for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.destroy();
  }

  #connected(client: Socket): void {
    const pair: Pair = { client, server: connect(this.#target, '127.0.0.1'), isDoomed: false };
    this.#pairs.add(pair);
    client.on('data', (bytes) => {
      pair.isDoomed ||= this.#losesNext;
      this.#losesNext = false;
      pair.server.write(bytes);
    });
    pair.server.on('data', (bytes) => {
      if (pair.isDoomed) client.resetAndDestroy();
      else if (!client.destroyed) client.write(bytes);
    });
    this.#ends(client, pair.server, pair);
    this.#ends(pair.server, client, pair);
    this.#apply();
  }

  /** What ends at one side ends at the other, the way it ended. */
  #ends(one: Socket, other: Socket, pair: Pair): void {
    one.on('error', () => undefined);
    one.on('end', () => other.end());
    one.on('close', (failed) => {
      this.#pairs.delete(pair);
      if (failed) other.resetAndDestroy();
      else other.end();
    });
  }

  #apply(): void {
    for (const { client, server } of this.#pairs) {
      hold(client, this.#cut === 'both' || this.#cut === 'to-server');
      hold(server, this.#cut === 'both' || this.#cut === 'to-client');
    }
  }
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Its next answer gets lost. */
  isDoomed: boolean;
}

function hold(socket: Socket, isHeld: boolean): void {
  if (isHeld) socket.pause();
  else socket.resume();
}
