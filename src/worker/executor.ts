/**
 * Runs assignments with the tasks that are loaded in this process, and reports what comes of them. The same in a child and, without
 * isolation, in the process of the script. It can ask code to stop but not make it: that takes the end of the process, which is
 * the pool's to decide. What one turn of the event loop brings is reported together; a start is reported before user code is called.
 */
import { atTurnEnd } from '../client/socket.ts';
import type { LogLine } from '../core/api.ts';
import { BgtaskError, RunCancelledError } from '../core/errors.ts';
import type { CacheQuestion } from '../core/frames.ts';
import { LIMITS, type WorkLimits } from '../core/protocol.ts';
import { retryDelayMs } from '../core/retry.ts';
import type { RunError, Told } from '../core/run.ts';
import type { AttemptOutcome } from '../task/attempt.ts';
import { scopes } from '../task/context.ts';
import type { Definition } from '../task/definition.ts';
import { runAttempt } from '../task/execute.ts';
import { storableError } from '../task/outcome.ts';
import type { CacheAnswer, Ended, HookOrder, Report, StopOrder, Work } from './ipc.ts';
import { Running, type RunningOptions } from './running.ts';
import { tellHook } from './tell-hook.ts';

export interface ExecutorOptions extends RunningOptions {
  readonly definitions: readonly Definition[];
  readonly post: (report: Report) => void;
}

export class Executor {
  /** What the runs that begin from now on are held to. */
  limits: WorkLimits = LIMITS;
  readonly #options: ExecutorOptions;
  readonly #definitions = new Map<string, Definition>();
  readonly #running = new Map<number, Running>();
  /** Taken in this turn and not begun yet, so that an order to stop right behind them still comes in time. */
  #waiting: Work[] = [];
  // What this turn brought.
  #flushing = false;
  #phases: [Running, 'function' | 'after'][] = [];
  #strays: [number, RunError][] = [];
  readonly #logs = new Map<Running, LogLine[]>();
  readonly #progress = new Map<Running, Told>();
  readonly #waits = new Set<Running>();
  #asks: (CacheQuestion & { readonly id: number })[] = [];
  #outcomes: Ended[] = [];
  #ended: Running[] = [];

  constructor(options: ExecutorOptions) {
    this.#options = options;
    for (const definition of options.definitions) this.#definitions.set(definition.name, definition);
  }

