/** Who does harm, how often, and how. Each brings back what it took away before it is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { babble, hoard } from './intruders.ts';
import type { Link } from './link.ts';

export interface Agent {
  readonly name: string;
  /** For one tick. */
  readonly probability: number;
  /** How long callers may feel it, in milliseconds, beyond the time that `act` takes. */
  readonly echoMs: number;
  /** Others may do harm meanwhile. */
  readonly isAside?: boolean;
  act(world: World): Promise<void>;
}
export interface World {
  readonly cluster: Cluster;
  /** In [0, 1). */
  readonly random: () => number;
  readonly crash: () => Promise<void>;
  /** Between the client of the torture and the server. */
  readonly link: Link;
  readonly fail: (violation: string) => void;
}

const NO_SECOND_SERVER = 75;
const BROKEN = 'export const ping = task(';

export const AGENTS: readonly Agent[] = [
  { name: 'crash', probability: 0.2, echoMs: 0, act: ({ crash }) => crash() },
  {
    ...{ name: 'kill-worker', probability: 0.1, echoMs: 0 },
    async act({ cluster, random }) {
      const name = one(cluster.workers, random);
      await cluster.killWorker(name, 'SIGKILL');
      await sleep(1_000);
      await cluster.startWorker(name);
    },
  },
  {
    ...{ name: 'stop-worker', probability: 0.05, echoMs: 0 },
    async act({ cluster, random }) {
      const name = one(cluster.workers, random);
      await cluster.killWorker(name, 'SIGTERM');
      await cluster.startWorker(name);
    },
  },
  {
    ...{ name: 'kill-child', probability: 0.1, echoMs: 0 },
    act: async ({ cluster, random }) => void cluster.killChildOf(one(cluster.workers, random)),
  },
  {
    ...{ name: 'kill-server', probability: 0.1, echoMs: 5_000 },
    async act({ cluster, random }) {
      await cluster.killServer('SIGKILL');
      await sleep(random() * 5_000);
      await cluster.startServer();
    },
  },
  {
    ...{ name: 'stop-server', probability: 0.05, echoMs: 5_000 },
    async act({ cluster }) {
      await cluster.killServer('SIGTERM');
      await cluster.startServer();
    },
  },
  { name: 'pause-server', probability: 0.03, echoMs: 5_000, act: ({ cluster }) => cluster.freeze('server', 8_000) },
  { name: 'freeze-server', probability: 0.02, echoMs: 5_000, act: ({ cluster }) => cluster.freeze('server', 20_000) },
  {
    ...{ name: 'freeze-worker', probability: 0.02, echoMs: 0 },
    act: ({ cluster, random }) => cluster.freeze(one(cluster.workers, random), 45_000),
  },
  {
    ...{ name: 'cut-link', probability: 0.03, echoMs: 0, isAside: true },
    async act({ cluster, random }) {
      await cluster.cut(one(cluster.linked, random), one(['both', 'to-server', 'to-client'], random), 45_000);
    },
  },
  { name: 'lose-answer', probability: 0.05, echoMs: 0, act: async ({ link }) => link.loseAnswer() },
  { name: 'fill-disk', probability: 0.01, echoMs: 10_000, act: ({ cluster }) => cluster.fillDisk(15_000) },
  {
    ...{ name: 'wall-clock', probability: 0.01, echoMs: 0, isAside: true },
    act: ({ cluster, random }) => cluster.shiftClock(random() < 0.5 ? 3_600 : -3_600, 10_000),
  },
  {
    ...{ name: 'save-code', probability: 0.1, echoMs: 0 },
    async act({ cluster, random }) {
      if (random() < 0.25) {
        cluster.saveCode(() => BROKEN);
        await sleep(5_000);
      }
      cluster.saveCode((now) => `${now}\n// saved at ${Date.now()}\n`);
    },
  },
  {
    ...{ name: 'intruder', probability: 0.03, echoMs: 0 },
    async act({ cluster, random, fail }) {
      const [code] = await Promise.all([cluster.intrude(), babble(cluster.door, random, 50), hoard(cluster.door, 100, 5_000)]);
      if (code !== NO_SECOND_SERVER) fail(`C8 a second server on the same store ended with ${code}, not ${NO_SECOND_SERVER}`);
    },
  },
];

function one<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}
