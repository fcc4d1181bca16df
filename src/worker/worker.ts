/**
 * A worker towards its server: connects, says what it has and holds, takes runs, reports what becomes of them, and keeps every outcome
 * until the server says that it is recorded. Connection lost: the runs go on where the server is gone, and are stopped before their
 * lease ends where it is only silent. It executes nothing itself; the pool does. No code of the user runs in this process.
 */
import { type Address, type Connect, type DownReason, openSocket, type Socket } from '../client/socket.ts';
import type {
  Assignment,
  CacheHit,
  CacheQuestion,
  Held,
  Outcome,
  ProcessIdentity,
  ServerFrame,
  Waiting,
  WorkerFrame,
} from '../core/frames.ts';
import { LIMITS, PROTOCOL } from '../core/protocol.ts';
import type { Clock, Random } from '../core/seams.ts';
import type { OnEvent } from './events.ts';
import { GRACE_MS } from './ipc.ts';
import { type Lease, newLease, tellAgain } from './lease.ts';
import { Outbox } from './outbox.ts';
import type { RunPool } from './run-pool.ts';
import { Silence, STOP_AFTER_MS } from './silence.ts';
import { within } from './within.ts';

/** A worker that takes runs until it is stopped. */
export interface Worker {
  readonly name: string;
  /** Resolves when the server knows its tasks for the first time, or when it has stopped. Never rejects; a server that is away is waited for. */
  readonly ready: Promise<void>;
  /** Resolves when it has stopped. */
  readonly closed: Promise<void>;
  /** Takes no more runs, finishes what it has within the drain time, gives the rest back. Safe to call twice. */
  stop(): Promise<void>;
}

export interface TaskWorkerOptions {
  readonly name: string;
  readonly slots: number;
  readonly drainMs: number;
  readonly graceMs: number;
  readonly pool: RunPool;
  readonly process: ProcessIdentity;
  readonly address: () => Promise<Address>;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
  /** Called when it begins to stop: no new code from then on. */
  readonly onStop?: () => Promise<void>;
}

/** How long a worker that stops waits for the server to record its last outcomes. */
const LAST_RECORD_MS = 5_000;

export class TaskWorker implements Worker {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly #options: TaskWorkerOptions;
  readonly #id: string;
  readonly #secret: string;
  /** What the server granted and has not recorded. */
  readonly #leases = new Map<string, Lease>();
  readonly #outbox: Outbox;
  #socket: Socket<WorkerFrame> | null = null;
  /** When `hello` was said on the connection that stands, monotonic milliseconds; null: none does. */
  #helloAt: number | null = null;
  /** The server has answered it. */
  #isWelcome = false;
  #wasReady = false;
  #isDraining = false;
  /** What it told last, so that nothing is told twice. */
  #told = '';
  #tellsState: 'connected' | DownReason | null = null;
  readonly #silence: Silence;
  #stopping: Promise<void> | null = null;
  #isReady!: () => void;
  #isClosed!: () => void;
  #recorded: (() => void) | null = null;

