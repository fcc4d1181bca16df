/**
 * A server from the build as an attacker meets it: bytes over real sockets, made by hand so that they may be wrong. Everything that
 * comes back is kept, to be searched for what must be in no answer.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../src/core/protocol.ts';
import { Shell, type Started } from './shell.ts';

/** In the environment of the server, and of all that is started beside it. */
export const CANARY = 'canary-5f0f1c9be1';

export interface Knock {
  readonly method?: string;
  readonly target?: string;
  readonly version?: '1.0' | '1.1';
  /** Default: the right one; null: no such header. */
  readonly host?: string | null;
  /** Default: the right one; null: none. */
  readonly key?: string | null;
  /** More headers, each a line. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}
export interface Heard {
  /** 0: the server closed the connection without a word. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Of an error. */
  readonly code: string | undefined;
}

export class Target {
  readonly shell: Shell;
  readonly server: Started;
  key = '';
  readonly heard: Heard[] = [];

  private constructor(shell: Shell, server: Started) {
    this.shell = shell;
    this.server = server;
  }

  static async open(flags = ''): Promise<Target> {
    const shell = await Shell.open();
    shell.setEnv('CANARY', CANARY);
    const target = new Target(shell, await shell.serve(`npx bgtask server start ${flags}`));
    // A server that asks for none takes any.
    target.key = flags.includes('--no-auth') ? 'any' : (await shell.done('npx bgtask auth token')).trim();
    return target;
  }

  close(): Promise<void> {
    return this.shell.close();
  }

  get port(): number {
    return this.shell.port;
  }

  get pid(): number {
    return this.server.child.pid as number;
  }

  /** Bytes of the server that are in memory. */
  get memory(): number {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kib) * 1_024;
  }

  /** What the server has computed so far, in steps of 10 ms: unlike the clock it does not count what else the machine is doing. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
    return (user + system) * 10;
  }

  async knock(knock: Knock): Promise<Heard> {
    return this.raw(this.bytesOf(knock));
  }

  /** `403 host_not_allowed`, or the bare status. */
  async answer(knock: Knock): Promise<string> {
    const { status, code } = await this.knock(knock);
    return code === undefined ? String(status) : `${status} ${code}`;
  }

  /** Sends JSON, as a client does. */
  post(target: string, body: unknown): Promise<Heard> {
    return this.knock({ method: 'POST', target, headers: ['Content-Type: application/json'], body: JSON.stringify(body) });
  }

  /** Milliseconds until `GET /api/health` is answered. */
  async healthMs(): Promise<number> {
    const since = performance.now();
    const { status } = await this.knock({ target: '/api/health', key: null });
    return status === 200 ? performance.now() - since : Number.POSITIVE_INFINITY;
  }

  bytesOf({ method = 'GET', target = '/api/runs', version = '1.1', host, key, headers = [], body }: Knock): Buffer {
    const lines = [`${method} ${target} HTTP/${version}`];
    if (host !== null) lines.push(`Host: ${host ?? `127.0.0.1:${this.port}`}`);
    if (key !== null) lines.push(`Authorization: Bearer ${key ?? this.key}`);
    if (!headers.some((line) => /^connection:/i.test(line))) lines.push('Connection: close');
    if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    return Buffer.concat([Buffer.from(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body ?? '')]);
  }

  /** What comes back until the server ends the connection. */
  raw(bytes: Buffer | string): Promise<Heard> {
    const socket = this.dial();
    socket.write(bytes);
    return this.listen(socket);
  }

  dial(): Socket {
    return connect({ port: this.port, host: '127.0.0.1', noDelay: true });
  }

  /** The same for a connection that somebody else writes to. */
  listen(socket: Socket): Promise<Heard> {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined); // it was closed while we still wrote: what came before counts
    return new Promise((resolve) => {
      socket.once('close', () => {
        const heard = heardOf(Buffer.concat(chunks).toString());
        this.heard.push(heard);
        resolve(heard);
      });
    });
  }

  /** An upgrade as `ws` would ask for it, with anything about it wrong that a test wants. */
  upgrade({ headers = [], target = '/api/watch', ...knock }: Knock = {}, protocol: string | null = SUBPROTOCOL): Promise<Heard> {
    const own = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    const named = protocol === null ? [] : [`Sec-WebSocket-Protocol: ${protocol}`];
    return this.knock({ ...knock, target, headers: [...own, ...named, ...headers] });
  }

  /** A WebSocket that was let in. */
  async socket(path: '/api/watch' | '/api/work' = '/api/watch'): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, [SUBPROTOCOL], { headers: { authorization: `Bearer ${this.key}` } });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('error', () => undefined);
    return socket;
  }
}

function heardOf(text: string): Heard {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const body = end < 0 ? '' : text.slice(end + 4);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body, code: /"error":\{"code":"(\w+)"/.exec(body)?.[1] };
}

const HEADERS = [
  'x-content-type-options: nosniff',
  'referrer-policy: no-referrer',
  'cross-origin-resource-policy: same-origin',
  'cross-origin-opener-policy: same-origin',
  'x-frame-options: deny',
  'cache-control: no-store',
];

/** What is wrong with the answers so far: a header that is missing or must not be there, a word about the inside. */
export function faultsOf({ heard, key }: Target): string[] {
  const faults = heard
    .filter(({ status }) => status > 0)
    .flatMap(({ head, body }) => {
      const headers = `${head.toLowerCase()}\r\n`;
      const missing = HEADERS.filter((line) => !headers.includes(`\r\n${line}\r\n`));
      const told = [CANARY, key, 'node_modules', '    at ', '.ts:'].filter((secret) => (head + body).includes(secret));
      const wrong = /\r\n(access-control-[^:]*|set-cookie|server|x-powered-by):/.exec(headers)?.[1];
      return [...missing, ...told, ...(wrong ? [wrong] : [])].map((fault) => `${fault} in ${head.split('\r\n')[0]} ${body.slice(0, 200)}`);
    });
  return [...new Set(faults)];
}

/** The code with which a socket was closed. */
export function closeOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', (code) => resolve(code)));
}
