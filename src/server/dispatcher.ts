/**
 * The dispatcher is the only writer of runs. It takes submits, hands due runs to workers with free slots, and applies their reports.
 * It owns no socket and no timer: the sockets call it, and `server.ts` calls `tick()`. All rules of state are in core/transition.ts.
 *
 * A slot is counted as taken the moment its lease is made, and as free the moment its outcome arrives; what is sent (leases,
 * `recorded`) goes out when it is durable. So a finish, and the next lease of the same slot, share one commit.
 */
import type { LogLine, SubmitRequest, TaskView, WorkerView } from '../core/api.ts';
import type { ClientFrame, ProcessIdentity, ServerFrame, WatchFrame, WorkerFrame } from '../core/frames.ts';
import { PROTOCOL, type ServerLimits, workLimitsOf } from '../core/protocol.ts';
import { FINAL_STATES, isFinal, type NewRun, OPEN_STATES, type Run } from '../core/run.ts';
import type { Clock, Random } from '../core/seams.ts';
import type { Commit, Keep, Store, Submitted } from '../store/store.ts';
import { Cancels } from './cancels.ts';
import { ClockJumps } from './clock-jumps.ts';
import { Handout } from './handout.ts';
import { Hooks } from './hooks.ts';
import { Inputs } from './inputs.ts';
import { Reports, written } from './reports.ts';
import { callerId, type Holder, type Link, Roster } from './roster.ts';
import { answerOf, directRunOf, isRefusal, newRunOf, queueFull, REFUSED, type Refusal } from './submission.ts';
import { Sweeps } from './sweeps.ts';
import { orphansOf, taskViews, workerViews } from './views.ts';

export interface DispatcherOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** True where the process is proven to be gone, which only the machine it ran on can tell. */
  readonly isDead: (process: ProcessIdentity) => boolean;
  readonly newId: () => string;
  readonly keep?: Keep;
  readonly limits: ServerLimits;
}

/** One connection of a worker. */
export interface WorkerSession {
  receive(frame: Exclude<WorkerFrame, { type: 'hello' }>): void;
  closed(): void;
}
/** One connection of a client that makes direct calls. */
export interface CallerSession {
  receive(frame: Extract<ClientFrame, { type: 'began' | 'attempts' | 'finished' | 'logs' | 'progress' | 'waiting' }>): void;
  closed(): void;
}

