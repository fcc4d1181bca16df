/**
 * The child processes of a worker: how many there are, which code they hold, who is next. New code means new processes; the old ones
 * finish what they have, however long it takes. A child whose files do not load is killed and never takes a run; what had loaded
 * before goes on. It knows no runs beyond how many a child has.
 */
import type { LoadProblem, TasksNotLoadedError } from '../core/errors.ts';
import type { TaskInfo } from '../core/frames.ts';
import { LIMITS, type WorkLimits } from '../core/protocol.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { Child } from './child-process.ts';
import type { LoadedTasks, Preparation } from './ipc.ts';

export interface CrewOptions {
  readonly files: readonly string[];
  readonly how: Preparation;
  readonly processes: number;
  readonly clock: Clock;
  /** A new process that has not loaded anything. */
  readonly spawn: () => Child;
  /** Children that take runs came or went, or other tasks are loaded. */
  readonly onChange: () => void;
  /** The code on disk does not load, told once for each different problem. */
  readonly onProblem: (problem: LoadProblem) => void;
}

/** A load that failed, or a child that died of itself, is tried again after a wait that doubles. */
const FIRST_WAIT_MS = 1_000;
const LAST_WAIT_MS = 30_000;
/** A child that dies idle before this age waits as a failed load does; older ones are replaced at once. */
const YOUNG_MS = 10_000;

