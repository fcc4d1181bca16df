/** Which hooks are still owed after a move, who is asked to call them, and how long they are kept. */
import { expect, test } from 'vitest';
import type { Held, HookCall, Outcome, ServerFrame, TaskInfo } from '../../src/core/frames.ts';
import { HOOK_NAMES } from '../../src/core/hooks.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import { Dispatcher } from '../../src/server/dispatcher.ts';
import { MOST_KEPT } from '../../src/server/hooks.ts';
import { openStore } from '../../src/store/open.ts';
import { ManualClock } from '../helpers/clock.ts';

let tokens = 0;
const random = { number: () => 0.5, token: () => (++tokens).toString(16).padStart(32, '0') };
const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
const BOOM = { name: 'Error', message: 'boom', stack: null, cause: null };
const info = (name: string, hooks: TaskInfo['hooks']): TaskInfo => ({
  ...{ name, maxAttempts: 2, timeoutMs: null, retry: NO_DELAY, concurrency: null, concurrencyPerKey: null },
  hooks,
});
const fail = (held: Held, over: object = {}): Outcome => ({
  ...{ runId: held.runId, token: held.token, type: 'fail', error: BOOM, retry: true, retryDelayMs: 0, timedOut: false },
  ...over,
});

async function start() {
  const clock = new ManualClock();
  const store = await openStore('memory:', { clock, random });
  const dispatcher = new Dispatcher({ store, clock, limits: LIMITS, random, newId: random.token, isDead: () => true });
  await dispatcher.start();
  const submit = async (...ids: string[]) => void (await dispatcher.submit(ids.map((id) => ({ id, task: 'greet' }))));
  const connect = (hooks: TaskInfo['hooks'] = HOOK_NAMES, { slots = 10, draining = false, task = 'greet' } = {}) => {
    const frames: ServerFrame[] = [];
    const process = { pid: 1, host: 'here', machine: null, startTicks: null };
    const session = dispatcher.connectWorker(
      {
        ...{ type: 'hello', protocol: 1, workerId: random.token(), secret: 's', name: 'w', tasks: [info(task, hooks)], slots },
        ...{ generation: 1, draining, held: [], process },
      },
      { send: (frame) => void frames.push(frame), close: () => undefined },
    );
    const held = () => frames.flatMap((frame): readonly Held[] => (frame.type === 'runs' ? frame.runs : []));
    const calls = (): HookCall[] => frames.flatMap((frame) => (frame.type === 'hooks' ? frame.runs : []));
    const finish = (...outcomes: Outcome[]) => session.receive({ type: 'finished', outcomes });
    return { session, finish, held, calls, told: () => calls().map(({ hook, runId, attempt }) => `${runId} ${hook} ${attempt}`) };
  };
  return { clock, store, dispatcher, submit, connect };
}

test('what the child called already is not called again, and what it did not is', async () => {
  const { submit, connect } = await start();
  const worker = connect(HOOK_NAMES, { slots: 4 });
  await submit('told', 'untold', 'strange', 'fine');
  await settle();
  const [told, untold, strange, fine] = worker.held() as [Held, Held, Held, Held];
  worker.finish(
    fail(told, { retry: false, hook: 'onFailed' }),
    fail(untold, { retry: false }),
    fail(strange, { retry: false, hook: 'onRetrying' }),
    { ...{ runId: fine.runId, token: fine.token }, type: 'succeed', result: '1' },
  );
  await settle();
  expect(worker.told()).toEqual(['untold onFailed 1', 'strange onFailed 1']);
  expect(worker.calls()[0]).toMatchObject({ state: 'FAILED', stateName: 'Failed', args: '[]', error: BOOM });
});

test('a retry that the child could not tell of is told, though the next attempt is under way already', async () => {
  const { submit, connect, store } = await start();
  const worker = connect();
  await submit('a');
  await settle();
  worker.finish(fail(worker.held()[0] as Held));
  await settle();
  expect(await store.get('a')).toMatchObject({ state: 'PENDING' });
  expect(worker.told()).toEqual(['a onRetrying 1']);
  expect(worker.calls()[0]).toMatchObject({ state: 'SCHEDULED', stateName: 'AwaitingRetry', error: BOOM });
  worker.finish(fail(worker.held()[1] as Held, { hook: 'onRetrying' }));
  await settle();
  expect(worker.told()).toEqual(['a onRetrying 1', 'a onFailed 2']);
});