  constructor(options: TaskWorkerOptions) {
    this.#options = options;
    this.name = options.name;
    this.#id = options.random.token();
    this.#secret = options.random.token();
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#isClosed = resolve;
    });
    const { clock, pool } = options;
    const reason = `Worker ${options.name} did not reach the server for ${STOP_AFTER_MS / 1_000} s`;
    this.#silence = new Silence({ clock, stop: () => pool.giveUp(reason), kill: () => pool.kill(reason) });
    this.#outbox = new Outbox((text) => this.#socket?.sendText(text), clock);
    pool.listener = {
      started: (tokens) => this.#started(tokens),
      finished: (outcomes) => this.#finished(outcomes),
      logs: (logs) => this.#outbox.logs(logs.filter(({ token }) => this.#leases.has(token))),
      progress: (progress) => this.#outbox.progress(progress.filter(({ token }) => this.#leases.has(token))),
      waiting: (waits) => this.#waiting(waits),
      asked: (questions) => this.#asked(questions),
      changed: () => this.#update(),
      onEvent: options.onEvent,
    };
  }

  /** Begins to take runs. The tasks are loaded by now. */
  connect(): void {
    if (this.#socket !== null || this.#stopping !== null) return;
    const { address, connect, clock, random } = this.#options;
    this.#socket = openSocket<WorkerFrame, ServerFrame>({
      ...{ path: '/work', address, connect, clock, random, reconnect: true },
      onUp: () => this.#hello(),
      onFrame: (frame) => this.#receive(frame),
      onAnswer: (askedAt) => this.#silence.heardUs(askedAt),
      onDown: (why, error) => this.#down(why, error),
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  // ---- From the server -----------------------------------------------------------------------------------------------------

  #receive(frame: ServerFrame): void {
    if (frame.type === 'runs') this.#take(frame.runs);
    else if (frame.type === 'recorded') this.#forget(frame.runs);
    else if (frame.type === 'cancel') for (const { token, reason } of frame.runs) this.#options.pool.stop(token, 'cancel', reason);
    else if (frame.type === 'fenced') this.#drop(frame.runs);
    else if (frame.type === 'hooks') this.#options.pool.tell(frame.runs);
    else if (frame.type === 'cache') for (const { token, hit } of frame.runs) this.#answer(token, hit);
    else if (frame.type === 'welcome') this.#welcome(frame);
    else if (frame.type === 'orphans') this.#orphans(frame.tasks);
  }

  #take(runs: readonly Assignment[]): void {
    const fresh = runs.filter(({ token }) => !this.#leases.has(token));
    for (const assignment of fresh) this.#leases.set(assignment.token, newLease(assignment));
    if (!this.#isDraining) this.#options.pool.assign(fresh);
    else this.#finished(fresh.map(({ runId, token }) => ({ runId, token, type: 'release', reason: `Worker ${this.name} is stopping` })));
  }

  #welcome({ fenced, limits = LIMITS }: Extract<ServerFrame, { type: 'welcome' }>): void {
    this.#isWelcome = true;
    this.#options.pool.limit(limits);
    this.#silence.over(this.#helloAt ?? 0);
    this.#drop(fenced);
    for (const lease of this.#leases.values()) tellAgain(lease, this.#outbox);
    this.#outbox.open(limits.frameBytes);
    this.#update();
    const { pool, slots, onEvent } = this.#options;
    this.#tell('connected', () => onEvent({ type: 'connected' }));
    if (!this.#wasReady) {
      const tasks = pool.tasks.map(({ name }) => name);
      onEvent({ type: 'ready', name: this.name, tasks, files: pool.files, generation: pool.generation, slots });
    }
    this.#wasReady = true;
    this.#isReady();
  }

  #forget(runs: readonly Held[]): void {
    for (const { token } of runs) this.#leases.delete(token);
    if (this.#leases.size === 0) this.#recorded?.();
  }

  /** Leases that are no longer ours: their code stops, and nobody hears what came of it. */
  #drop(runs: readonly Held[]): void {
    for (const { token } of runs) this.#options.pool.stop(token, 'fenced', 'The lease of this run has ended; another attempt may run');
    this.#forget(runs);
  }

  #orphans(tasks: Extract<ServerFrame, { type: 'orphans' }>['tasks']): void {
    if (tasks.length > 0) this.#options.onEvent({ type: 'orphans', tasks });
  }

  // ---- To the server -------------------------------------------------------------------------------------------------------

  #hello(): void {
    const held = [...this.#leases.values()].map(({ runId, token }) => ({ runId, token }));
    const state = this.#state();
    this.#told = JSON.stringify(state);
    this.#helloAt = this.#options.clock.monotonic();
    const who = { workerId: this.#id, secret: this.#secret, name: this.name, process: this.#options.process };
    this.#socket?.send({ type: 'hello', protocol: PROTOCOL, ...who, ...state, held });
  }

  #update(): void {
    if (!this.#isWelcome) return;
    const state = this.#state();
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    this.#socket?.send({ type: 'update', ...state });
  }

  #state() {
    const { pool, slots } = this.#options;
    const { tasks, generation, hasRoom } = pool;
    return { tasks, slots: hasRoom ? slots : 0, generation, draining: this.#isDraining };
  }

  #started(tokens: readonly string[]): void {
    const { clock, onEvent } = this.#options;
    const startedAt = clock.monotonic();
    for (const token of tokens) {
      const lease = this.#leases.get(token);
      if (lease === undefined) continue;
      lease.startedAt = startedAt;
      this.#outbox.started(lease);
      const { runId, task, name, attempt } = lease.assignment;
      onEvent({ type: 'run-started', runId, task, name, attempt });
    }
  }

  #waiting(waits: readonly Waiting[]): void {
    const mine = waits.filter(({ token }) => this.#leases.has(token));
    for (const { token, waiting } of mine) (this.#leases.get(token) as Lease).isWaiting = waiting;
    this.#outbox.waiting(mine);
  }

  #asked(questions: readonly (Held & CacheQuestion)[]): void {
    const mine = questions.filter(({ token }) => this.#leases.has(token));
    for (const { runId: _, token, ...question } of mine) (this.#leases.get(token) as Lease).question = question;
    this.#outbox.asked(mine);
  }

  #answer(token: string, hit: CacheHit | null): void {
    const lease = this.#leases.get(token);
    if (lease) lease.question = null;
    this.#options.pool.answer(token, hit);
  }

  #finished(outcomes: readonly Outcome[]): void {
    const { clock, onEvent } = this.#options;
    const now = clock.monotonic();
    for (const outcome of outcomes) {
      const lease = this.#leases.get(outcome.token);
      if (lease === undefined) continue; // fenced
      lease.outcome = this.#outbox.outcome(outcome);
      const { runId, task, name, attempt } = lease.assignment;
      onEvent({ type: 'run-finished', runId, task, name, attempt, outcome: lease.outcome, ms: now - (lease.startedAt ?? now) });
    }
  }

  // ---- A connection that is lost -------------------------------------------------------------------------------------------

  #down(why: DownReason, error: unknown): void {
    const { onEvent, clock } = this.#options;
    // Only a refusal proves that nobody is there: a connection that stood may have been cut on the way.
    if (why === 'gone' && this.#helloAt === null) this.#silence.over(clock.monotonic());
    else this.#silence.begins();
    this.#helloAt = null;
    this.#isWelcome = false;
    this.#outbox.close();
    this.#tell(why, () => onEvent(why === 'unauthorized' ? { type: why, error } : { type: 'disconnected', why, error }));
  }

  #tell(state: 'connected' | DownReason, tell: () => void): void {
    if (this.#tellsState === state) return;
    this.#tellsState = state;
    tell();
  }

  // ---- The end -------------------------------------------------------------------------------------------------------------

  async #drain(): Promise<void> {
    const { pool, drainMs, graceMs, onEvent, onStop, clock } = this.#options;
    this.#isDraining = true;
    await onStop?.();
    this.#update();
    const running = [...this.#leases.values()].filter((lease) => lease.outcome === null).length;
    onEvent({ type: 'draining', running });
    if (!(await within(clock, drainMs, pool.idle()))) {
      const reason = `Worker ${this.name} stopped before the run was done`;
      pool.giveUp(reason);
      if (!(await within(clock, graceMs, pool.idle()))) pool.kill(reason);
      await within(clock, GRACE_MS, pool.idle());
    }
    await within(clock, LAST_RECORD_MS, this.#allRecorded());
    this.#silence.close();
    await Promise.all([this.#socket?.close(), pool.close()]);
    onEvent({ type: 'stopped' });
    this.#isReady();
    this.#isClosed();
  }

  #allRecorded(): Promise<void> {
    if (this.#leases.size === 0) return Promise.resolve();
    this.#socket?.hurry();
    return new Promise((resolve) => {
      this.#recorded = resolve;
    });
  }
}