export class Crew {
  readonly #options: CrewOptions;
  /** Ready, of the newest generation. */
  #members: Child[] = [];
  readonly #all = new Set<Child>();
  /** Booted and prepared, for the next load. */
  #standby: Child | null = null;
  #loaded: LoadedTasks = { tasks: [], files: [] };
  #generation = 0;
  #hiring = 0;
  /** No child can be had: since the last load that failed, or the last child that died of itself. */
  #isBroken = false;
  /** Loads that failed, or children that died of themselves, in a row. */
  #failures = 0;
  #retry: Timer | null = null;
  #problem = '';
  #reloading: Child | null = null;
  #limits: WorkLimits = LIMITS;
  #isClosed = false;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get generation(): number {
    return this.#generation;
  }

  get tasks(): readonly TaskInfo[] {
    return this.#loaded.tasks;
  }

  get files(): readonly string[] {
    return this.#loaded.files;
  }

  /** False where no child takes runs and the code on disk does not load. */
  get hasRoom(): boolean {
    return this.#members.length > 0 || !this.#isBroken;
  }

  /** The ready child with the fewest runs. With as many runs as slots at most, each child gets its share. */
  get roomiest(): Child | null {
    let best: Child | null = null;
    for (const child of this.#members) {
      if (child.exit === null && (best === null || child.runs < best.runs)) best = child; // one that is dead may not be gone yet
    }
    return best;
  }

  /** Tells all of them, and those to come, what their runs are held to. */
  limit(limits: WorkLimits): void {
    this.#limits = limits;
    for (const child of this.#all) child.send({ type: 'limits', limits });
  }

  /**
   * Loads what is on disk into a new generation, which takes all new runs from then on. Called again, it gives up the load before.
   * @throws {TasksNotLoadedError} It does not load; the generation before goes on.
   */
  async load(): Promise<LoadedTasks> {
    this.#reloading?.kill('Newer code is there');
    const child = this.#take();
    this.#reloading = child;
    try {
      const loaded = await this.#loadInto(child, this.#generation + 1);
      if (!this.#isClosed) this.#takeOver(child, loaded);
      return loaded;
    } finally {
      if (this.#reloading === child) this.#reloading = null;
      this.#standBy();
    }
  }

  /** A child for one run at a time. @throws {TasksNotLoadedError} What is on disk does not load. */
  async hireAlone(): Promise<Child> {
    const child = this.#take();
    child.isAlone = true;
    try {
      await this.#loadInto(child, this.#generation);
    } catch (error) {
      this.#tell((error as TasksNotLoadedError).problem);
      throw error;
    } finally {
      this.#standBy();
    }
    return child;
  }

  /** It takes no more runs: it leaves when it has none, and another takes its place. */
  retire(child: Child): void {
    this.#members = this.#members.filter((member) => member !== child);
    this.#dismiss(child);
    this.#fill();
  }

  /** It has grown too large: another is started, and takes its place when it is ready. */
  async renew(child: Child): Promise<void> {
    if (this.#isClosed || !this.#members.includes(child)) return;
    this.#hiring += 1;
    await this.#hire();
    if (this.#members.length > this.#options.processes && this.#members.includes(child)) this.retire(child);
  }

  /** Called when a child is dead. */
  gone(child: Child): void {
    this.#all.delete(child);
    if (this.#standby === child) this.#standby = null;
    if (this.#isClosed || !this.#members.includes(child)) return;
    this.#members = this.#members.filter((member) => member !== child);
    const ownFault = child.runs === 0 && this.#options.clock.monotonic() - (child.readyAt ?? 0) < YOUNG_MS;
    if (ownFault) {
      this.#later();
      return;
    }
    this.#failures = 0;
    this.#fill();
  }

  /** Kills whatever still runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    for (const child of this.#all) {
      if (child.state === 'ready' && child.runs === 0) child.leave();
      else if (child.state !== 'leaving' || child.runs > 0) child.kill('The worker stopped');
    }
    await Promise.all([...this.#all].map((child) => child.gone));
  }

  /** The child begins a new generation. */
  #takeOver(child: Child, loaded: LoadedTasks): void {
    const old = this.#members;
    this.#generation += 1;
    child.generation = this.#generation;
    this.#members = [child];
    this.#settleOn(loaded);
    for (const member of old) this.#dismiss(member);
    this.#options.onChange();
    this.#fill();
  }

  #take(): Child {
    const child = this.#standby ?? this.#prepared();
    this.#standby = null;
    return child;
  }

  #prepared(): Child {
    const child = this.#options.spawn();
    this.#all.add(child);
    child.prepare(this.#options.how);
    child.send({ type: 'limits', limits: this.#limits });
    return child;
  }

  async #loadInto(child: Child, generation: number): Promise<LoadedTasks> {
    child.generation = generation;
    try {
      return await child.load(this.#options.files);
    } catch (error) {
      child.kill('Its files do not load');
      throw error;
    }
  }

  #dismiss(child: Child): void {
    if (child.state === 'gone') return;
    if (child.state === 'ready') child.state = 'leaving';
    if (child.runs === 0) child.leave();
  }

  /** Brings the crew up to its number. */
  #fill(): void {
    if (this.#isClosed || this.#generation === 0 || this.#retry !== null) return;
    while (this.#members.length + this.#hiring < this.#options.processes) {
      this.#hiring += 1;
      void this.#hire();
    }
  }

  /** Never rejects. */
  async #hire(): Promise<void> {
    const generation = this.#generation;
    const child = this.#prepared();
    try {
      const loaded = await this.#loadInto(child, generation);
      this.#hiring -= 1;
      this.#join(child, loaded);
    } catch (error) {
      this.#hiring -= 1;
      if (!this.#isClosed && generation === this.#generation) this.#failed(error as TasksNotLoadedError);
    }
  }

  #join(child: Child, loaded: LoadedTasks): void {
    if (this.#isClosed || child.generation !== this.#generation || child.state !== 'ready') {
      this.#dismiss(child);
      this.#fill();
      return;
    }
    this.#members.push(child);
    this.#settleOn(loaded);
    this.#options.onChange();
  }

  #settleOn(loaded: LoadedTasks): void {
    this.#loaded = loaded;
    this.#isBroken = false;
    this.#problem = '';
    this.#retry?.cancel();
    this.#retry = null;
  }

  #failed({ problem }: TasksNotLoadedError): void {
    this.#later();
    this.#tell(problem);
  }

  #tell(problem: LoadProblem): void {
    const text = JSON.stringify(problem);
    if (this.#problem === text) return;
    this.#problem = text;
    this.#options.onProblem(problem);
  }

  #later(): void {
    const wait = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#isBroken = true;
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(wait, () => {
      this.#retry = null;
      this.#fill();
    });
    this.#options.onChange();
  }

  /** Only where code changes is a spare process worth its memory. */
  #standBy(): void {
    if (this.#options.how.watch && !this.#isClosed && this.#standby === null) this.#standby = this.#prepared();
  }
}
