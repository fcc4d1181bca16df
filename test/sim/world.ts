/**
 * A whole bgtask in one process: the real store on a disk that forgets, the real dispatcher and workers, a network and processes that
 * fail, all in virtual time and from one seed. What must hold at every moment is checked when it happens; the rest at the end.
 */

import type { Assignment, TaskInfo } from '../../src/core/frames.ts';
import { idMaker } from '../../src/core/ids.ts';
import { LEASE_MS, LIMITS } from '../../src/core/protocol.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import { isFinal, type Run } from '../../src/core/run.ts';
import type { Random, Timer } from '../../src/core/seams.ts';
import { Dispatcher } from '../../src/server/dispatcher.ts';
import { isRefusal } from '../../src/server/submission.ts';
import { WorkSocket } from '../../src/server/work-socket.ts';
import type { Store } from '../../src/store/store.ts';
import { TaskWorker } from '../../src/worker/worker.ts';
import { openOn, SNAPSHOT_OFTEN } from '../store/helpers.ts';
import { FOLDER, SimDisk } from '../store/sim-disk.ts';
import { Net } from './net.ts';
import { SimPool, type Watcher } from './pool.ts';
import { type ProcessClock, Time } from './time.ts';

const WALL = Date.UTC(2030, 0, 1);
const SLOTS = 3;
const MANY = 1_000;
/** After it nothing of a fault is left: a lease, what a worker waits between two tries, the longest run, twice. */
const SETTLE_MS = 2 * (LEASE_MS + 30_000 + 40_000);
/** Runs of the task with a limit of 1 come one after the other: so many times that long is enough for all of them. */
const MOST_SETTLES = 10;

const info = (name: string, concurrency: number | null) =>
  ({ name, maxAttempts: MANY, timeoutMs: null, retry: NO_DELAY, concurrency, concurrencyPerKey: null }) as TaskInfo;
const TASKS = [info('job', null), info('single', 1)];

interface Server {
  readonly clock: ProcessClock;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
}
interface Worker {
  readonly pid: number;
  readonly clock: ProcessClock;
  readonly pool: SimPool;
}
interface Op {
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  isKnown: boolean;
  isCancelled: boolean;
}

/** What is broken on purpose. */
export interface Sabotage {
  readonly disk?: SimDisk;
  /** Code that a worker must stop, because its lease may end, goes on. */
  readonly goesOn?: boolean;
}

export class World implements Watcher {
  /** What happened, for somebody who looks at a failing seed. */
  readonly story: string[] = [];
  readonly broken: string[] = [];
  readonly #random: () => number;
  readonly #time = new Time(WALL);
  readonly #net: Net;
  readonly #ops: Op[] = [];
  readonly #newId: () => string;
  readonly #live = new Map<string, string>();
  #singles = 0;
  #disk: SimDisk;
  readonly #goesOn: boolean;
  #server: Server | null = null;
  readonly #workers = new Map<string, Worker>();
  readonly #dead = new Set<number>();
  #pids = 100;