test('a cancel that came before the failure is what is told', async () => {
  const { submit, connect, dispatcher } = await start();
  const worker = connect();
  await submit('a', 'b');
  await settle();
  for (const id of ['a', 'b']) await dispatcher.cancel(id, 'asked');
  const [a, b] = worker.held() as [Held, Held];
  worker.finish(fail(a, { hook: 'onFailed' }), { runId: b.runId, token: b.token, type: 'stopped', hook: 'onCancelled' });
  await settle();
  expect(worker.told()).toEqual(['a onCancelled 1']);
});

test('one worker is asked: one that has the hook, does not drain, and is connected', async () => {
  const { submit, connect, dispatcher } = await start();
  const without = connect([], { slots: 0 });
  const gone = connect(HOOK_NAMES, { slots: 0 });
  gone.session.closed();
  const draining = connect(HOOK_NAMES, { slots: 0, draining: true });
  const other = connect(['onFailed'], { slots: 0 });
  const right = [connect(['onCancelled'], { slots: 0 }), connect(['onCancelled'], { slots: 0 })] as const;
  await submit('a');
  await dispatcher.cancel('a', 'asked');
  await settle();
  expect([without, gone, draining, other].flatMap((worker) => worker.told())).toEqual([]);
  expect(right.flatMap((worker) => worker.told())).toEqual(['a onCancelled 0']);
});

test('with no worker that has the task they wait for one, within a bound, and are gone where it has no such hook', async () => {
  const { submit, connect, dispatcher } = await start();
  const stranger = connect(HOOK_NAMES, { task: 'other' });
  await submit('a', 'b');
  await dispatcher.cancel('a', 'asked');
  const draining = connect(HOOK_NAMES, { draining: true, slots: 0 });
  await settle();
  const worker = connect(HOOK_NAMES, { slots: 0 });
  await settle();
  expect([stranger.told(), draining.told(), worker.told()]).toEqual([[], [], ['a onCancelled 0']]);
  worker.session.closed();
  await dispatcher.cancel('b', 'asked');
  const without = connect([], { slots: 0 });
  without.session.closed();
  expect(connect(HOOK_NAMES, { slots: 0 }).told()).toEqual([]);
});

test('the oldest of too many are dropped', async () => {
  const { connect, dispatcher } = await start();
  const ids = Array.from({ length: MOST_KEPT + 1 }, (_, at) => `r${at}`);
  await dispatcher.submit(ids.map((id) => ({ id, task: 'greet' })));
  await Promise.all(ids.map((id) => dispatcher.cancel(id, 'asked')));
  const worker = connect(HOOK_NAMES, { slots: 0 });
  await settle();
  expect(worker.calls()).toHaveLength(MOST_KEPT - 1_000 + 1);
  expect(worker.calls().at(-1)?.runId).toBe(ids.at(-1));
});

test('a direct call tells of its own end; a caller that is gone cannot', async () => {
  const { clock, connect, dispatcher } = await start();
  const worker = connect(HOOK_NAMES, { slots: 0 });
  const caller = dispatcher.connectCaller({ send: () => undefined, close: () => undefined });
  const call = (runId: string) => ({
    ...{ runId, token: runId, task: 'greet', args: [], name: null, tags: [], maxAttempts: 1, parentId: null },
    ...{ startedAt: new Date(clock.now()).toISOString(), caller: 'c' },
  });
  caller.receive({ type: 'began', runs: [call('fails'), call('lost')] });
  await settle();
  caller.receive({ type: 'finished', outcomes: [fail({ runId: 'fails', token: 'fails' }, { retry: false })] });
  await settle();
  caller.closed();
  clock.advance(10_000);
  dispatcher.tick();
  await settle();
  expect(worker.told()).toEqual(['lost onCrashed 1']);
});
