/** What a run wrote, as a person or a pipe reads it, and as it comes. */
import type { Client } from '../client/client.ts';
import type { LogLine } from '../core/api.ts';
import { RunNotFoundError } from '../core/errors.ts';
import { FINAL_STATES } from '../core/run.ts';
import { escapeText } from '../core/text.ts';
import { notFound } from './runs.ts';
import { type Colour, paint } from './text.ts';

const COLOURS: Readonly<Record<LogLine['level'], Colour | null>> = { debug: 'gray', info: null, warn: 'yellow', error: 'red' };
const LEVEL = 5;
/** Between two looks at a log that grows: at least so long, and at least twice as long as the last look took. */
const LOOK_MS = 50;

export async function logsOf(client: Client, id: string): Promise<LogLine[]> {
  try {
    return await client.request<LogLine[]>('GET', `/runs/${encodeURIComponent(id)}/logs`);
  } catch (error) {
    throw error instanceof RunNotFoundError ? await notFound(client, id) : error;
  }
}

/** Time, level and text; the lines of a text below each other. Local time on a terminal, UTC in a pipe. */
export function logText({ at, level, text }: LogLine): string {
  const time = process.stdout.isTTY ? localTime(at) : at;
  const colour = COLOURS[level];
  const name = level.padEnd(LEVEL);
  const [first = '', ...rest] = escapeText(text.replace(/\n$/, '')).split('\n');
  const head = `${paint('dim', time)} ${colour ? paint(colour, name) : name} ${first}`;
  return [head, ...rest.map((line) => ' '.repeat(time.length + LEVEL + 2) + line)].join('\n');
}

/**
 * Gives the lines that are there and then those that come, until the run is final and its log complete. What the server stores is the
 * truth; what it pushes only says that there is more. So nothing is missed or told twice when the connection comes back.
 */
export async function followLogs(client: Client, id: string, show: (line: LogLine) => void): Promise<void> {
  let shown = 0;
  const look = async (): Promise<void> => {
    const lines = await logsOf(client, id);
    for (const line of lines.slice(shown)) show(line);
    shown = lines.length; // less than before where the log was dropped for want of room
  };
  const more = new Signal();
  const unwatch = client.watch(id, (event) => more.raise(event.type === 'run' && isFinal(event.run.state)), {
    detail: true,
    failed: (error) => more.fail(error),
  });
  try {
    await look();
    for (let final = false; !final; ) {
      final = await more.raised();
      const since = performance.now();
      await look();
      if (!final) await pause(Math.max(LOOK_MS, 2 * (performance.now() - since)));
    }
  } finally {
    unwatch();
  }
}

/** Raised any number of times, it is seen once. Who waits for it keeps the process alive. */
class Signal {
  #isRaised = false;
  #isLast = false;
  #error: Error | null = null;
  #wake: () => void = () => {};

  raise(last: boolean): void {
    this.#isRaised = true;
    this.#isLast ||= last;
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  /** @returns Whether it will not be raised again. */
  async raised(): Promise<boolean> {
    const alive = setInterval(() => {}, 60_000); // a watch alone does not hold the process
    try {
      while (!this.#isRaised) {
        if (this.#error) throw this.#error;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearInterval(alive);
    }
    this.#isRaised = false;
    return this.#isLast;
  }
}

function isFinal(state: string): boolean {
  return (FINAL_STATES as readonly string[]).includes(state);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function localTime(at: string): string {
  const date = new Date(at);
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
