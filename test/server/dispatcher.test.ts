/** The dispatcher over a memory store and a clock that stands still: no socket, no timer, no process. */
import { describe, expect, test } from 'vitest';
import type { SubmitOptions, SubmitRequest } from '../../src/core/api.ts';
import type { Assignment, Outcome, ProcessIdentity, ServerFrame, TaskInfo, WatchFrame, WorkerFrame } from '../../src/core/frames.ts';
import { idMaker } from '../../src/core/ids.ts';
import { LEASE_MS, LIMITS } from '../../src/core/protocol.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import type { Run } from '../../src/core/run.ts';
import { Dispatcher, type WorkerSession } from '../../src/server/dispatcher.ts';
import { isRefusal } from '../../src/server/submission.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store, Submitted } from '../../src/store/store.ts';
import { ManualClock } from '../helpers/clock.ts';

let tokens = 0;
const random = { number: () => 0.5, token: () => (++tokens).toString(16).padStart(32, '0') };
const info = (name: string, options: Partial<TaskInfo> = {}): TaskInfo => ({
  ...{ name, maxAttempts: 1, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null },
  ...options,
});

interface Worker {
  readonly session: WorkerSession;
  readonly frames: ServerFrame[];
  readonly closes: number[];
  /** Assignments so far, oldest first. */
  runs(): Assignment[];
}

async function start(options: { store?: Store; clock?: ManualClock; dead?: Set<number> } = {}) {
  const clock = options.clock ?? new ManualClock();
  const store = options.store ?? (await openStore('memory:', { clock, random }));
  const newId = idMaker(
    () => clock.now(),
    (bytes) => bytes.fill(7),
  );
  const dispatcher = new Dispatcher({
    store,
    clock,
    limits: LIMITS,
    random,
    newId,
    isDead: (process) => options.dead?.has(process.pid) ?? false,
  });
  await dispatcher.start();
  const submit = async (...requests: SubmitRequest[]): Promise<Run[]> => {
    const answers = await dispatcher.submit(requests);
    return answers.map((answer) => {
      if (isRefusal(answer)) throw new Error(answer.code);
      return (answer as Submitted).run;
    });
  };
  const connect = (told: Partial<Extract<WorkerFrame, { type: 'hello' }>> = {}): Worker => {
    const frames: ServerFrame[] = [];
    const closes: number[] = [];
    const hello: Extract<WorkerFrame, { type: 'hello' }> = {
      ...{ type: 'hello', protocol: 1, workerId: random.token(), secret: 's', name: 'w', tasks: [info('greet')], slots: 10 },
      ...{ generation: 1, draining: false, held: [], process: { pid: 1, host: 'here', machine: null, startTicks: null } },
      ...told,
    };
    const session = dispatcher.connectWorker(hello, { send: (frame) => frames.push(frame), close: (code) => closes.push(code) });
    return { session, frames, closes, runs: () => frames.flatMap((frame) => (frame.type === 'runs' ? frame.runs : [])) };
  };
  return { clock, store, dispatcher, submit, connect };
}

/** Lets everything that is durable already be delivered. */
const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
const done = ({ runId, token }: Assignment, result = '1'): Outcome => ({ runId, token, type: 'succeed', result });

test('an input that its task cannot take is refused alone, also after the worker that told of it has gone', async () => {
  const { dispatcher, connect } = await start();
  const worker = connect({ tasks: [info('greet', { input: '{"type":"string"}' })] });
  worker.session.closed();
  const answers = await dispatcher.submit([
    { task: 'greet', args: [5] },
    { task: 'greet', args: ['Ford'] },
  ]);
  expect(answers).toMatchObject([{ code: 'invalid_input', input: { task: 'greet' } }, { kind: 'new' }]);
});

