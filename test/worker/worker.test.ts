import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeConnect } from '../../src/client/node.ts';
import type { Assignment, CacheHit, HookCall, Outcome, TaskInfo } from '../../src/core/frames.ts';
import type { WorkLimits } from '../../src/core/protocol.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import type { Clock } from '../../src/core/seams.ts';
import { systemClock, systemRandom } from '../../src/system/system.ts';
import type { PoolListener, RunPool } from '../../src/worker/run-pool.ts';
import { TaskWorker } from '../../src/worker/worker.ts';
import { FakeServer } from './fake-server.ts';
import { JumpClock } from './jump-clock.ts';
import { anAssignment, Told } from './pools.ts';

const INFO: TaskInfo = { name: 'greet', maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null };

/** A pool whose runs end when the test says so. */
class FakePool implements RunPool {
  tasks: readonly TaskInfo[] = [INFO];
  files: readonly string[] = [];
  generation = 1;
  hasRoom = true;
  listener!: PoolListener;
  readonly assigned: Assignment[] = [];
  readonly stops: [string, string][] = [];
  readonly answers: [string, CacheHit | null][] = [];
  limits: WorkLimits | null = null;
  gaveUp: string | null = null;
  killed: string | null = null;
  isClosed = false;
  #open = new Map<string, Assignment>();
  #idle: (() => void)[] = [];

  limit(limits: WorkLimits): void {
    this.limits = limits;
  }

  async load() {
    return { tasks: this.tasks, files: this.files };
  }

  assign(runs: readonly Assignment[]): void {
    for (const run of runs) this.#open.set(run.token, run);
    this.assigned.push(...runs);
  }

  readonly hooks: HookCall[] = [];
  tell(calls: readonly HookCall[]): void {
    this.hooks.push(...calls);
  }

  stop(token: string, why: string): void {
    this.stops.push([token, why]);
  }

  answer(token: string, hit: CacheHit | null): void {
    this.answers.push([token, hit]);
  }

  giveUp(reason: string): void {
    this.gaveUp = reason;
  }

