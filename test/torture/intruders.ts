/** Callers that mean no good, and one that only looks on. */
import WebSocket from 'ws';

export interface Door {
  /** As in `http://127.0.0.1:4200/api`. */
  readonly url: string;
  readonly key: string;
}

const PROTOCOL = 'bgtask.v1';
const HEARTBEAT_MS = 5_000;
const AGAIN_MS = 250;

/** None of them is a request that means something. */
const JUNK = [
  '',
  '{',
  'null',
  '[[]]',
  '{"task":7,"args":[]}',
  '{"task":"ping","args":"none"}',
  '{"runs":[{"task":"../../etc/passwd","args":[]}]}',
  '{"type":"finished","outcomes":[{"runId":"x","token":"y","type":"succeed","result":1}]}',
  '{"type":"hello","protocol":99}',
  '{"type":"submit"}',
  '{"__proto__":{"polluted":1}}',
  '['.repeat(5_000),
  '\u0000\u009b2J',
  '{"type":"follow","filter":{"state":"NONE"},"limit":-1}',
];
const PATHS = ['/runs', '/runs/batch', '/runs/x/cancel', '/runs/%00', '/none', '/../../etc/passwd', '/health'];

/** Sends messages that mean nothing, over HTTP and over both sockets. Whatever is answered is right, as long as there is an answer or an end. */
export async function babble(door: Door, random: () => number, messages: number): Promise<void> {
  const one = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  for (let n = 0; n < messages; n += 1) {
    const junk = random() < 0.5 ? one(JUNK) : Array.from({ length: 40 }, () => String.fromCharCode(random() * 300)).join('');
    if (random() < 0.5) await post(door, one(PATHS), junk);
    else await say(door, one(['/watch', '/work']), junk);
  }
}

async function post({ url, key }: Door, path: string, body: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  await fetch(url + path, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) }).catch(() => undefined);
}

function say(door: Door, path: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = open(door, path);
    socket.on('open', () => {
      socket.send(text);
      setTimeout(() => socket.terminate(), 50);
    });
    socket.on('error', () => undefined).on('close', () => resolve());
  });
}

/** Opens the live list many times and reads nothing of what comes, for `ms`. */
export async function hoard(door: Door, sockets: number, ms: number): Promise<void> {
  const all = Array.from({ length: sockets }, () => {
    const socket = open(door, '/watch');
    socket.on('error', () => undefined);
    socket.on('open', () => {
      socket.send('{"type":"follow","filter":{},"limit":1000}');
      socket.pause();
    });
    return socket;
  });
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (const socket of all) socket.terminate();
}

/** Follows the live list for as long as the server lives, and comes back after it: the frames of one connection are numbered without a gap. */
export class Onlooker {
  readonly found: string[] = [];
  frames = 0;
  readonly #door: Door;
  #socket: WebSocket | null = null;
  #isOver = false;

  constructor(door: Door) {
    this.#door = door;
    this.#look();
  }

  close(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }

  #look(): void {
    const socket = open(this.#door, '/watch');
    this.#socket = socket;
    let last: number | null = null;
    const pings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping"}'), HEARTBEAT_MS);
    socket.on('open', () => socket.send('{"type":"follow","filter":{},"limit":50}'));
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; seq?: number };
      if (frame.seq === undefined) return;
      this.frames += 1;
      const isNext = last === null ? frame.type === 'snapshot' : frame.seq === last + 1;
      if (!isNext) this.found.push(`H11 the live list went from frame ${last} to ${frame.type} ${frame.seq}`);
      last = frame.seq;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(pings);
      if (!this.#isOver) setTimeout(() => this.#look(), AGAIN_MS);
    });
  }
}

function open({ url, key }: Door, path: string): WebSocket {
  return new WebSocket(url.replace('http', 'ws') + path, [PROTOCOL], { headers: { authorization: `Bearer ${key}` } });
}
