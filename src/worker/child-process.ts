/**
 * One child process as the worker sees it: sends it work in arrays, hears its reports, keeps its last lines, notices its end.
 * It decides nothing: which runs go in, and when it is stopped, is the pool's (runs) and the crew's (processes) to say.
 */
import type { ChildProcess } from 'node:child_process';
import { atTurnEnd } from '../client/socket.ts';
import { type LoadProblem, TasksNotLoadedError } from '../core/errors.ts';
import { LIMITS } from '../core/protocol.ts';
import type { Clock, Timer } from '../core/seams.ts';
import {
  type FromChild,
  GRACE_MS,
  type LoadedTasks,
  type Preparation,
  type Report,
  type StopOrder,
  type ToChild,
  type Work,
} from './ipc.ts';

export interface ChildListener {
  reported(child: Child, report: Report): void;
  /** It takes too much memory. Once. */
  grown(child: Child): void;
  wrote(child: Child, stream: 'stdout' | 'stderr', line: string): void;
  /** It is dead, and everything it had to say was heard. Once. */
  gone(child: Child): void;
}
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * `booting`: not loaded yet. `ready`: takes runs. `leaving`: finishes what it has. `stopping`: so, and code in it refuses to stop, so
 * that it will be killed. `gone`: dead.
 */
export type ChildState = 'booting' | 'ready' | 'leaving' | 'stopping' | 'gone';

const LOAD_TIMEOUT_MS = 60_000;
/** What a dead child wrote may still be on its way; a grandchild that holds its pipes must not hold us. */
const LAST_READ_MS = 200;
/** A loop that does not answer within this time does not turn. */
const PING_MS = 2_000;
const TAIL_LINES = 50;

export class Child {
  state: ChildState = 'booting';
  /** The load of the files that it belongs to. */
  generation = 0;
  /** For one run at a time that must not share its process. */
  isAlone = false;
  /** How many runs it was given that have not ended. */
  runs = 0;
  /** Why we ended it; null where it died of itself. */
  endedBecause: string | null = null;
  exit: Exit | null = null;
  /** Monotonic milliseconds at which its files were loaded; null where they never were. */
  readyAt: number | null = null;
  readonly #process: ChildProcess;
  readonly #listener: ChildListener;
  readonly #clock: Clock;
  readonly #gone: Promise<void>;
  #isHere = false;
  #early: ToChild[] = [];
  #work: Work[] = [];
  #orders: StopOrder[] = [];
  #loading: { resolve(loaded: LoadedTasks): void; reject(error: Error): void; timer: Timer } | null = null;
  #pings: ((alive: boolean) => void)[] = [];
  #tail: string[] = [];

  /** `process` has IPC, and pipes for stdout, stderr and the lifeline. */
  constructor(process: ChildProcess, listener: ChildListener, clock: Clock) {
    this.#process = process;
    this.#listener = listener;
    this.#clock = clock;
    process.on('message', (message) => this.#receive(message as FromChild | null));
    this.#gone = this.#untilGone();
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Its last lines, newest last. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** Resolves when it is dead and `gone` was told. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  prepare(how: Preparation): void {
    this.send({ type: 'prepare', how });
  }

  /** Once in its life. @throws {TasksNotLoadedError} The files do not load; the child is of no use then. */
  load(files: readonly string[]): Promise<LoadedTasks> {
    return new Promise((resolve, reject) => {
      const late = () => this.#notLoaded(`The files did not finish loading within ${LOAD_TIMEOUT_MS / 1_000} s`);
      this.#loading = { resolve, reject, timer: this.#clock.after(LOAD_TIMEOUT_MS, late) };
      if (this.state === 'gone') this.#notLoaded('The process ended before it could load the files');
      else this.send({ type: 'load', files });
    });
  }

  /** Gathered until the end of the turn. */
  run(work: Work): void {
    this.runs += 1;
    if (this.#work.push(work) === 1 && this.#orders.length === 0) atTurnEnd(() => this.#flush());
  }

  /** Takes back a run of this very turn; false where it is on its way. */
  withdraw(id: number): boolean {
    const at = this.#work.findIndex((work) => work.id === id);
    if (at >= 0) this.#work.splice(at, 1);
    return at >= 0;
  }

  /** Gathered likewise, behind the runs of the turn. */
  stop(order: StopOrder): void {
    if (this.#orders.push(order) === 1 && this.#work.length === 0) atTurnEnd(() => this.#flush());
  }

  /** Whether its event loop turns. */
  ping(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(PING_MS, () => answer(false));
      const answer = (alive: boolean) => {
        timer.cancel();
        resolve(alive);
      };
      this.#pings.push(answer);
      this.send({ type: 'ping' });
    });
  }

  /** Nothing runs in it: it may go. It has the grace to do so. */
  leave(): void {
    if (this.state === 'gone') return;
    this.state = 'leaving';
    this.endedBecause ??= 'It was not needed any more';
    if (!this.#isHere) {
      this.kill('It is not needed any more');
      return;
    }
    this.send({ type: 'leave' });
    const timer = this.#clock.after(GRACE_MS, () => this.kill('It did not leave'));
    void this.#gone.then(() => timer.cancel());
  }

  /** Tells user code that listens to SIGTERM. */
  terminate(because: string): void {
    this.endedBecause ??= because;
    this.#process.kill('SIGTERM');
  }

  /** Ends it now, with every process it started. */
  kill(because: string): void {
    if (this.state === 'gone') return;
    this.endedBecause ??= because;
    this.#killGroup();
    this.#process.kill('SIGKILL');
  }

  #receive(message: FromChild | null): void {
    // User code may send messages of its own: they are nothing to us.
    if (message?.type === 'report') this.#listener.reported(this, message);
    else if (message?.type === 'pong') this.#ponged(true);
    else if (message?.type === 'grown') this.#listener.grown(this);
    else if (message?.type === 'here') this.#arrived();
    else if (message?.type === 'loaded') this.#isLoaded(message);
    else if (message?.type === 'not-loaded')
      this.#settleLoad((load) => load.reject(new TasksNotLoadedError(message.problem, message.files)));
  }

  #arrived(): void {
    this.#isHere = true;
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.send(message);
  }

