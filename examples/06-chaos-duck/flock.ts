/** A server and its workers, each a process of the command line, in a folder that is thrown away. Knows how to hurt them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BGTASK = fileURLToPath(new URL('bin/run.js', import.meta.resolve('bgtask/package.json')));
const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
/** How long the viewer stays when all is over. Milliseconds. */
const LAST_LOOK_MS = 2_500;
/** Characters of output that are kept of each process. */
const KEPT = 4_000;

/** One process. It is started as `node bin/run.js`, without npx between, so that a kill hits it and nothing else. */
class Bird {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  #told = '';
  #listener = (): void => undefined;
  /** Its end was asked for. */
  #isDoomed = false;

  constructor(name: string, args: readonly string[]) {
    this.name = name;
    this.#child = spawn(process.execPath, [BGTASK, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.#child, 'close').then(() => this.#listener());
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding('utf8').on('data', (text) => this.#hear(text));
  }

  #hear(text: string): void {
    this.#told = (this.#told + text).slice(-KEPT);
    this.#listener();
  }

  /** The match, once its output has one; null where its end was asked for first. @throws It ended by itself. */
  async says(pattern: RegExp): Promise<RegExpExecArray | null> {
    for (;;) {
      const match = pattern.exec(this.#told);
      if (match || this.#isDoomed) return match;
      if (this.hasEnded) throw new Error(this.lastWords());
      await new Promise<void>((resolve) => {
        this.#listener = resolve;
      });
    }
  }

  /** kill -9: there is nothing that a process of ours must do before it ends. What a worker has started ends with it. */
  async end(): Promise<void> {
    if (this.hasEnded) return;
    this.#isDoomed = true;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get endedByItself(): boolean {
    return this.hasEnded && !this.#isDoomed;
  }

  lastWords(): string {
    return `The ${this.name} ended by itself with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.#told}`;
  }
}

export class Flock {
  readonly #folder = mkdtempSync(join(tmpdir(), 'bgtask-duck-'));
  /** All there ever were. */
  readonly #birds: Bird[] = [];
  #server: Bird | null = null;
  readonly #workers = new Map<string, Bird>();
  #viewer: ChildProcess | null = null;
  #isOver = false;

  /** Where the server answers, from its first start to the end. */
  url = '';

  /** Resolves when the server and all workers are up. From then on the library finds the server in the environment, as any program does. */
  async start(workers: number): Promise<void> {
    const nothingElse = { BGTASK_API_KEY: '', BGTASK_PROFILE: '', BGTASK_STORE: '', BGTASK_PORT: '', BGTASK_HOST: '' };
    Object.assign(process.env, nothingElse, { BGTASK_HOME: this.#folder, BGTASK_API_URL: '' });
    await this.#startServer(0);
    process.env.BGTASK_API_URL = this.url;
    const names = Array.from({ length: workers }, (_, index) => `duckling-${index + 1}`);
    await Promise.all(names.map((name) => this.#startWorker(name).says(/\bready\b/)));
  }

  /** What to type elsewhere to look on. */
  get viewer(): string {
    return `BGTASK_HOME=${this.#folder} npx bgtask task ls --api-url ${this.url}`;
  }

  /** The run viewer in this terminal. Resolves when somebody has left it, or with `closeViewer`. */
  async view(): Promise<void> {
    this.#viewer = spawn(process.execPath, [BGTASK, 'task', 'ls'], { stdio: 'inherit' });
    await once(this.#viewer, 'close');
    this.#viewer = null;
  }

  /** After a last look, or when somebody leaves it before. Milliseconds. */
  async closeViewer(lookMs = LAST_LOOK_MS): Promise<void> {
    const viewer = this.#viewer;
    if (viewer === null) return;
    const late = setTimeout(() => viewer.kill('SIGTERM'), lookMs);
    await once(viewer, 'close');
    clearTimeout(late);
  }

  get workers(): readonly string[] {
    return [...this.#workers.keys()];
  }

  /** Another one of that name in its place. Resolves when the old one is gone; the new one comes when it comes. */
  async restartWorker(name: string): Promise<void> {
    await this.#workers.get(name)?.end();
    if (!this.#isOver) this.#startWorker(name);
  }

  /** Another one on the same store and port. Resolves when that is up. */
  async restartServer(): Promise<void> {
    await this.#server?.end();
    if (!this.#isOver) await this.#startServer(Number(new URL(this.url).port));
  }

  /** What processes said that ended without being asked to: there should be none. */
  surprises(): string[] {
    return this.#birds.filter((bird) => bird.endedByItself).map((bird) => bird.lastWords());
  }

  /** Stops every process and removes the folder. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.closeViewer(0);
    await Promise.all(this.#birds.map((bird) => bird.end()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #startServer(port: number): Promise<void> {
    this.#server = this.#hatch('server', ['server', 'start', '--port', String(port), '--store', `file:${join(this.#folder, 'store')}`]);
    const said = await this.#server.says(/http:\/\/127\.0\.0\.1:\d+/);
    if (said) this.url = said[0];
  }

  #startWorker(name: string): Bird {
    const worker = this.#hatch(`worker ${name}`, ['task', 'serve', TASKS, '--name', name, '--no-watch']);
    this.#workers.set(name, worker);
    return worker;
  }

  #hatch(name: string, args: readonly string[]): Bird {
    const bird = new Bird(name, args);
    this.#birds.push(bird);
    return bird;
  }
}
