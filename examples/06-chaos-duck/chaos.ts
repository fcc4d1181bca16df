/** What the duck does to its flock, and when. All of it follows from the seed; what it hits is up to the machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flock } from './flock.ts';

/** Of one tick; what is left of 1 is peace. */
const CRASH = 0.2;
const KILL_WORKER = 0.1;
const RESTART_SERVER = 0.05;
/** From one tick to the next, milliseconds. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 5_000;

export interface Chaos {
  readonly flock: Flock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly crash: () => Promise<void>;
  readonly say: (line: string) => void;
}

export interface Harm {
  crashes: number;
  killedWorkers: number;
  killedServers: number;
}

/** Goes on until the signal. @throws What was killed does not start again. */
export async function doHarm(chaos: Chaos, signal: AbortSignal): Promise<Harm> {
  const { random } = chaos;
  const harm: Harm = { crashes: 0, killedWorkers: 0, killedServers: 0 };
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  for (;;) {
    const pauseMs = SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS);
    await Promise.race([sleep(pauseMs, undefined, { ref: false }), ended]);
    if (signal.aborted) return harm;
    await tick(chaos, harm);
  }
}

async function tick({ flock, random, crash, say }: Chaos, harm: Harm): Promise<void> {
  const chance = random();
  if (chance < CRASH) {
    harm.crashes += 1;
    say('crashMe');
    await crash();
  } else if (chance < CRASH + KILL_WORKER) {
    harm.killedWorkers += 1;
    const name = flock.workers[Math.floor(random() * flock.workers.length)] as string;
    say(`kill -9 ${name}`);
    await flock.restartWorker(name);
  } else if (chance < CRASH + KILL_WORKER + RESTART_SERVER) {
    harm.killedServers += 1;
    say('kill -9 server');
    await flock.restartServer();
    say('the server is up again');
  }
}

/** Numbers in [0, 1) that follow from the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
