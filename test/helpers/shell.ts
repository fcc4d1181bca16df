/**
 * Commands as a reader types them, each with a home, a port and a key of its own so that nothing outside is touched. What is started
 * is stopped again by `close`, process group by process group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const GRACE_MS = 20_000;
/** What pages import beside bgtask. */
const PACKAGES = ['tsx', 'fastify', 'express', 'hono', '@hono', 'openai', 'zod'];
/** The ports at which the apps of pages listen. */
const PAGE_PORTS = ['8000', '8001', '8002'];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that was started. */
export class Started {
  readonly child: ChildProcess;
  readonly line: string;
  stdout = '';
  stderr = '';
  readonly #listeners = new Set<() => void>();
  readonly ended: Promise<Finished>;

  constructor(line: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.line = line;
    // npx only looks the command up; the folder's own .bin stands first in PATH. `exec`: the process that is killed is the command itself.
    const typed = line.replace(/^((?:\w+=\S* )*)npx /, '$1');
    this.child = spawn('bash', ['-c', `exec env ${typed}`], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear('stderr', text));
    this.ended = once(this.child, 'close').then(([code]) => {
      for (const listener of this.#listeners) listener();
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  #hear(where: 'stdout' | 'stderr', text: string): void {
    this[where] += text;
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when the output of either stream matches. */
  async says(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(this.stdout) || pattern.test(this.stderr)) resolve();
        else if (this.child.exitCode !== null || this.child.signalCode !== null) reject(new Error(`It ended first.${this.told()}`));
        else return;
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look();
    });
  }

  told(): string {
    return `\n$ ${this.line}\n${this.stdout}${this.stderr}`;
  }

  /** Ctrl-C, as a terminal sends it: to every process of the command. */
  interrupt(): void {
    this.signal('SIGINT');
  }

  signal(name: NodeJS.Signals): void {
    try {
      process.kill(-(this.child.pid as number), name);
    } catch {
      // All of it has ended.
    }
  }

  async stop(): Promise<Finished> {
    this.interrupt();
    const late = setTimeout(() => this.signal('SIGKILL'), GRACE_MS);
    const finished = await this.ended;
    clearTimeout(late);
    this.signal('SIGKILL');
    return finished;
  }
}

export class Shell {
  readonly home: string;
  readonly port: number;
  /** Free ones in the place of those that pages name. */
  readonly #pagePorts: ReadonlyMap<string, number>;
  readonly #env: NodeJS.ProcessEnv;
  readonly #started: Started[] = [];
  #closed = false;

  private constructor(home: string, [port = 0, ...ports]: readonly number[]) {
    this.home = home;
    this.port = port;
    this.#pagePorts = new Map(PAGE_PORTS.map((named, index) => [named, ports[index] as number]));
    const bin = join(home, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }');
    symlinkSync(root, join(home, 'node_modules', 'bgtask'));
    for (const name of PACKAGES) symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name));
    symlinkSync(join(root, 'bin', 'run.js'), join(bin, 'bgtask'));
    symlinkSync(join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(bin, 'tsx'));
    const outside = Object.entries(process.env).filter(([name]) => !/^(BGTASK_|NODE_OPTIONS|VITEST|NODE_ENV)/.test(name));
    this.#env = {
      ...Object.fromEntries(outside),
      PATH: `${bin}:${process.env.PATH}`,
      BGTASK_HOME: join(home, '.home'),
      BGTASK_PORT: String(port),
      BGTASK_API_URL: `http://127.0.0.1:${port}`,
      PORT: this.ported('8000'),
      NO_COLOR: '1',
    };
  }

  static async open(): Promise<Shell> {
    const ports: number[] = [];
    while (ports.length <= PAGE_PORTS.length) ports.push(await freePort());
    return new Shell(mkdtempSync(join(tmpdir(), 'bgtask-shell-')), ports);
  }

  /** What a page says, with free ports in the place of those it names. */
  ported(text: string): string {
    return text.replaceAll(/\b800\d\b/g, (named) => String(this.#pagePorts.get(named) ?? named));
  }

  /** A folder of the repository as one of the home, where it may be changed. */
  copy(folder: string): string {
    const copied = join(this.home, basename(folder));
    cpSync(join(root, folder), copied, { recursive: true, filter: (path) => !/node_modules|\.next|secrets/.test(path.slice(root.length)) });
    return copied;
  }

  /** For all that is started from now on. */
  setEnv(name: string, value: string): void {
    this.#env[name] = value;
  }

  get env(): NodeJS.ProcessEnv {
    return { ...this.#env };
  }

  start(line: string, folder = this.home): Started {
    if (this.#closed) throw new Error(`The shell is closed: ${line}`); // a test that was given up goes on
    const started = new Started(line, folder, this.#env);
    this.#started.push(started);
    return started;
  }

  /** Starts a server, a worker or an app and waits until it says that it is ready. */
  async serve(line: string, folder = this.home): Promise<Started> {
    const started = this.start(line, folder);
    await started.says(/server start|app\.ts|tsx watch/.test(line) ? /http:\/\/[\d.]+:\d+/ : /\bready\b/i);
    return started;
  }

  async run(line: string, folder = this.home): Promise<Finished> {
    return await this.start(line, folder).ended;
  }

  /** Runs a command that must succeed. */
  async done(line: string, folder = this.home): Promise<string> {
    const { code, stdout, stderr } = await this.run(line, folder);
    if (code !== 0) throw new Error(`$ ${line}\nexit code ${code}\n${stdout}${stderr}${this.#others()}`);
    return stdout;
  }

  #others(): string {
    return this.#started
      .filter((one) => one.child.exitCode === null)
      .map((one) => one.told())
      .join('');
  }

  /** Servers in the background that nobody stopped. */
  #servers(): number[] {
    const folder = join(this.home, '.home', 'servers');
    if (!existsSync(folder)) return [];
    const records = readdirSync(folder).filter((name) => /^\d+\.json$/.test(name));
    const pids = records.map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { pid: number }).pid);
    return pids.filter(isAlive);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#started.toReversed().map((started) => started.stop()));
    for (const pid of this.#servers()) process.kill(pid, 'SIGKILL');
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