describe('handing out', () => {
  test('a run that waits goes to a worker that connects, and its result is recorded once', async () => {
    const { submit, connect, store } = await start();
    const [run] = await submit({ task: 'greet', args: ['Ada'] });
    const worker = connect();
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    expect(assigned).toMatchObject({ runId: run?.id, task: 'greet', args: '["Ada"]', attempt: 1 });
    worker.session.receive({ type: 'started', runs: [assigned] });
    worker.session.receive({ type: 'finished', outcomes: [done(assigned, '"Hello"')] });
    await settle();
    expect(worker.frames.at(-1)).toEqual({ type: 'recorded', runs: [{ runId: assigned.runId, token: assigned.token }] });
    expect(await store.get(assigned.runId)).toMatchObject({ state: 'COMPLETED', result: '"Hello"', attempt: 1, worker: 'w' });
  });

  test('never more runs than slots; a finish frees its slot in the same turn', async () => {
    const { submit, connect } = await start();
    const worker = connect({ slots: 2 });
    await submit(...Array.from({ length: 5 }, () => ({ task: 'greet' })));
    await settle();
    expect(worker.runs()).toHaveLength(2);
    worker.session.receive({ type: 'finished', outcomes: worker.runs().map((run) => done(run)) });
    await settle();
    expect(worker.runs()).toHaveLength(4);
  });

  test('two workers share what comes in', async () => {
    const { submit, connect } = await start();
    const workers = [connect(), connect()];
    await submit(...Array.from({ length: 6 }, () => ({ task: 'greet' })));
    await settle();
    expect(workers.map((worker) => worker.runs().length)).toEqual([3, 3]);
  });

  test('a worker gets only tasks it has, and is told of queued runs nobody can take', async () => {
    const { submit, connect } = await start();
    await submit({ task: 'other' }, { task: 'greet' });
    const worker = connect();
    await settle();
    expect(worker.runs().map((run) => run.task)).toEqual(['greet']);
    expect(worker.frames).toContainEqual({ type: 'orphans', tasks: [{ name: 'other', queued: 1 }] });
  });

  /** A worker with two slots that has ended two runs a millisecond apart, and what it was sent since. */
  async function quick(runs: number, at: Awaited<ReturnType<typeof start>>) {
    const worker = at.connect({ slots: 2 });
    const ids = (await at.submit(...Array.from({ length: runs + 4 }, () => ({ task: 'greet' })))).map(({ id }) => id);
    const end = (...these: Assignment[]) => {
      worker.session.receive({ type: 'finished', outcomes: these.map((one) => done(one)) });
    };
    await settle();
    for (let turn = 0; turn < 2; turn += 1) {
      at.clock.advance(1);
      end(...worker.runs().slice(-2));
      await settle();
    }
    const held = worker.runs().slice(-2);
    const sent = () =>
      worker
        .runs()
        .slice(6)
        .map(({ runId }) => ids.indexOf(runId) - 6);
    return { worker, end, held, sent, next: ids.slice(6) };
  }

  test('a worker of quick tasks has its next leases made before its slots are free, and gets them in the turn in which they are', async () => {
    const at = await start();
    const { end, held, sent, worker, next } = await quick(6, at);
    expect(sent()).toEqual([]); // two slots, two runs
    expect(at.dispatcher.workers()).toMatchObject([{ used: 2 }]);
    expect(await at.store.get(next[0] as string)).toMatchObject({ state: 'PENDING', worker: 'w' });
    expect(await at.store.get(next[2] as string)).toMatchObject({ state: 'SCHEDULED' });
    end(held[0] as Assignment);
    expect(sent()).toEqual([0]); // nothing was awaited
    await settle();
    end(...worker.runs().slice(-2));
    await settle();
    expect(sent()).toEqual([0, 1, 2]);
  });

  test('what was leased ahead and finds no slot goes back into the queue soon, for any worker', async () => {
    const at = await start();
    const { sent, next } = await quick(3, at);
    const other = at.connect({ slots: 1, name: 'other' });
    await settle();
    expect(other.runs().map(({ runId }) => runId)).toEqual([]);
    at.dispatcher.tick(); // looks for old runs, now that some have ended
    at.clock.advance(at.dispatcher.nextTickInMs() as number);
    at.dispatcher.tick();
    await settle();
    expect(other.runs().map(({ runId }) => runId)).toEqual([next[0]]);
    expect(sent()).toEqual([]);
    const run = (await at.store.get(next[0] as string)) as Run;
    expect(run.history.map(({ state }) => state)).toEqual(['SCHEDULED', 'PENDING', 'SCHEDULED', 'PENDING']);
    expect(run.losses).toBe(0);
  });

  test('a run that is leased ahead is cancelled at once: nobody has it', async () => {
    const at = await start();
    const { worker, next } = await quick(3, at);
    const frames = worker.frames.length;
    expect(await at.dispatcher.cancel(next[0] as string, 'asked')).toMatchObject({ state: 'CANCELLING' });
    await settle();
    expect(await at.store.get(next[0] as string)).toMatchObject({ state: 'CANCELLED', attempt: 0 });
    expect(worker.frames.slice(frames).filter(({ type }) => type === 'cancel' || type === 'runs')).toEqual([]);
  });

  test.each([
    ['is gone', (at: Awaited<ReturnType<typeof quick>>) => at.worker.session.closed()],
    [
      'drains',
      ({ worker }: Awaited<ReturnType<typeof quick>>) =>
        worker.session.receive({ type: 'update', tasks: [info('greet')], slots: 2, generation: 1, draining: true }),
    ],
  ])('what was leased ahead for a worker that %s goes back at once', async (_how, end) => {
    const at = await start();
    const about = await quick(3, at);
    end(about);
    await settle();
    expect(await at.store.get(about.next[0] as string)).toMatchObject({ state: 'SCHEDULED', losses: 0 });
  });

  test('what was leased ahead goes back when its task is paused', async () => {
    const at = await start();
    const { next } = await quick(3, at);
    await at.dispatcher.setPaused('task', 'greet', true);
    await settle();
    expect(await at.store.get(next[0] as string)).toMatchObject({ state: 'SCHEDULED' });
  });

  test('a delayed run is handed out by the tick after it came due', async () => {
    const { submit, connect, clock, dispatcher } = await start();
    const worker = connect();
    await submit({ task: 'greet', options: { delay: '5m' } });
    await settle();
    expect(worker.runs()).toHaveLength(0);
    expect(dispatcher.nextTickInMs()).toBeLessThanOrEqual(1_000);
    for (let second = 0; second < 300; second += 5) {
      clock.advance(5_000);
      worker.session.receive({ type: 'ping' });
    }
    dispatcher.tick();
    await settle();
    expect(worker.runs()).toHaveLength(1);
  });

  test('with nothing to wait for there is no tick at all', async () => {
    const { dispatcher } = await start();
    expect(dispatcher.nextTickInMs()).toBeNull();
  });

  test('a draining worker gets nothing new', async () => {
    const { submit, connect } = await start();
    const worker = connect();
    worker.session.receive({ type: 'update', tasks: [info('greet')], slots: 10, generation: 1, draining: true });
    await submit({ task: 'greet' });
    await settle();
    expect(worker.runs()).toHaveLength(0);
  });

  test('the results of upstream runs travel with the run that waits for them', async () => {
    const { submit, connect } = await start();
    const worker = connect();
    const [first] = (await submit({ task: 'greet' })) as [Run];
    await submit({ task: 'greet', options: { waitFor: [first.id] } });
    await settle();
    expect(worker.runs()).toHaveLength(1);
    worker.session.receive({ type: 'finished', outcomes: [done(worker.runs()[0] as Assignment, '42')] });
    await settle();
    expect(worker.runs()[1]?.upstream).toEqual({ [first.id]: { state: 'COMPLETED', result: '42', error: null } });
  });
});