  send(message: ToChild): void {
    if (!this.#isHere) this.#early.push(message);
    else if (this.#process.connected) this.#process.send(message, ignore);
  }

  #flush(): void {
    const runs = this.#work;
    const orders = this.#orders;
    this.#work = [];
    this.#orders = [];
    if (runs.length > 0) this.send({ type: 'runs', runs });
    if (orders.length > 0) this.send({ type: 'stop', runs: orders });
  }

  #ponged(alive: boolean): void {
    const pings = this.#pings;
    this.#pings = [];
    for (const answer of pings) answer(alive);
  }

  #settleLoad(settle: (load: { resolve(loaded: LoadedTasks): void; reject(error: Error): void }) => void): void {
    const load = this.#loading;
    if (load === null) return;
    this.#loading = null;
    load.timer.cancel();
    settle(load);
  }

  #isLoaded(loaded: LoadedTasks): void {
    if (this.state === 'booting') this.state = 'ready';
    this.readyAt = this.#clock.monotonic();
    this.#settleLoad((load) => load.resolve(loaded));
  }

  #notLoaded(message: string): void {
    const problem: LoadProblem = { message, file: null, line: null, column: null, frame: null, stack: null };
    this.#settleLoad((load) => load.reject(new TasksNotLoadedError(problem, [])));
  }

  async #untilGone(): Promise<void> {
    const { stdout, stderr, stdio } = this.#process;
    stdio[3]?.on('error', ignore);
    (stdio[3] as NodeJS.ReadableStream | undefined)?.resume();
    const quiet = [this.#readLines('stdout', stdout), this.#readLines('stderr', stderr), untilDisconnected(this.#process)];
    this.exit = await exitOf(this.#process);
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#clock.after(LAST_READ_MS, resolve);
    });
    await Promise.race([Promise.all(quiet), late]);
    timer?.cancel();
    if (this.state !== 'leaving') this.#killGroup(); // what a dead run started is part of it
    this.state = 'gone';
    this.#ponged(false);
    this.#notLoaded(`The process ended while it loaded the files (${describeExit(this.exit)})${this.#lastWords()}`);
    this.#listener.gone(this);
  }

  async #readLines(name: 'stdout' | 'stderr', stream: NodeJS.ReadableStream | null): Promise<void> {
    if (stream === null) return;
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) this.#wrote(name, line.endsWith('\r') ? line.slice(0, -1) : line);
      if (rest.length < LIMITS.logLineBytes) return;
      this.#wrote(name, rest);
      rest = '';
    });
    await new Promise<void>((resolve) => stream.once('close', resolve));
    if (rest !== '') this.#wrote(name, rest);
  }

  #wrote(name: 'stdout' | 'stderr', line: string): void {
    this.#tail.push(line);
    if (this.#tail.length >= TAIL_LINES * 2) this.#tail = this.#tail.slice(-TAIL_LINES);
    this.#listener.wrote(this, name, line);
  }

  #lastWords(): string {
    return this.#tail.length === 0 ? '' : `:\n${this.#tail.slice(-TAIL_LINES).join('\n')}`;
  }

  /** On POSIX each child leads a process group. */
  #killGroup(): void {
    if (process.platform === 'win32' || this.pid === 0) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {} // nobody is left in it
  }
}

export function describeExit({ code, signal }: Exit): string {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'it could not be started' : `exit code ${code}`;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
  });
}

function untilDisconnected(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (!child.connected) resolve();
    else child.once('disconnect', resolve);
  });
}

function ignore(): void {}
