/** A server and its workers as processes of the command line, and the ways to hurt them. Whatever is hurt is brought back by `heal`. */
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, Shell, type Started } from '../helpers/shell.ts';
import type { EventSeen, RunSeen, Start } from './history.ts';
import type { Door } from './intruders.ts';
import { Link, type Way } from './link.ts';
import { SmallDisk, WallClock } from './surroundings.ts';

const TASKS = join(root, 'test/fixtures/torture/tasks.ts');
const LIMIT = 10;
const PAGE = 1_000;

export class Cluster {
  readonly #shell: Shell;
  readonly #ledger: string;
  #server!: Started;
  readonly #workers = new Map<string, Started>();
  /** By worker: all but the first have one, and know no other way to the server. */
  readonly #links = new Map<string, Link>();
  readonly #disk: SmallDisk | null;
  readonly #clock: WallClock | null;
  #key = '';
  /** Ends of processes that nobody had asked for. */
  readonly accidents: string[] = [];
  readonly #asked = new Set<Started>();

  private constructor(shell: Shell) {
    this.#shell = shell;
    this.#ledger = join(shell.home, 'ledger');
    writeFileSync(this.#ledger, '');
    shell.setEnv('LEDGER', this.#ledger);
    this.#disk = SmallDisk.mount(join(shell.home, 'disk'));
    this.#clock = WallClock.find(join(shell.home, 'clock'));
    shell.setEnv('BGTASK_STORE', `file:${this.#store}`);
    shell.setEnv('BGTASK_ALLOW_HOST', '127.0.0.1'); // at any port: what comes over a link names its own
    copyFileSync(TASKS, join(shell.home, 'tasks.ts'));
  }

  static async open(workers: number): Promise<Cluster> {
    const cluster = new Cluster(await Shell.open());
    await cluster.startServer();
    cluster.#key = (await cluster.#shell.done('npx bgtask auth token')).trim();
    cluster.#shell.setEnv('BGTASK_API_KEY', cluster.#key); // a link has no record of the server
    const names = Array.from({ length: workers }, (_, n) => `w${n + 1}`);
    for (const name of names.slice(1)) cluster.#links.set(name, await cluster.openLink());
    await Promise.all(names.map((name) => cluster.startWorker(name)));
    return cluster;
  }

  /** Agents that cannot do their harm here, and why. */
  get missing(): Map<string, string> {
    const missing = new Map<string, string>();
    if (this.#disk === null) missing.set('fill-disk', 'no disk may be mounted here');
    if (this.#clock === null) missing.set('wall-clock', 'libfaketime is not installed');
    if (this.#links.size === 0) missing.set('cut-link', 'there is one worker only');
    return missing;
  }

  get door(): Door {
    return { url: `http://127.0.0.1:${this.#shell.port}/api`, key: this.#key };
  }

  /** Names of the workers whose link can be cut. */
  get linked(): string[] {
    return [...this.#links.keys()];
  }

  openLink(): Promise<Link> {
    return Link.open(this.#shell.port);
  }

  get #store(): string {
    return join(this.#disk?.folder ?? this.#shell.home, 'store');
  }

  get slots(): number {
    return this.#workers.size * LIMIT;
  }

  get workers(): string[] {
    return [...this.#workers.keys()];
  }

  /** For the client of the torture itself. */
  get env(): NodeJS.ProcessEnv {
    return this.#shell.env;
  }

  async startServer(): Promise<void> {
    this.#server = await this.#shell.serve(this.#clock ? `${this.#clock.prefix} bgtask server start` : 'npx bgtask server start');
    this.#watch(this.#server, 'the server');
  }

  async startWorker(name: string): Promise<void> {
    const link = this.#links.get(name);
    const way = link ? `--api-url http://127.0.0.1:${link.port}` : '';
    const worker = this.#shell.start(`npx bgtask task serve tasks.ts --limit ${LIMIT} --name ${name} ${way}`);
    this.#workers.set(name, worker);
    this.#watch(worker, `worker ${name}`);
    await worker.says(/\bready\b/i);
  }

  async killServer(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#end(this.#server, signal);
  }

  async killWorker(name: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#end(this.#workers.get(name) as Started, signal);
  }

  /** Kills one process in which code of the worker runs. False: there is none just now. */
  killChildOf(name: string): boolean {
    const pid = String(this.#workers.get(name)?.child.pid);
    const child = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid);
    try {
      if (child !== undefined) process.kill(Number(child), 'SIGKILL');
      return child !== undefined;
    } catch {
      return false; // it has ended meanwhile
    }
  }

  async freeze(who: 'server' | string, ms: number): Promise<void> {
    const pid = (who === 'server' ? this.#server : (this.#workers.get(who) as Started)).child.pid as number;
    process.kill(pid, 'SIGSTOP');
    await sleep(ms);
    process.kill(pid, 'SIGCONT');
  }

  async cut(name: string, way: Way, ms: number): Promise<void> {
    const link = this.#links.get(name) as Link;
    link.cut(way);
    await sleep(ms);
    link.heal();
  }

  async fillDisk(ms: number): Promise<void> {
    this.#disk?.fill();
    await sleep(ms);
    this.#disk?.free();
  }

  /** Sets the wall clock of the server for a while, by so many seconds. */
  async shiftClock(seconds: number, ms: number): Promise<void> {
    this.#clock?.shift(seconds);
    await sleep(ms);
    this.#clock?.shift(0);
  }

  saveCode(text: (now: string) => string): void {
    writeFileSync(join(this.#shell.home, 'tasks.ts'), text(readFileSync(TASKS, 'utf8')));
  }

  /** A second server on the same store; resolves with its exit code. */
  async intrude(): Promise<number | null> {
    return (await this.#shell.run(`npx bgtask server start --port ${this.#shell.port + 1}`)).code;
  }

  /** All runs with their histories. */
  async runs(): Promise<RunSeen[]> {
    const ask = async (path: string) => {
      const answer = await fetch(this.door.url + path, { headers: { authorization: `Bearer ${this.#key}` } });
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`);
      return (await answer.json()) as { runs: RunSeen[]; nextCursor: string | null } & RunSeen;
    };
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { runs: RunSeen[]; nextCursor: string | null } = await ask(`/runs?limit=${PAGE}${cursor && `&cursor=${cursor}`}`);
      ids.push(...page.runs.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    const runs: RunSeen[] = [];
    for (const id of ids) runs.push(await ask(`/runs/${id}`));
    return runs;
  }

  async open(): Promise<number> {
    const { counts } = JSON.parse(await this.#shell.done('npx bgtask server status --json')) as { counts: Record<string, number> };
    return ['SCHEDULED', 'PENDING', 'RUNNING', 'CANCELLING'].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  }

  starts(): Start[] {
    const lines = readFileSync(this.#ledger, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [id = '', attempt, pid, at] = line.split(' ');
      return { id, attempt: Number(attempt), pid: Number(pid), at: Number(at) };
    });
  }

  /** Everything that was written down, oldest first; the server may run. */
  async events(): Promise<EventSeen[]> {
    const lines = (await this.#shell.done('npx bgtask store export')).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as EventSeen);
  }

  /** Stops everything, and says what is wrong with the store: with its files, and with a copy of them that is started twice. */
  async close(): Promise<string[]> {
    const found: string[] = [];
    const before = JSON.stringify(await this.runs());
    for (const name of this.workers) await this.killWorker(name, 'SIGTERM');
    await this.killServer('SIGTERM');
    const verified = await this.#shell.run('npx bgtask store verify --json');
    if (verified.code !== 0) found.push(`H10 store verify ended with ${verified.code}: ${verified.stdout}${verified.stderr}`);
    const copy = join(this.#shell.home, 'copy');
    cpSync(this.#store, copy, { recursive: true });
    for (const round of [1, 2]) {
      const started = await this.#shell.serve(`npx bgtask server start --store file:${copy}`);
      if (JSON.stringify(await this.runs()) !== before) found.push(`C10 start ${round} on a copy of the store shows other runs`);
      this.#asked.add(started);
      started.signal('SIGKILL');
      await started.ended;
    }
    return found;
  }

  /** What the processes said, for somebody who looks for a cause. */
  told(): string {
    return [this.#server, ...this.#workers.values()].map((one) => one.told().slice(-4_000)).join('\n');
  }

  async dispose(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    this.#disk?.unmount();
    if (existsSync(this.#shell.home)) await this.#shell.close();
  }

  async #end(process: Started, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#asked.add(process);
    process.signal(signal);
    await process.ended;
  }

  #watch(process: Started, who: string): void {
    void process.ended.then(({ code }) => {
      if (!this.#asked.has(process)) this.accidents.push(`C9 ${who} ended by itself with ${code}${process.told().slice(-2_000)}`);
    });
  }
}

function parentOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
  } catch {
    return undefined; // it has ended meanwhile
  }
}