  constructor(random: () => number, { disk = new SimDisk(), goesOn = false }: Sabotage = {}) {
    this.#disk = disk;
    this.#goesOn = goesOn;
    this.#random = random;
    this.#net = new Net(this.#time, random);
    this.#newId = idMaker(
      () => this.#time.wall + Math.floor(this.#time.now),
      (bytes) => bytes.set(Array.from(bytes, () => random() * 256)),
    );
  }

  async live(steps: number): Promise<void> {
    await this.startServer();
    for (const name of ['a', 'b']) this.#startWorker(name);
    for (let step = 0; step < steps; step += 1) {
      await this.#act();
      await this.#time.pass(this.#random() < 0.2 ? this.#random() * 20_000 : this.#random() * 1_500);
    }
    await this.#heal();
    let settles = 0;
    do await this.#time.pass(SETTLE_MS);
    while (++settles < MOST_SETTLES && !(await this.#isDone()));
    await this.#judge();
  }

  began(run: Assignment, by: string): void {
    const other = this.#live.get(run.runId);
    if (other !== undefined) this.#fail(`run ${run.runId} began at ${by} while it ran at ${other}`);
    this.#live.set(run.runId, by);
    if (run.task !== 'single') return;
    this.#singles += 1;
    if (this.#singles > 1) this.#fail(`${this.#singles} runs of a task with a limit of 1 at once, the last at ${by}`);
  }

  ended(run: Assignment): void {
    this.#live.delete(run.runId);
    if (run.task === 'single') this.#singles -= 1;
  }

  // ---- What can happen

  async #act(): Promise<void> {
    const chance = this.#random();
    const worker = this.#random() < 0.5 ? 'a' : 'b';
    if (chance < 0.45) for (let n = 1 + this.#random() * 4; n > 0; n -= 1) this.#submit();
    else if (chance < 0.52) this.#cancel();
    else if (chance < 0.6) await this.#killServer();
    else if (chance < 0.66) this.#killServerAtItsNextWrites();
    else if (chance < 0.74) this.#killWorker(worker);
    else if (chance < 0.84) this.#cut(worker);
    else if (chance < 0.92) this.#net.heal(worker);
    else if (chance < 0.96) this.#note(`the connection of ${worker} breaks`, () => this.#net.reset(worker));
    else await this.#setClock(this.#time.wall + Math.round((this.#random() - 0.5) * 7_200_000));
  }

  #submit(): void {
    const ms = this.#random() < 0.15 ? this.#random() * 40_000 : this.#random() * 800;
    const op: Op = {
      ...{ id: this.#newId(), task: this.#random() < 0.25 ? 'single' : 'job', args: [Math.round(ms), this.#ops.length] },
      ...{ isKnown: false, isCancelled: false },
    };
    this.#ops.push(op);
    void this.#send(op);
  }

  /** Asks the server there is; an answer that comes when it is dead was never sent. */
  async #send(op: Op): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    const [answer] = await server.dispatcher.submit([{ id: op.id, task: op.task, args: op.args }]).catch(() => []);
    if (this.#server !== server || answer === undefined) return;
    if (!isRefusal(answer)) op.isKnown = true;
  }

  #cancel(): void {
    const op = this.#ops[Math.floor(this.#random() * this.#ops.length)];
    if (op === undefined || this.#server === null) return;
    op.isCancelled = true;
    void this.#server.dispatcher.cancel(op.id, 'asked').catch(() => undefined);
  }

  async startServer(): Promise<void> {
    if (this.#server !== null) return;
    this.#note('the server starts');
    const clock = this.#time.clock();
    this.#disk.erase(`${FOLDER}/server.lock`);
    const store = await openOn(this.#disk, { clock, snapshotAfter: SNAPSHOT_OFTEN });
    const isDead = ({ pid }: { pid: number }) => this.#dead.has(pid);
    const dispatcher = new Dispatcher({ store, clock, limits: LIMITS, random: this.#chance(), isDead, newId: this.#newId });
    await dispatcher.start();
    let timer: Timer | null = null;
    const arm = () => {
      timer?.cancel();
      const ms = dispatcher.nextTickInMs();
      if (ms !== null) timer = clock.after(ms, tick);
    };
    const tick = () => {
      dispatcher.tick();
      arm();
    };
    dispatcher.onWake(arm);
    arm();
    this.#server = { clock, store, dispatcher };
    this.#net.accept = (channel) => new WorkSocket(channel, dispatcher, clock);
  }

  /** A kill that also takes what was not synced. */
  async #killServer(): Promise<void> {
    if (this.#server !== null) this.#serverDies();
    else await this.startServer();
  }

  #killServerAtItsNextWrites(): void {
    const disk = this.#disk;
    let left = 1 + Math.floor(this.#random() * 12);
    disk.before = () => {
      left -= 1;
      if (left === 0 && this.#disk === disk && this.#server !== null) this.#serverDies();
    };
  }

  #serverDies(): void {
    this.#note('the server dies');
    const server = this.#server as Server;
    server.clock.isDead = true;
    this.#server = null;
    this.#disk.before = () => undefined;
    this.#disk = this.#disk.crash(() => this.#random() < 0.5);
    this.#net.serverDied();
    this.#time.after(
      this.#random() * 4_000,
      () => void this.startServer().catch((error: unknown) => this.#fail(`the server does not start: ${error}`)),
    );
  }

  #startWorker(name: string): void {
    this.#pids += 1;
    const pid = this.#pids;
    const clock = this.#time.clock();
    const pool = new SimPool(TASKS, { clock, random: this.#random, watcher: this, name: `${name} (${pid})`, goesOn: this.#goesOn });
    const random = this.#chance();
    const worker = new TaskWorker({
      ...{
        name,
        slots: SLOTS,
        drainMs: 30_000,
        graceMs: 5_000,
        pool,
        clock,
        random,
        connect: this.#net.connectorOf(name, () => clock.isDead),
      },
      process: { pid, host: 'here', machine: 'sim', startTicks: String(pid) },
      address: async () => ({ url: 'http://sim/api', apiKey: null }),
      onEvent: () => undefined,
    });
    worker.connect();
    this.#workers.set(name, { pid, clock, pool });
  }

  #killWorker(name: string): void {
    this.#note(`worker ${name} dies`);
    const worker = this.#workers.get(name) as Worker;
    worker.clock.isDead = true;
    worker.pool.die();
    this.#dead.add(worker.pid);
    this.#net.workerDied(name);
    this.#startWorker(name);
  }

  /** And leaves a living server the time to see it. */
  async #setClock(wall: number): Promise<void> {
    this.#note(`the clock is set by ${Math.round((wall - this.#time.wall) / 1_000)} s`);
    this.#time.wall = wall;
    await this.#time.pass(1_100);
  }

  #cut(name: string): void {
    const ways = ['both', 'to-server', 'to-worker'] as const;
    const way = ways[Math.floor(this.#random() * 3)] as (typeof ways)[number];
    this.#note(`the link of ${name} is cut: ${way}`, () => this.#net.cut(name, way));
  }

  // ---- The end

  async #heal(): Promise<void> {
    this.#note('all is well again');
    for (const name of this.#workers.keys()) this.#net.heal(name);
    this.#disk.before = () => undefined;
    await this.#setClock(WALL);
    await this.startServer();
    await this.#time.pass(5_000);
    await this.startServer();
    for (const op of this.#ops) if (!op.isKnown) await this.#sendUntilKnown(op);
  }

  async #sendUntilKnown(op: Op): Promise<void> {
    const sent = this.#send(op);
    await this.#time.pass(20);
    await sent;
    if (!op.isKnown) this.#fail(`run ${op.id} is refused though all is well`);
  }

  async #isDone(): Promise<boolean> {
    const counts = await (this.#server as Server).store.counts();
    return counts.SCHEDULED + counts.PENDING + counts.RUNNING + counts.CANCELLING === 0;
  }

  async #judge(): Promise<void> {
    const { store } = this.#server as Server;
    for (const op of this.#ops) {
      const run = await store.get(op.id);
      if (run === undefined) this.#fail(`run ${op.id} was acknowledged and is gone`);
      else
        for (const problem of problemsOf(run, op))
          this.#fail(`${problem}: ${run.history.map(({ name, attempt }) => `${name} ${attempt}`).join(', ')}`);
    }
    if (this.#live.size > 0) this.#fail(`code still runs: ${[...this.#live.keys()].join(', ')}`);
    await store.close();
  }

  #chance(): Random {
    const digit = () => Math.floor(this.#random() * 16).toString(16);
    return { number: this.#random, token: () => Array.from({ length: 32 }, digit).join('') };
  }

  #note(what: string, act?: () => void): void {
    this.story.push(`${(this.#time.now / 1_000).toFixed(3)} s ${what}`);
    act?.();
  }

  #fail(what: string): void {
    this.#note(`BROKEN: ${what}`);
    this.broken.push(what);
  }
}

function problemsOf(run: Run, op: Op): string[] {
  const found: string[] = [];
  if (!isFinal(run)) found.push(`run ${run.id} is ${run.state} long after all was well`);
  else if (run.state === 'CANCELLED' ? !op.isCancelled : run.state !== 'COMPLETED')
    found.push(`run ${run.id} is ${run.state} (${run.error?.name})`);
  else if (run.state === 'COMPLETED' && run.result !== JSON.stringify(op.args))
    found.push(`run ${run.id} has the result of another: ${run.result}`);
  const numbers = run.history.filter(({ state }) => state === 'RUNNING').map(({ attempt }) => attempt);
  if (numbers.some((attempt, at) => attempt <= (numbers[at - 1] ?? 0))) found.push(`run ${run.id} used an attempt number twice`);
  return found;
}