describe('leases', () => {
  test('a silent worker loses its runs when its lease is over, and its late report is fenced', async () => {
    const { submit, connect, clock, dispatcher, store } = await start();
    const zombie = connect({ name: 'zombie' });
    await submit({ task: 'greet' });
    await settle();
    const [assigned] = zombie.runs() as [Assignment];
    const other = connect({ name: 'other' });
    clock.advance(LEASE_MS - 1);
    other.session.receive({ type: 'ping' });
    dispatcher.tick();
    await settle();
    expect(other.runs()).toHaveLength(0);
    clock.advance(1);
    dispatcher.tick();
    await settle();
    expect(zombie.closes).toEqual([4408]);
    expect(other.runs()).toHaveLength(1);
    zombie.session.receive({ type: 'finished', outcomes: [done(assigned)] });
    await settle();
    expect(await store.get(assigned.runId)).toMatchObject({ state: 'PENDING', worker: 'other' });
  });

  test('a server that stood still itself hears its workers out before it gives their runs away', async () => {
    const { submit, connect, clock, dispatcher, store } = await start();
    const worker = connect({ name: 'steady' });
    await submit({ task: 'greet' });
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    clock.advance(LEASE_MS + 15_000);
    dispatcher.tick(15_000);
    worker.session.receive({ type: 'finished', outcomes: [done(assigned)] });
    await settle();
    expect(await store.get(assigned.runId)).toMatchObject({ state: 'COMPLETED', attempt: 1 });
    await submit({ task: 'greet' });
    await settle();
    clock.advance(LEASE_MS);
    dispatcher.tick(1_000); // late, as on a busy machine
    expect(worker.closes).toEqual([4408]);
  });

  test('a worker whose process is proven dead loses its runs within three seconds', async () => {
    const dead = new Set<number>();
    const { submit, connect, clock, dispatcher } = await start({ dead });
    const worker = connect({ process: { pid: 77, host: 'here', machine: 'm', startTicks: '1' } });
    await submit({ task: 'greet' });
    await settle();
    const other = connect();
    dead.add(77);
    worker.session.closed();
    for (let look = 0; look < 2; look += 1) {
      expect(dispatcher.nextTickInMs()).toBeLessThanOrEqual(1_000);
      clock.advance(1_000);
      dispatcher.tick();
    }
    await settle();
    expect(other.runs()).toHaveLength(1);
  });

  test('a closed connection alone proves nothing: the worker comes back and keeps its run', async () => {
    const { submit, connect, clock, dispatcher, store } = await start();
    const worker = connect({ workerId: 'w1' });
    await submit({ task: 'greet' });
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    worker.session.closed();
    clock.advance(20_000);
    dispatcher.tick();
    const back = connect({ workerId: 'w1', held: [assigned] });
    expect(back.frames[0]).toMatchObject({ type: 'welcome', fenced: [] });
    back.session.receive({ type: 'finished', outcomes: [done(assigned)] });
    await settle();
    expect(await store.get(assigned.runId)).toMatchObject({ state: 'COMPLETED', attempt: 1, losses: 0 });
  });

  test('a lease that never arrived goes back into the queue when the worker says so', async () => {
    const { submit, connect } = await start();
    const worker = connect({ workerId: 'w1', slots: 1 });
    await submit({ task: 'greet' });
    await settle();
    worker.session.closed();
    const back = connect({ workerId: 'w1', slots: 1, held: [] });
    await settle();
    expect(back.runs()).toHaveLength(1);
    expect(back.runs()[0]?.token).not.toBe(worker.runs()[0]?.token);
  });

  test('another process cannot take over a worker id', async () => {
    const { connect } = await start();
    connect({ workerId: 'w1', secret: 'mine' });
    expect(connect({ workerId: 'w1', secret: 'theirs' }).closes).toEqual([4400]);
  });

  test('a restarted server sees at once which workers died meanwhile', async () => {
    const first = await start();
    const worker = first.connect({ workerId: 'w1' });
    await first.submit({ task: 'greet' });
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    const { pid } = first.store.workerProcess('w1') as ProcessIdentity;
    const second = await start({ store: first.store, clock: first.clock, dead: new Set([pid]) });
    first.clock.advance(1_000);
    second.dispatcher.tick();
    first.clock.advance(1_000);
    second.dispatcher.tick();
    await settle();
    expect(await first.store.get(assigned.runId)).toMatchObject({ state: 'SCHEDULED', losses: 1 });
  });

  test('a restarted server keeps the leases of workers that live on', async () => {
    const first = await start();
    const worker = first.connect({ workerId: 'w1' });
    await first.submit({ task: 'greet' });
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    const second = await start({ store: first.store, clock: first.clock });
    const back = second.connect({ workerId: 'w1', held: [assigned] });
    back.session.receive({ type: 'finished', outcomes: [done(assigned)] });
    await settle();
    expect(back.frames.at(-1)).toMatchObject({ type: 'recorded' });
    expect(await first.store.get(assigned.runId)).toMatchObject({ state: 'COMPLETED', attempt: 1 });
  });
});