/** Due times are wall clock, which can jump: look again at least this often while something waits for one. */
const LOOK_AT_CLOCK_MS = 1_000;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #store: Store;
  readonly #roster = new Roster();
  readonly #reports: Reports;
  readonly #handout: Handout;
  readonly #cancels: Cancels;
  readonly #hooks: Hooks;
  readonly #inputs: Inputs;
  readonly #sweeps: Sweeps;
  readonly #jumps: ClockJumps;
  #wake: () => void = () => undefined;
  #nextTickAt = Number.POSITIVE_INFINITY;
  #draining = false;
  #open = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#hooks = new Hooks(options.store, this.#roster);
    this.#reports = new Reports({ ...options, roster: this.#roster, hooks: this.#hooks, onFree: () => this.#handOut() });
    this.#handout = new Handout({ ...options, roster: this.#roster, reports: this.#reports });
    this.#cancels = new Cancels({ ...options, roster: this.#roster, reports: this.#reports });
    this.#sweeps = new Sweeps(options);
    this.#jumps = new ClockJumps(options.store, options.clock);
    this.#inputs = new Inputs(options.store);
  }

  /** Picks up what the store holds: every lease gets a fresh term, so that workers that live on can come back with their runs. */
  async start(): Promise<void> {
    this.#store.onCommit((commit) => this.#onCommit(commit));
    await this.#jumps.start();
    const counts = await this.#store.counts();
    this.#open = OPEN_STATES.reduce((sum, state) => sum + counts[state], 0);
    this.#sweeps.start(FINAL_STATES.reduce((sum, state) => sum + counts[state], 0));
    for (const run of await this.#store.leased()) {
      const holder = this.#enter(run.lease.workerId, run.lease.workerName);
      holder.process = this.#store.workerProcess(holder.id) ?? null;
      if (holder.isCaller) holder.deadSince = this.#now();
      this.#reports.resume(holder, run);
    }
  }

  /** Stores runs, in order and in one commit. Resolves when they are durable; nothing of a refused one is kept. */
  async submit(requests: readonly SubmitRequest[]): Promise<readonly (Submitted | Refusal)[]> {
    const [{ newId, limits }, at] = [this.#options, this.#options.clock.now()];
    const answers = requests.map((request, index): NewRun | Refusal => {
      if (this.#draining) return REFUSED.draining;
      if (this.#open + index >= limits.openRuns) return queueFull(limits.openRuns);
      return this.#inputs.problemOf(request) ?? newRunOf(request, newId(), at, limits.argsBytes);
    });
    const stored = await this.#add(answers.filter((answer) => !isRefusal(answer)) as NewRun[], at);
    let next = 0;
    return answers.map((answer) => (isRefusal(answer) ? answer : (stored[next++] as Submitted | Refusal)));
  }

  /** Cancels a run, and every open run that stems from it: see `Cancels`. */
  cancel(id: string, reason: string): Promise<Run | undefined> {
    return this.#cancels.cancel(id, reason);
  }

  /** Takes in a worker, new or back again, and answers with `welcome` and whatever it has room for. */
  connectWorker(hello: Extract<WorkerFrame, { type: 'hello' }>, link: Link<ServerFrame>): WorkerSession {
    const known = this.#roster.get(hello.workerId);
    const stranger = known && (known.isCaller || (known.secret !== null && known.secret !== hello.secret));
    if (hello.protocol !== PROTOCOL || stranger) {
      link.close(4400, stranger ? 'This worker id belongs to another process' : `This server speaks protocol ${PROTOCOL}`);
      return { receive: () => undefined, closed: () => undefined };
    }
    const holder = this.#enter(hello.workerId, hello.name);
    holder.link?.close(4409, 'The worker opened another connection');
    Object.assign(holder, { secret: hello.secret, name: hello.name, process: hello.process, link, deadSince: null });
    this.#heard(holder);
    void written(this.#store.noteWorker(holder.id, hello.process, this.#options.clock.now()));
    link.send({ type: 'welcome', fenced: this.#reports.foreign(holder, hello.held), limits: workLimitsOf(this.#options.limits) });
    this.#reports.reconcile(holder, hello.held);
    this.#update(holder, hello);
    return {
      receive: (frame) => this.#receive(holder, link, frame),
      closed: () => this.#disconnected(holder, link),
    };
  }

  /** Takes in direct calls of one client connection; they end with it, unless the client comes back soon. */
  connectCaller(link: Link<WatchFrame>): CallerSession {
    // Nothing is handed out to a caller: all it is told is what became of its reports.
    const told: Link<ServerFrame> = {
      send: (frame) => (frame.type === 'recorded' || frame.type === 'fenced' ? link.send(frame) : undefined),
      close: (code, reason) => link.close(code, reason),
    };
    let holder: Holder | undefined;
    return {
      receive: (frame) => {
        holder ??= this.#enter(callerId(this.#options.random.token()), 'caller');
        holder.link = told;
        this.#heard(holder);
        if (frame.type === 'began') for (const call of frame.runs) this.#began(holder, call);
        else this.#reports.take(holder, frame);
      },
      closed: () => holder && this.#disconnected(holder, told),
    };
  }

  /** Connected workers, and those that still hold leases. */
  workers(): WorkerView[] {
    return workerViews(this.#roster.all(), this.#store.pausedWorkers());
  }

  /** Every task that a connected worker has or that has runs waiting or active. */
  async tasks(): Promise<TaskView[]> {
    return taskViews(this.#roster.all(), await this.#store.tasks());
  }

  /** A paused task's runs wait, and the workers of a paused name get none; what runs goes on. */
  async setPaused(of: 'task' | 'worker', name: string, paused: boolean): Promise<void> {
    for (const holder of this.#roster.all()) this.#reports.giveBack(holder);
    const stored = this.#store.setPaused(of, name, paused, this.#options.clock.now());
    this.#handOut();
    await stored;
  }

  /** Log lines as they arrive. Returns the way to stop it. */
  onLogs(listener: (runId: string, lines: readonly LogLine[]) => void): () => void {
    return this.#reports.onLogs(listener);
  }

  /** What time alone brings: leases that are over, runs that expire or come due, old runs to remove. `lateMs`: by how much it comes too late. */
  tick(lateMs = 0): void {
    this.#roster.stoodStill(lateMs, this.#now());
    void written(this.#jumps.look());
    for (const holder of this.#roster.all()) {
      const why = this.#roster.verdict(holder, this.#now(), this.#options.isDead);
      if (why !== null) this.#reports.revoke(holder, why);
      else if (holder.ahead.staleAt <= this.#now()) this.#reports.giveBack(holder);
    }
    void written(this.#store.expire(this.#options.clock.now()));
    this.#handOut(true);
    this.#sweeps.tick();
  }

  /** When `tick` is due next; null: not before something else happens. `onWake` tells when that gets earlier. */
  nextTickInMs(): number | null {
    const wakeAt = this.#store.nextWakeAt();
    const due = wakeAt === null ? null : Math.min(Math.max(1, wakeAt - this.#options.clock.now()), LOOK_AT_CLOCK_MS);
    const next = Math.min(...[due, this.#roster.quietForMs(this.#now()), this.#sweeps.dueInMs()].filter((ms) => ms !== null));
    this.#nextTickAt = this.#now() + next;
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  onWake(listener: () => void): void {
    this.#wake = listener;
  }

  /** From now on submits are refused and nothing is handed out; reports are still taken. */
  drain(): void {
    this.#draining = true;
    for (const holder of this.#roster.all()) this.#reports.giveBack(holder);
  }

  async #add(runs: readonly NewRun[], at: number): Promise<readonly (Submitted | Refusal)[]> {
    if (runs.length === 0) return [];
    this.#open += runs.length;
    const stored = this.#store.submit(runs, at);
    this.#handOut();
    try {
      const answers = await stored;
      this.#open -= answers.filter((answer) => answer.kind !== 'new').length;
      // Those that wait have ended with the commit; what runs, or has started others, is told as any cancelled run.
      for (const { displaced } of answers as readonly Submitted[]) if (displaced) void written(this.cancel(displaced, 'Replaced'));
      return answers.map(answerOf);
    } catch (error) {
      this.#open -= runs.length;
      const refusal = (error as { code?: string }).code === 'BGTASK_STORE_FULL' ? REFUSED.diskFull : REFUSED.storageFailed;
      return runs.map(() => refusal);
    }
  }

  /** Leases due runs to whoever has room. `always` also moves what came due while nobody had any. */
  #handOut(always = false): void {
    for (const holder of this.#roster.all()) this.#handout.fill(holder);
    const offers = this.#draining ? [] : this.#roster.offers(this.#store.pausedWorkers());
    if (offers.length > 0 || always) void written(this.#handout.lease(offers).then(() => this.#rearm()));
    this.#rearm();
  }

  #receive(holder: Holder, link: Link<ServerFrame>, frame: Exclude<WorkerFrame, { type: 'hello' }>): void {
    if (holder.link !== link) return; // revoked, or connected anew
    this.#heard(holder);
    if (frame.type === 'update') this.#update(holder, frame);
    else this.#reports.take(holder, frame);
  }

  #began(holder: Holder, call: Extract<ClientFrame, { type: 'began' }>['runs'][number]): void {
    const at = Math.min(this.#options.clock.now(), Date.parse(call.startedAt) || Number.POSITIVE_INFINITY);
    const run = directRunOf(call, { token: call.token, workerId: holder.id, workerName: call.caller }, at, this.#options.limits.argsBytes);
    if (isRefusal(run) || this.#draining) return;
    this.#roster.lease(holder, call.token, call.runId);
    void this.#add([run], at).then(([answer]) => {
      if (answer && isRefusal(answer)) this.#reports.free(call);
    });
  }

  #update(holder: Holder, told: Pick<Extract<WorkerFrame, { type: 'update' }>, 'tasks' | 'slots' | 'generation' | 'draining'>): void {
    const tasks = new Map(told.tasks.map((task) => [task.name, task]));
    this.#reports.giveBack(holder);
    Object.assign(holder, { tasks, names: new Set(tasks.keys()), slots: told.slots, generation: told.generation, draining: told.draining });
    for (const task of told.tasks) this.#store.setLimits(task.name, task);
    this.#inputs.learn(told.tasks, this.#options.clock.now());
    this.#hooks.serve(holder);
    this.#handOut();
    const orphans = (queued: Awaited<ReturnType<Store['tasks']>>) => orphansOf(this.#roster.all(), queued);
    void written(this.#store.tasks().then((queued) => holder.link?.send({ type: 'orphans', tasks: orphans(queued) })));
  }

  #disconnected(holder: Holder, link: Link<ServerFrame>): void {
    if (holder.link !== link) return;
    holder.link = null;
    this.#reports.giveBack(holder);
    if (holder.isCaller) holder.deadSince = this.#now();
    if (holder.leases.size === 0) this.#roster.remove(holder);
    this.#rearm();
  }

  #enter(id: string, name: string): Holder {
    return this.#roster.enter(id, name, this.#now(), this.#options.clock.now());
  }

  #heard(holder: Holder): void {
    holder.lastHeardAt = this.#now();
    holder.lastSeenAt = this.#options.clock.now();
  }

  #onCommit({ runs }: Commit): void {
    const ended = runs.filter(isFinal);
    for (const run of ended) if (run.state !== 'COMPLETED') this.#hooks.ended(run);
    this.#open -= ended.length;
    this.#sweeps.ended(ended.length);
    if (ended.length > 0) this.#rearm();
  }

  #rearm(): void {
    const before = this.#nextTickAt;
    const next = this.nextTickInMs();
    if (next !== null && this.#now() + next < before - 1) this.#wake();
    else this.#nextTickAt = before;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
