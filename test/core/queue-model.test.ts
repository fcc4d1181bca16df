import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rate } from '../../src/core/limits.ts';
import type { Limits } from '../../src/core/queue.ts';
import type { Run } from '../../src/core/run.ts';
import { transition } from '../../src/core/transition.ts';
import { Board } from './board.ts';
import { T0 } from './builders.ts';

/**
 * The queue against a list that looks at every run each time. The list says which runs may go out; the queue may choose among them
 * only by fairness, and inside one key of one task it has no choice.
 */
describe('against a naive list', () => {
  const TASKS = ['a', 'b', 'c'];
  const KEYS = [null, 'x', 'y'];
  const step = fc.oneof(
    fc.record({
      do: fc.constant('submit' as const),
      task: fc.constantFrom(...TASKS),
      key: fc.constantFrom(...KEYS),
      delay: fc.constantFrom(0, 0, 100, 500),
      priority: fc.constantFrom(0, 0, 300),
    }),
    fc.record({ do: fc.constant('match' as const), tasks: fc.subarray(TASKS, { minLength: 1 }), slots: fc.nat(4) }),
    fc.record({ do: fc.constant('end' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('release' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('cancel' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(300) }),
    fc.record({ do: fc.constant('pause' as const), task: fc.constantFrom(...TASKS), on: fc.boolean() }),
    fc.record({
      do: fc.constant('limit' as const),
      task: fc.constantFrom(...TASKS),
      concurrency: fc.option(fc.integer({ min: 1, max: 3 })),
      concurrencyPerKey: fc.option(fc.integer({ min: 1, max: 2 })),
      shared: fc.array(fc.constantFrom({ name: 'db', limit: 2 }, { name: 'api', limit: 1 }), { maxLength: 1 }),
      rate: fc.option(
        fc.record({
          limit: fc.integer({ min: 1, max: 3 }),
          perMs: fc.constantFrom(100, 400),
          burst: fc.integer({ min: 1, max: 2 }),
          perKey: fc.boolean(),
        }),
      ),
    }),
  );
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

  class Model {
    readonly board = new Board();
    readonly paused = new Set<string>();
    readonly limits = new Map<string, Limits>();
    /** Of each task, when runs of it started since its rate was set, and with which key. */
    readonly starts = new Map<string, { at: number; key: string | null }[]>();
    now = T0;
    count = 0;

    runs(): Run[] {
      return [...this.board.runs.values()];
    }

    active(task: string, key?: string | null): number {
      return this.runs().filter((run) => run.lease && run.task === task && (key === undefined || run.concurrencyKey === key)).length;
    }

    room(run: Run): boolean {
      const limits = this.limits.get(run.task);
      if (!limits) return true;
      const { concurrency, concurrencyPerKey } = limits;
      if (concurrency !== null && this.active(run.task) >= concurrency) return false;
      if (limits.shared?.some(({ name, limit }) => this.activeIn(name) >= limit)) return false;
      if (limits.rate && this.readyAt(run.task, limits.rate, run.concurrencyKey) > this.now) return false;
      return run.concurrencyKey === null || concurrencyPerKey === null || this.active(run.task, run.concurrencyKey) < concurrencyPerKey;
    }

    activeIn(name: string): number {
      return TASKS.filter((task) => this.limits.get(task)?.shared?.some((one) => one.name === name)).reduce(
        (sum, task) => sum + this.active(task),
        0,
      );
    }

    /** The start after the starts there were, from all of them each time. */
    readyAt(task: string, { limit, perMs, burst, perKey }: Rate, key: string | null): number {
      if (perKey && key === null) return 0;
      const tokenMs = perMs / limit;
      const own = (this.starts.get(task) ?? []).filter((start) => !perKey || start.key === key);
      const fullAt = own.reduce((full, { at }) => (full > at - 1 ? full : at) + tokenMs, 0);
      return Math.ceil(fullAt - (burst - 1) * tokenMs);
    }

    /** Due runs for `tasks` that no limit and no pause holds back. */
    ready(tasks: readonly string[]): Run[] {
      return this.runs().filter(
        (run) =>
          run.state === 'SCHEDULED' && run.dueAt <= this.now && tasks.includes(run.task) && !this.paused.has(run.task) && this.room(run),
      );
    }

    rank(run: Run): [number, number] {
      return [run.dueAt - run.priority, this.board.seqs.get(run.id) as number];
    }

    play(step: Step): void {
      if (step.do === 'submit') this.submit(step);
      else if (step.do === 'match') this.match(step.tasks, step.slots);
      else if (step.do === 'wait') this.now += step.ms;
      else if (step.do === 'pause') this.pause(step.task, step.on);
      else if (step.do === 'limit') this.limit(step.task, step);
      else this.change(step.do, step.pick);
    }

    /** Something happens to one of the runs it can happen to. */
    change(what: 'end' | 'release' | 'cancel', pick: number): void {
      const runs = this.runs().filter((run) => (what === 'cancel' ? run.state === 'SCHEDULED' : run.lease !== null));
      const run = runs[pick % runs.length];
      if (!run) return;
      const token = run.id;
      if (what === 'end') this.board.end(run.id);
      else
        this.board.set(
          transition(run, what === 'cancel' ? { type: what, reason: 'no' } : { type: what, token, reason: 'drain' }, this.now),
        );
    }

    submit(step: Extract<Step, { do: 'submit' }>): void {
      this.count += 1;
      const { task, key: concurrencyKey, priority } = step;
      this.board.submit(`r${this.count}`, { task, concurrencyKey, priority, dueAt: this.now + step.delay });
    }

    pause(task: string, on: boolean): void {
      this.paused[on ? 'add' : 'delete'](task);
      this.board.queue.setPaused(task, on);
    }

    limit(task: string, limits: Limits): void {
      if (JSON.stringify(limits.rate) !== JSON.stringify(this.limits.get(task)?.rate ?? null)) this.starts.delete(task);
      this.limits.set(task, limits);
      this.board.queue.setLimits(task, limits);
    }

    match(tasks: readonly string[], slots: number): void {
      let given = 0;
      this.board.queue.match([{ workerId: 'w', tasks: new Set(tasks), slots }], this.now, (_worker, id) => {
        const run = this.board.run(id);
        const ready = this.ready(tasks);
        expect(ready).toContain(run);
        const lane = ready.filter((other) => other.task === run.task && other.concurrencyKey === run.concurrencyKey);
        for (const other of lane) expect(compare(this.rank(run), this.rank(other))).toBeLessThanOrEqual(0);
        const lease = { token: id, workerId: 'w', workerName: 'w' };
        this.board.set(transition(run, { type: 'assign', lease, maxAttempts: 1 }, this.now));
        this.starts.set(run.task, [...(this.starts.get(run.task) ?? []), { at: this.now, key: run.concurrencyKey }]);
        given += 1;
      });
      if (given < slots) expect(this.ready(tasks)).toEqual([]);
      if (given < slots) this.expectWake(tasks);
    }

    /** Whoever waits for nothing but a token or its time is looked at again at that moment, and not later. */
    expectWake(tasks: readonly string[]): void {
      for (const run of this.runs()) {
        const rate = this.limits.get(run.task)?.rate;
        if (run.state !== 'SCHEDULED' || !tasks.includes(run.task) || this.paused.has(run.task) || !rate) continue;
        const at = Math.max(run.dueAt, this.readyAt(run.task, rate, run.concurrencyKey));
        const limits = this.limits.get(run.task) as Limits;
        this.limits.set(run.task, { ...limits, rate: null });
        const isFree = this.room(run);
        this.limits.set(run.task, limits);
        if (isFree && at > this.now) expect(this.board.queue.nextDueAt()).toBeLessThanOrEqual(at);
      }
      const next = this.board.queue.nextDueAt();
      if (next !== null) expect(next).toBeGreaterThan(this.now);
    }
  }

  function compare([a, b]: [number, number], [c, d]: [number, number]): number {
    return a - c || b - d;
  }

  test('it hands out only what may go, the first of each lane, and nothing is left while a slot is free', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const model = new Model();
        for (const next of steps) {
          model.play(next);
          const queued = model.runs().filter((run) => run.state === 'SCHEDULED').length;
          expect(model.board.queue.tasks().reduce((sum, task) => sum + task.queued, 0)).toBe(queued);
          expect(model.board.queue.tasks().reduce((sum, task) => sum + task.running, 0)).toBe(
            model.runs().filter((run) => run.lease).length,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('no task waits while another is served over and over', () => {
    const ROUNDS = 20;
    const servedOf = (workers: readonly string[][]) => {
      const board = new Board();
      for (const task of TASKS) board.submitMany(task, 200, { task });
      const offers = Array.from({ length: ROUNDS }, () => workers.map((tasks) => tasks.join(' '))).flat();
      return offers.map((offer) => board.run(board.match({ [offer]: 1 })[offer]?.[0] as string).task);
    };
    fc.assert(
      fc.property(fc.array(fc.subarray(TASKS, { minLength: 1 }), { minLength: 1, maxLength: 6 }), (workers) => {
        const served = servedOf(workers);
        for (const task of new Set(workers.flat())) {
          expect(served.filter((name) => name === task).length).toBeGreaterThanOrEqual(ROUNDS / TASKS.length - 1);
        }
      }),
    );
  });
});