describe('cancel', () => {
  test('a waiting run is cancelled at once', async () => {
    const { submit, dispatcher } = await start();
    const [run] = (await submit({ task: 'greet' })) as [Run];
    expect(await dispatcher.cancel(run.id, 'not needed')).toMatchObject({ state: 'CANCELLED' });
  });

  test('the worker of a running one is told, and its word ends it', async () => {
    const { submit, connect, dispatcher, store } = await start();
    const worker = connect();
    const [run] = (await submit({ task: 'greet' })) as [Run];
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    worker.session.receive({ type: 'started', runs: [assigned] });
    expect(await dispatcher.cancel(run.id, 'stop')).toMatchObject({ state: 'CANCELLING' });
    expect(worker.frames.at(-1)).toEqual({ type: 'cancel', runs: [{ runId: run.id, token: assigned.token, reason: 'stop' }] });
    worker.session.receive({ type: 'finished', outcomes: [{ runId: run.id, token: assigned.token, type: 'stopped' }] });
    await settle();
    expect(await store.get(run.id)).toMatchObject({ state: 'CANCELLED' });
  });

  test('a run that takes the key of one that runs has its worker stop that one', async () => {
    const { submit, connect, store } = await start();
    const worker = connect({ slots: 1 });
    const key = { idempotencyKey: 'k', onConflict: 'cancel' } as const;
    const [old] = (await submit({ task: 'greet', options: key })) as [Run];
    await settle();
    const [assigned] = worker.runs() as [Assignment];
    worker.session.receive({ type: 'started', runs: [assigned] });
    const [fresh] = (await submit({ task: 'greet', options: key })) as [Run];
    await settle();
    expect(worker.frames.filter((frame) => frame.type === 'cancel')).toMatchObject([{ runs: [{ runId: old.id }] }]);
    worker.session.receive({ type: 'finished', outcomes: [{ runId: old.id, token: assigned.token, type: 'stopped' }] });
    await settle();
    const ended = await store.get(old.id);
    expect(ended).toMatchObject({ state: 'CANCELLED' });
    expect(ended?.history.find((entry) => entry.state === 'CANCELLING')?.reason).toBe(`Replaced by ${fresh.id}`);
    expect(worker.runs().map((run) => run.runId)).toEqual([old.id, fresh.id]);
  });

  test('a cancel that overtakes the lease keeps the run from ever leaving', async () => {
    const { submit, connect, dispatcher, store } = await start();
    const worker = connect();
    const pending = submit({ task: 'greet', id: 'a' });
    const cancelled = dispatcher.cancel('a', 'never mind');
    await Promise.all([pending, cancelled]);
    await settle();
    expect(worker.runs()).toHaveLength(0);
    expect(await store.get('a')).toMatchObject({ state: 'CANCELLED', attempt: 0 });
  });

  test('an unknown id is told apart from a final run', async () => {
    const { dispatcher } = await start();
    expect(await dispatcher.cancel('nobody', 'x')).toBeUndefined();
  });
});