  kill(reason: string): void {
    this.killed = reason;
    this.end(...[...this.#open.values()].map(({ runId, token }): Outcome => ({ runId, token, type: 'release', reason })));
  }

  start(...runs: Assignment[]): void {
    this.listener.started(runs.map(({ token }) => token));
  }

  end(...outcomes: Outcome[]): void {
    for (const { token } of outcomes) this.#open.delete(token);
    this.listener.finished(outcomes);
    if (this.#open.size === 0) for (const resolve of this.#idle) resolve();
  }

  idle(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

interface Setup {
  readonly server: FakeServer;
  readonly pool?: FakePool;
  readonly clock?: Clock;
  readonly drainMs?: number;
}

function aWorker({ server, pool = new FakePool(), clock = systemClock, drainMs = 0 }: Setup) {
  const told = new Told();
  const process = { pid: 7, host: 'here', machine: 'boot', startTicks: '42' };
  const worker = new TaskWorker({
    ...{ name: 'w', slots: 10, drainMs, graceMs: 5_000, pool, process, clock, random: systemRandom, connect: nodeConnect },
    ...{ address: server.address, onEvent: told.onEvent },
  });
  worker.connect();
  onTestFinished(() => {
    pool.kill('The test is over');
    return worker.stop();
  });
  return { worker, pool, told };
}

async function aReadyWorker(over: Partial<Setup> = {}) {
  const server = await FakeServer.open();
  const made = aWorker({ server, ...over });
  await made.worker.ready;
  return { server, ...made };
}

function success({ runId, token }: Assignment): Outcome {
  return { runId, token, type: 'succeed', result: '1' };
}

describe('a connection', () => {
  test('begins with who the worker is, what it has and how much it takes', async () => {
    const { server, told } = await aReadyWorker();
    expect(await server.hello()).toMatchObject({
      ...{ protocol: 1, name: 'w', process: { pid: 7, machine: 'boot' }, tasks: [{ name: 'greet' }], slots: 10, generation: 1 },
      ...{ draining: false, held: [], workerId: expect.stringMatching(/^[0-9a-f]{32}$/), secret: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(told.events).toMatchObject([{ type: 'connected' }, { type: 'ready', name: 'w', tasks: ['greet'], slots: 10 }]);
  });

  test('that is refused is tried again until a server is there', async () => {
    const server = await FakeServer.open();
    const { port } = server;
    await server.close();
    const { worker, told } = aWorker({ server });
    expect(await told.event('disconnected')).toMatchObject({ why: 'gone' });
    await FakeServer.open(port);
    await worker.ready;
    expect(told.events.map(({ type }) => type)).toEqual(['disconnected', 'connected', 'ready']);
  });

  test('tells what changed and nothing else', async () => {
    const { server, pool } = await aReadyWorker();
    pool.listener.changed();
    pool.hasRoom = false;
    pool.listener.changed();
    await server.until(() => server.of('update').length > 0);
    pool.hasRoom = true;
    pool.generation = 2;
    pool.listener.changed();
    await server.until(() => server.of('update').length > 1);
    expect(server.of('update')).toMatchObject([
      { slots: 0, generation: 1 },
      { slots: 10, generation: 2 },
    ]);
  });

  test('passes on which tasks nobody has', async () => {
    const { server, told } = await aReadyWorker();
    server.send({ type: 'orphans', tasks: [] });
    server.send({ type: 'orphans', tasks: [{ name: 'resize', queued: 3 }] });
    expect(await told.event('orphans')).toEqual({ type: 'orphans', tasks: [{ name: 'resize', queued: 3 }] });
    expect(told.events.filter(({ type }) => type === 'orphans')).toHaveLength(1);
  });
});

describe('runs', () => {
  test('go to the pool once, however often they are sent', async () => {
    const { server, pool } = await aReadyWorker();
    const run = anAssignment('greet');
    server.grant(run);
    server.grant(run, anAssignment('greet'));
    await server.until(() => server.of('hello').length > 0);
    await expect.poll(() => pool.assigned.length).toBe(2);
  });

  test('are told as started, and as finished when they are', async () => {
    const { server, pool, told } = await aReadyWorker();
    const run = anAssignment('greet', [], { name: 'Greet Ford' });
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    pool.start(run);
    await server.until(() => server.of('started')[0]);
    pool.end(success(run));
    expect(await server.outcomeOf(run)).toEqual(success(run));
    expect(server.of('started')).toMatchObject([{ runs: [{ runId: run.runId, token: run.token }] }]);
    expect(told.events.slice(2)).toMatchObject([
      { type: 'run-started', runId: run.runId, task: 'greet', name: 'Greet Ford', attempt: 1 },
      { type: 'run-finished', runId: run.runId, outcome: { type: 'succeed' }, ms: expect.any(Number) },
    ]);
  });

  test('that start and end in one turn are told in one frame', async () => {
    const { server, pool } = await aReadyWorker();
    const runs = [anAssignment('greet'), anAssignment('greet'), anAssignment('greet')];
    server.grant(...runs);
    await expect.poll(() => pool.assigned.length).toBe(3);
    pool.start(...runs);
    for (const run of runs) pool.end(success(run));
    await server.until(() => server.outcomes.length === 3);
    expect(server.of('started')).toEqual([]);
    expect(server.of('finished')).toHaveLength(1);
  });

  test('have their whole log at the server before their end', async () => {
    const { server, pool } = await aReadyWorker();
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    const { runId, token } = run;
    pool.end(success(run));
    pool.listener.logs([{ runId, token, lines: [{ at: '2026-01-01T00:00:00.000Z', level: 'info', text: 'hi', attempt: 1 }] }]);
    await server.outcomeOf(run);
    expect(server.frames.slice(1).map(({ type }) => type)).toEqual(['logs', 'finished']);
  });

  test('that are cancelled or fenced are stopped; of a fenced one nothing is told', async () => {
    const { server, pool } = await aReadyWorker();
    const [cancelled, fenced] = [anAssignment('greet'), anAssignment('greet')];
    server.grant(cancelled, fenced);
    await expect.poll(() => pool.assigned.length).toBe(2);
    server.send({ type: 'cancel', runs: [{ runId: cancelled.runId, token: cancelled.token, reason: 'why not' }] });
    server.send({ type: 'fenced', runs: [{ runId: fenced.runId, token: fenced.token }] });
    await expect
      .poll(() => pool.stops)
      .toEqual([
        [cancelled.token, 'cancel'],
        [fenced.token, 'fenced'],
      ]);
    pool.end(success(fenced));
    pool.end({ runId: cancelled.runId, token: cancelled.token, type: 'stopped' });
    await server.outcomeOf(cancelled);
    expect(server.outcomes.map(({ token }) => token)).toEqual([cancelled.token]);
  });
});

describe('a server that is gone and comes back', () => {
  test('finds the runs still running, and hears what ended meanwhile', async () => {
    const { server, pool } = await aReadyWorker();
    const [running, ended] = [anAssignment('greet'), anAssignment('greet')];
    server.grant(running, ended);
    await expect.poll(() => pool.assigned.length).toBe(2);
    pool.start(running, ended);
    server.drop();
    pool.end(success(ended));
    const hello = await server.hello(2);
    expect(hello.held.map(({ token }) => token).sort()).toEqual([running.token, ended.token].sort());
    expect(hello.workerId).toBe((await server.hello(1)).workerId);
    expect(hello.secret).toBe((await server.hello(1)).secret);
    expect(await server.outcomeOf(ended)).toEqual(success(ended));
    await server.until(() => server.of('started').some((frame) => frame.runs.some(({ token }) => token === running.token)));
    pool.end(success(running));
    expect(await server.outcomeOf(running)).toEqual(success(running));
    expect(pool.gaveUp).toBeNull();
  });

  test('is told again which runs wait for others', async () => {
    const { server, pool } = await aReadyWorker();
    const [waits, goesOn] = [anAssignment('greet'), anAssignment('greet')];
    server.grant(waits, goesOn);
    await expect.poll(() => pool.assigned.length).toBe(2);
    pool.start(waits, goesOn);
    const tell = ({ runId, token }: Assignment, waiting: boolean) => pool.listener.waiting([{ runId, token, waiting }]);
    tell(waits, true);
    tell(goesOn, true);
    tell(anAssignment('greet'), true);
    await server.until(() => server.of('waiting')[0]);
    expect(server.of('waiting')[0]?.runs.map(({ token }) => token)).toEqual([waits.token, goesOn.token]);
    server.drop();
    tell(goesOn, false);
    await server.until(() => server.of('waiting')[1]);
    const told = server.of('waiting')[1]?.runs ?? [];
    expect(new Map(told.map(({ token, waiting }) => [token, waiting]))).toEqual(
      new Map([
        [goesOn.token, false],
        [waits.token, true],
      ]),
    );
  });

  test('hears an outcome again until it says that it is recorded', async () => {
    const { server, pool } = await aReadyWorker();
    server.records = false;
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    pool.end(success(run));
    await server.outcomeOf(run);
    server.records = true;
    server.drop();
    await server.until(() => server.outcomes.length === 2);
    server.drop();
    expect((await server.hello(3)).held).toEqual([]);
    expect(server.outcomes).toHaveLength(2);
  });

  test('may have given a run away: its code is stopped and its outcome dropped', async () => {
    const { server, pool } = await aReadyWorker();
    const [running, ended] = [anAssignment('greet'), anAssignment('greet')];
    server.grant(running, ended);
    await expect.poll(() => pool.assigned.length).toBe(2);
    server.fenced = [running, ended].map(({ runId, token }) => ({ runId, token }));
    server.drop();
    pool.end(success(ended));
    await expect.poll(() => pool.stops).toContainEqual([running.token, 'fenced']);
    pool.end(success(running));
    server.drop();
    expect((await server.hello(3)).held).toEqual([]);
    expect(server.outcomes).toEqual([]);
  });

  test('gets the log lines of the time between', async () => {
    const { server, pool, told } = await aReadyWorker();
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    server.drop();
    await told.event('disconnected');
    const { runId, token } = run;
    pool.listener.logs([{ runId, token, lines: [{ at: '2026-01-01T00:00:00.000Z', level: 'info', text: 'alone', attempt: 1 }] }]);
    await server.until(() => server.of('logs')[0]);
    expect(server.of('logs')).toMatchObject([{ runs: [{ token, lines: [{ text: 'alone' }] }] }]);
  });

  test('does not stop code, however long it is gone', async () => {
    const clock = new JumpClock();
    const { server, worker, pool, told } = await aReadyWorker({ clock });
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    const { port } = server;
    await server.close();
    await told.event('disconnected');
    await clock.pass(60_000);
    expect(pool.gaveUp).toBeNull();
    const again = await FakeServer.open(port);
    pool.end(success(run));
    await worker.stop();
    expect(again.outcomes).toEqual([success(run)]);
  });
});

describe('a server that is silent', () => {
  test('may grant the runs again: code is asked to stop at 25 s and killed at 28 s, before the lease ends', async () => {
    const clock = new JumpClock();
    const { server, pool, told } = await aReadyWorker({ clock });
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    server.isMute = true;
    clock.jump(20_000);
    expect(await told.event('disconnected')).toMatchObject({ why: 'silent' });
    clock.jump(4_000);
    expect(pool.gaveUp).toBeNull();
    clock.jump(1_000);
    expect(pool.gaveUp).toMatch(/25 s/);
    expect(pool.killed).toBeNull();
    clock.jump(3_000);
    expect(pool.killed).toMatch(/25 s/);
    server.isMute = false;
  });

  test('and answers in time stops nothing', async () => {
    const clock = new JumpClock();
    const { server, pool, told } = await aReadyWorker({ clock });
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    server.isMute = true;
    clock.jump(20_000);
    await told.event('disconnected');
    server.isMute = false;
    await server.hello(2);
    await told.until(() => told.events.filter(({ type }) => type === 'connected').length === 2);
    await clock.pass(15_000);
    expect(pool.gaveUp).toBeNull();
  });
});

describe('stopping', () => {
  test('takes no more runs, lets those it has finish, and waits until they are recorded', async () => {
    const { server, worker, pool, told } = await aReadyWorker({ drainMs: 10_000 });
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    const stopped = worker.stop();
    await server.until(() => server.of('update')[0]);
    const late = anAssignment('greet');
    server.grant(late);
    expect(await server.outcomeOf(late)).toMatchObject({ type: 'release' });
    expect(pool.isClosed).toBe(false);
    pool.end(success(run));
    await stopped;
    expect(server.outcomes).toContainEqual(success(run));
    expect(server.of('update')).toMatchObject([{ draining: true }]);
    expect(pool.gaveUp).toBeNull();
    expect(pool.isClosed).toBe(true);
    expect(told.events).toContainEqual({ type: 'draining', running: 1 });
    expect(told.events.at(-1)).toEqual({ type: 'stopped' });
    await worker.closed;
  });

  test('gives back what is not done in time, and kills it after the grace', async () => {
    const clock = new JumpClock();
    const { server, worker, pool } = await aReadyWorker({ drainMs: 30_000, clock });
    const run = anAssignment('greet');
    server.grant(run);
    await expect.poll(() => pool.assigned.length).toBe(1);
    const stopped = worker.stop();
    await server.until(() => server.of('update')[0]);
    await clock.pass(30_000);
    expect(pool.gaveUp).toMatch(/stopped before/);
    expect(pool.killed).toBeNull();
    await clock.pass(5_000);
    expect(await server.outcomeOf(run)).toMatchObject({ type: 'release', reason: expect.stringMatching(/stopped before/) });
    await stopped;
  });

  test('twice is once, and without a server it ends too', async () => {
    const server = await FakeServer.open();
    await server.close();
    const { worker } = aWorker({ server });
    expect(worker.stop()).toBe(worker.stop());
    await worker.closed;
    await worker.ready;
  });
});