  take(runs: readonly Work[]): void {
    if (this.#waiting.length === 0) atTurnEnd(() => this.#startAll());
    for (const run of runs) this.#waiting.push(run);
  }

  /** Asks code to stop. What has not begun never will. */
  stop(orders: readonly StopOrder[]): void {
    for (const order of orders) {
      const running = this.#running.get(order.id);
      if (running) this.#askToStop(running, order);
      else this.#withdraw(order);
    }
  }

  /** Calls hooks of moves that were not made here. */
  tell(calls: readonly HookOrder[]): void {
    const say = (id: number, phase: 'begins' | 'ended') => this.#options.post({ type: 'report', hooks: [[id, phase]] });
    for (const call of calls) {
      const definition = this.#definitions.get(call.task);
      say(call.id, 'begins');
      void (definition ? tellHook(definition, call, this.#options.clock) : Promise.resolve()).then(() => say(call.id, 'ended'));
    }
  }

  /** An error nobody caught: true where it came from a run, which then fails with it. Call it in the context of the error. */
  takeStray(error: unknown): boolean {
    let scope = scopes.getStore();
    while (scope?.parent !== undefined) scope = scope.parent; // it came from a direct call inside the run
    if (scope === undefined) return false;
    for (const running of this.#running.values()) {
      if (running.runId !== scope.runId || running.attempt !== scope.attempt) continue;
      this.#fail(running, error);
      return true;
    }
    return false;
  }

  /** The process is about to end because of `error`: every run's log says so. */
  lastWords(error: unknown): void {
    const text = `The process of this run ended by an error that nobody caught: ${textOf(error)}`;
    for (const running of this.#running.values()) if (!running.hasEnded) this.log(running, this.#line(running, text));
    this.#flush();
  }

  log(running: Running, line: LogLine): void {
    const most = running.limits.logRunBytes;
    if (running.logBytes >= most) return;
    running.logBytes += line.text.length + 64;
    const last = running.logBytes >= most;
    const kept = last ? { ...line, level: 'warn' as const, text: `[cut: the log of this attempt reached ${most} bytes]` } : line;
    const lines = this.#logs.get(running);
    if (lines) lines.push(kept);
    else this.#logs.set(running, [kept]);
    this.#flushSoon();
  }

  progress(running: Running, told: Told): void {
    this.#progress.set(running, told);
    this.#flushSoon();
  }

  waiting(running: Running): void {
    this.#waits.add(running);
    this.#flushSoon();
  }

  phase(running: Running, phase: 'function' | 'after'): void {
    this.#phases.push([running, phase]);
    this.#flushSoon();
  }

  ask({ id }: Running, question: CacheQuestion | null): void {
    if (question === null) this.answer([{ id, hit: null }]);
    else this.#asks.push({ id, ...question });
    this.#flushSoon();
  }

  /** Answers to what was asked. Where nothing was found, the code is called now. */
  answer(answers: readonly CacheAnswer[]): void {
    const started = answers.filter(({ id, hit }) => this.#running.get(id)?.answer(hit) === true && hit === null);
    if (started.length > 0) this.#options.post({ type: 'report', started: started.map(({ id }) => id) });
  }

  #startAll(): void {
    const runs = this.#waiting;
    this.#waiting = [];
    if (runs.length === 0) return;
    this.#options.post(this.#firstReport(runs));
    for (const run of runs) this.#start(run);
  }

  #firstReport(runs: readonly Work[]): Report {
    const looking = runs.filter(({ task }) => (this.#definitions.get(task)?.options.cache ?? null) !== null);
    const started = looking.length === 0 ? runs : runs.filter((run) => !looking.includes(run));
    const report: Report = { type: 'report', started: started.map(({ id }) => id) };
    return looking.length === 0 ? report : { ...report, looking: looking.map(({ id }) => id) };
  }

  #start(work: Work): void {
    const definition = this.#definitions.get(work.task);
    if (definition === undefined) {
      this.#report(work.id, { type: 'release', reason: `This worker has no task '${work.task}' any more` });
      return;
    }
    let running: Running;
    try {
      running = new Running(this, this.#options, definition, work);
    } catch (error) {
      this.#report(work.id, { type: 'fail', error: storableError(error), retry: false, retryDelayMs: 0, timedOut: false });
      return;
    }
    this.#running.set(running.id, running);
    void runAttempt(definition, running).then((outcome) => this.#settle(running, outcome));
    running.isFresh = false;
  }

  #settle(running: Running, outcome: AttemptOutcome): void {
    running.hasEnded = true;
    this.#ended.push(running);
    this.#report(running.id, this.#judge(running, outcome));
  }

  /** What the end of the code means, after it was asked to stop. */
  #judge(running: Running, outcome: AttemptOutcome): AttemptOutcome {
    if (running.stray !== null && outcome.type !== 'fail') return this.#failure(running, running.stray);
    if (outcome.type === 'stopped' && running.stop?.why === 'leave') return { type: 'release', reason: running.stop.reason };
    return outcome;
  }

  #askToStop(running: Running, order: StopOrder): void {
    if (running.hasEnded || running.stop?.why === 'fenced') return;
    running.stop = order;
    running.abort(order.why === 'cancel' ? new RunCancelledError(order.reason) : new BgtaskError(order.reason));
  }

  #withdraw(order: StopOrder): void {
    const at = this.#waiting.findIndex((run) => run.id === order.id);
    const [run] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (run) this.#report(run.id, order.why === 'leave' ? { type: 'release', reason: order.reason } : { type: 'stopped' });
  }

  #fail(running: Running, error: unknown): void {
    const stray = storableError(error);
    this.log(running, this.#line(running, `An error that nobody caught: ${textOf(error)}`));
    if (running.hasEnded) {
      // It settled in this very turn and is not reported yet.
      const at = this.#outcomes.findIndex((outcome) => outcome.id === running.id);
      if (this.#outcomes[at]?.type === 'succeed') this.#outcomes[at] = { id: running.id, ...this.#failure(running, stray) };
      return;
    }
    if (running.stray !== null) return;
    running.stray = stray;
    this.#strays.push([running.id, stray]);
    running.abort(error);
    this.#flushSoon();
  }

  #failure({ failures, maxAttempts, definition }: Running, error: RunError): Extract<AttemptOutcome, { type: 'fail' }> {
    const delay = retryDelayMs(definition.info.retry, failures + 1, this.#options.random.number());
    return { type: 'fail', error, retry: failures + 1 < maxAttempts, retryDelayMs: delay, timedOut: false };
  }

  #line(running: Running, text: string): LogLine {
    return { at: new Date(this.#options.clock.now()).toISOString(), level: 'error', text, attempt: running.attempt };
  }

  #report(id: number, outcome: AttemptOutcome): void {
    this.#outcomes.push({ id, ...outcome });
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    atTurnEnd(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const report: { -readonly [K in keyof Report]: Report[K] } = { type: 'report' };
    const phases = this.#phases.filter(([running]) => !running.hasEnded);
    if (phases.length > 0) report.phases = phases.map(([{ id }, phase]) => [id, phase]);
    if (this.#strays.length > 0) report.strays = this.#strays;
    if (this.#logs.size > 0) report.logs = [...this.#logs].map(([{ id }, lines]) => ({ id, lines }));
    if (this.#progress.size > 0) report.progress = [...this.#progress].map(([{ id }, told]) => ({ id, ...told }));
    if (this.#waits.size > 0) report.waits = this.#newWaits();
    if (this.#asks.length > 0) report.asks = this.#asks;
    if (this.#outcomes.length > 0) report.outcomes = this.#outcomes;
    for (const { id } of this.#ended) this.#running.delete(id);
    this.#phases = [];
    this.#strays = [];
    this.#asks = [];
    this.#outcomes = [];
    this.#ended = [];
    this.#logs.clear();
    this.#progress.clear();
    this.#waits.clear();
    this.#options.post(report);
  }

  #newWaits(): [id: number, isWaiting: boolean][] {
    const changed = [...this.#waits].filter((running) => !running.hasEnded && running.isWaiting !== running.saidWaiting);
    for (const running of changed) running.saidWaiting = running.isWaiting;
    return changed.map(({ id, isWaiting }) => [id, isWaiting]);
  }
}

function textOf(error: unknown): string {
  const { name, message, stack } = storableError(error);
  return stack ?? `${name}: ${message}`;
}