describe('submits', () => {
  test('the same id with other arguments is refused, with the same ones it is the same run', async () => {
    const { dispatcher } = await start();
    const ask = (args: unknown[]) => dispatcher.submit([{ id: 'a', task: 'greet', args }]);
    expect(await ask([1])).toMatchObject([{ kind: 'new' }]);
    expect(await ask([1])).toMatchObject([{ kind: 'same' }]);
    expect(await ask([2])).toMatchObject([{ status: 409, code: 'id_conflict' }]);
  });

  test('sent again later, word for word, it is the same run; with other options it is refused', async () => {
    const { dispatcher, clock, connect } = await start();
    const options: SubmitOptions = {
      ...{ tags: ['a', 'b'], priority: '5s', runName: 'one', retries: 2, timeout: '1m', ttl: '1h', delay: '1s', idempotencyKey: 'k' },
      ...{ onConflict: 'replace', debounceMaxWait: '3s', concurrencyKey: 'c', waitFor: ['up', { id: 'up', allowFailure: true }] },
    };
    await dispatcher.submit([{ id: 'up', task: 'other' }]);
    const ask = async (over: SubmitOptions) =>
      (await dispatcher.submit([{ id: 'a', task: 'greet', options: { ...options, ...over } }])).map((one) =>
        'kind' in one ? one.kind : one.code,
      )[0];
    expect(await ask({})).toBe('new');
    clock.advance(2_000);
    connect();
    expect(await ask({})).toBe('same');
    expect(await ask({ delay: '9s', ttl: '9h' })).toBe('same');
    const others: SubmitOptions[] = [
      ...[{ tags: ['a'] }, { priority: 0 }, { runName: 'two' }, { retries: 3 }, { timeout: '2m' as const }],
      ...[{ concurrencyKey: 'd' }, { idempotencyKey: 'l' }, { waitFor: [] }, { parentId: 'up' }, { retryOf: 'up' }],
    ];
    for (const over of others) expect(await ask(over), JSON.stringify(over)).toBe('id_conflict');
  });

  test('one bad request of a batch does not keep the others out', async () => {
    const { dispatcher } = await start();
    const answers = await dispatcher.submit([
      { task: 'greet' },
      { task: '../etc/x' },
      { task: 'greet', options: { delay: 'soon' as never } },
      { task: 'greet', options: { waitFor: ['nobody'] } },
    ]);
    expect(answers).toMatchObject([{ kind: 'new' }, { code: 'invalid_task' }, { code: 'invalid_option' }, { code: 'no_upstream' }]);
  });

  test('a draining server refuses and hands nothing out', async () => {
    const { dispatcher } = await start();
    dispatcher.drain();
    expect(await dispatcher.submit([{ task: 'greet' }])).toMatchObject([{ status: 503, code: 'draining' }]);
  });

  test('the attempts a worker allows count where the submit said nothing', async () => {
    const { submit, connect, store } = await start();
    const worker = connect({ tasks: [info('greet', { maxAttempts: 4 })] });
    const [run, own] = (await submit({ task: 'greet' }, { task: 'greet', options: { retries: 1 } })) as [Run, Run];
    await settle();
    expect(await store.get(run.id)).toMatchObject({ maxAttempts: 4 });
    expect(await store.get(own.id)).toMatchObject({ maxAttempts: 2 });
    expect(worker.runs().map(({ maxAttempts }) => maxAttempts)).toEqual([4, 2]);
  });
});

