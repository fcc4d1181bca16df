/**
 * The life of a child process: it becomes one, runs what it is given, and ends. Shared by children that load files (child.ts) and
 * by scripts that call `serve` (serve.ts). Its stdout and stderr belong to the user's code and are never the protocol.
 */

import { LIMITS, type WorkLimits } from '../core/protocol.ts';
import { systemClock, systemRandom } from '../system/system.ts';
import { scopes } from '../task/context.ts';
import { infoOf } from '../task/definition.ts';
import { Executor } from './executor.ts';
import type { FromChild, Preparation, Report, ToChild } from './ipc.ts';
import type { Loaded } from './load.ts';
import { problemOf } from './load-problem.ts';

export interface Loads {
  prepare(how: Preparation): Promise<void>;
  load(files: readonly string[]): Promise<Loaded>;
}

/** A child that has grown beyond this, and to twice what it took when it had loaded, is replaced. Bytes. */
const MOST_MEMORY = 536_870_912;
/** Outcomes between two looks at the memory. */
const LOOK_EVERY = 1_000;
/** How long the last report of a dying process may take. */
const LAST_WORDS_MS = 200;

/** From now on this process takes orders from its parent, and ends with it. */
export function becomeChild(loads: Loads): void {
  if (!process.connected) process.exit(0); // the worker is gone already
  const child = new ChildMain(loads);
  process.on('message', (message) => child.receive(message as ToChild));
  process.on('disconnect', orphaned);
  process.on('uncaughtException', (error) => child.uncaught(error));
  post({ type: 'here' });
  // A terminal or a service manager signals the worker's whole group; when to stop is the worker's to say.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ignore);
}

function ignore(): void {}

function orphaned(): void {
  process.exit(0);
}

class ChildMain {
  readonly #loads: Loads;
  #prepared: Promise<void> = Promise.resolve();
  #executor: Executor | null = null;
  #limits: WorkLimits = LIMITS;
  #outcomes = 0;
  #memoryLimit = Number.POSITIVE_INFINITY;

  constructor(loads: Loads) {
    this.#loads = loads;
  }

  receive(message: ToChild): void {
    if (message.type === 'runs') this.#executor?.take(message.runs);
    else if (message.type === 'stop') this.#executor?.stop(message.runs);
    else if (message.type === 'hooks') this.#executor?.tell(message.calls);
    else if (message.type === 'answers') this.#executor?.answer(message.runs);
    else if (message.type === 'limits') this.#limit(message.limits);
    else if (message.type === 'ping') post({ type: 'pong' });
    else if (message.type === 'prepare') this.#prepared = this.#loads.prepare(message.how);
    else if (message.type === 'load') void this.#load(message.files);
    else leave();
  }

  uncaught(error: unknown): void {
    scopes.exit(() => console.error(error)); // the run's log gets a line of its own
    if (this.#executor?.takeStray(error)) return;
    this.#executor?.lastWords(error);
    process.exitCode = 1;
    // Writes to the channel are in order: when this one is through, so is the report before it.
    process.send?.({ type: 'pong' } satisfies FromChild, undefined, undefined, () => process.exit());
    systemClock.after(LAST_WORDS_MS, () => process.exit());
  }

  #limit(limits: WorkLimits): void {
    this.#limits = limits;
    if (this.#executor) this.#executor.limits = limits;
  }

  async #load(files: readonly string[]): Promise<void> {
    const loaded = await this.#prepared.then(
      () => this.#loads.load(files),
      (error): Loaded => ({ definitions: null, problem: problemOf(error, []), files }),
    );
    if (loaded.definitions === null) {
      post({ type: 'not-loaded', problem: loaded.problem, files: loaded.files });
      return;
    }
    const { definitions } = loaded;
    const report = (report: Report) => this.#report(report);
    this.#executor = new Executor({ definitions, post: report, clock: systemClock, random: systemRandom, graceMs: null });
    this.#executor.limits = this.#limits;
    process.title = `bgtask: ${definitions.map(({ name }) => name).join(' ')}`.slice(0, 200);
    this.#memoryLimit = Math.max(MOST_MEMORY, 2 * process.memoryUsage.rss());
    post({ type: 'loaded', tasks: definitions.map(infoOf), files: loaded.files });
  }

  #report(report: Report): void {
    post(report);
    this.#outcomes += report.outcomes?.length ?? 0;
    if (this.#outcomes < LOOK_EVERY) return;
    this.#outcomes = 0;
    if (process.memoryUsage.rss() < this.#memoryLimit) return;
    this.#memoryLimit = Number.POSITIVE_INFINITY;
    post({ type: 'grown' });
  }
}

/** Ends. Where the user's code listens to SIGTERM it gets one, and may take the grace to tidy up. */
function leave(): void {
  if (process.listenerCount('SIGTERM') <= 1) process.exit(0);
  process.removeListener('SIGTERM', ignore);
  process.removeListener('disconnect', orphaned);
  process.once('SIGTERM', () => process.disconnect()); // from then on only the user's own handles keep it alive
  process.kill(process.pid, 'SIGTERM');
}

function post(message: FromChild): void {
  if (process.connected) process.send?.(message, undefined, undefined, ignore);
}