describe('direct calls', () => {
  const call = { runId: 'd', token: 't', task: 'greet', args: ['Ada'], name: null, tags: [], maxAttempts: 1, parentId: null, caller: 'me' };

  test('are recorded as they were', async () => {
    const { dispatcher, clock, store } = await start();
    const told: WatchFrame[] = [];
    const session = dispatcher.connectCaller({ send: (frame) => told.push(frame), close: () => undefined });
    session.receive({ type: 'began', runs: [{ ...call, startedAt: new Date(clock.now() - 50).toISOString() }] });
    session.receive({ type: 'finished', outcomes: [{ runId: 'd', token: 't', type: 'succeed', result: '1' }] });
    await settle();
    expect(told).toEqual([{ type: 'recorded', runs: [{ runId: 'd', token: 't' }] }]);
    expect(await store.get('d')).toMatchObject({ state: 'COMPLETED', attempt: 1, worker: 'me', startedAt: clock.now() - 50 });
  });

  test('are recorded with every attempt, once, though the caller tells them again', async () => {
    const { dispatcher, clock, store, connect } = await start();
    const worker = connect();
    const error = { name: 'RangeError', message: 'no', stack: null, cause: null };
    const began = { type: 'began', runs: [{ ...call, maxAttempts: 3, startedAt: new Date(clock.now()).toISOString() }] } as const;
    const held = { runId: 'd', token: 't' };
    const at = new Date(clock.now() + 100).toISOString();
    const failed = { ...held, attempt: 1, at: new Date(clock.now()).toISOString(), failed: { error, retryDelayMs: 200 } };
    const first = dispatcher.connectCaller({ send: () => undefined, close: () => undefined });
    first.receive(began);
    first.receive({ type: 'attempts', runs: [failed] });
    await settle();
    clock.advance(1_000); // longer than its delay: nobody else makes the next attempt
    dispatcher.tick();
    await settle();
    expect(await store.get('d')).toMatchObject({ state: 'PENDING', attempt: 1, failures: 1 });
    first.closed();
    const again = dispatcher.connectCaller({ send: () => undefined, close: () => undefined });
    again.receive(began);
    again.receive({ type: 'attempts', runs: [failed, { ...held, attempt: 2, at, failed: null }] });
    again.receive({ type: 'finished', outcomes: [{ ...held, type: 'succeed', attempt: 2, result: '1' }] });
    await settle();
    const run = await store.get('d');
    expect(run).toMatchObject({ state: 'COMPLETED', attempt: 2, failures: 1, maxAttempts: 3, startedAt: Date.parse(at) });
    expect(run?.history.map(({ name, reason }) => reason ?? name)).toEqual([
      ...['Scheduled', 'Pending', 'Running', 'RangeError: no', 'Pending', 'Retrying', 'Completed'],
    ]);
    expect(worker.runs()).toHaveLength(0);
  });

  test('a caller that does not come back leaves its call crashed, and no worker gets it', async () => {
    const { dispatcher, clock, store, connect } = await start();
    const worker = connect();
    const session = dispatcher.connectCaller({ send: () => undefined, close: () => undefined });
    session.receive({ type: 'began', runs: [{ ...call, startedAt: new Date(clock.now()).toISOString() }] });
    await settle();
    session.closed();
    clock.advance(5_000);
    dispatcher.tick();
    await settle();
    expect(await store.get('d')).toMatchObject({ state: 'CRASHED', error: { name: 'CallerLost' } });
    expect(worker.runs()).toHaveLength(0);
  });
});
