/** What every store does, whatever lies under it. One suite, one line for each back-end. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogLine } from '../../src/core/api.ts';
import { idMaker } from '../../src/core/ids.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import type { LeasedRun, NewRun, Run, RunEvent, ScheduledRun } from '../../src/core/run.ts';
import { RUN_FULL } from '../../src/store/log-lines.ts';
import { type Commit, DEFAULT_KEEP, type Store, type Submitted } from '../../src/store/store.ts';
import { aSubmit, BOOM, T0 } from '../core/builders.ts';

/** A fresh store for each test; what it needs goes with `close`. */
export interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

let tokens = 0;
export const newId = idMaker(
  () => T0,
  (bytes) => bytes.fill(5),
);
export const grant = (workerId: string, run: ScheduledRun): Extract<RunEvent, { type: 'assign' }> => ({
  type: 'assign',
  lease: { token: `token-${++tokens}`, workerId, workerName: workerId.toUpperCase() },
  maxAttempts: run.maxAttempts ?? 1,
});
export const offer = (slots: number, ...tasks: string[]) => [
  { workerId: 'w', tasks: new Set(tasks.length > 0 ? tasks : ['greet']), slots },
];
export const line = (text: string, over: Partial<LogLine> = {}): LogLine => ({
  at: '2030-01-01T00:00:00.000Z',
  level: 'info',
  text,
  attempt: 1,
  ...over,
});

export function contract(name: string, open: () => Promise<Opened>): void {
  describe(`a ${name} store`, () => {
    let opened: Opened;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    const submit = async (over: Partial<NewRun> = {}): Promise<Run> => {
      const [answer] = await store.submit([aSubmit({ id: newId(), ...over })], T0);
      return (answer as Submitted).run;
    };
    const claim = async (slots = 1, at = T0, ...tasks: string[]): Promise<LeasedRun[]> =>
      (await store.claim(offer(slots, ...tasks), at, grant)).map(({ run }) => run);
    const apply = async (run: Run, event: RunEvent, at = T0) => (await store.apply([{ id: run.id, event }], at))[0];
    const succeed = (run: LeasedRun, at = T0) => apply(run, { type: 'succeed', token: run.lease.token, result: '"ok"' }, at);
    const cancel = (run: Run, at = T0) => apply(run, { type: 'cancel', reason: 'enough' }, at);
    const state = async (run: Run) => (await store.get(run.id))?.state;
    const complete = async (over: Partial<NewRun> = {}, at = T0) => {
      const run = await submit({ task: 'quick', ...over });
      const [leased] = await claim(1, T0, 'quick');
      await succeed(leased as LeasedRun, at);
      return run;
    };

    describe('submit', () => {
      test('adds runs in order and answers with their first state', async () => {
        const answers = await store.submit([aSubmit({ id: 'a' }), aSubmit({ id: 'b', dueAt: T0 + 5_000 })], T0);
        expect(answers).toMatchObject([
          { kind: 'new', run: { id: 'a', state: 'SCHEDULED', stateName: 'Scheduled', attempt: 0 } },
          { kind: 'new', run: { id: 'b', state: 'SCHEDULED', dueAt: T0 + 5_000 } },
        ]);
        expect(await store.get('a')).toEqual(answers[0]?.run);
      });

      test('of a known id is the same run where task, arguments and options are, else a conflict', async () => {
        const run = await submit({ id: 'a' });
        await cancel(run);
        const again = [{}, { args: '[2]' }, { task: 'x' }, { tags: ['x'] }].map((over) => aSubmit({ id: 'a', ...over }));
        const answers = await store.submit(again, T0);
        expect(answers.map(({ kind }) => kind)).toEqual(['same', 'conflict', 'conflict', 'conflict']);
        expect(answers[0]?.run).toMatchObject({ id: 'a', state: 'CANCELLED' });
      });

      test('twice in one call adds one run', async () => {
        const answers = await store.submit([aSubmit({ id: 'a' }), aSubmit({ id: 'a' })], T0);
        expect(answers.map(({ kind }) => kind)).toEqual(['new', 'same']);
        expect((await store.counts()).SCHEDULED).toBe(1);
      });

      test('with a live idempotency key answers with the run that has it, final or not', async () => {
        const first = await submit({ idempotencyKey: 'k' });
        const again = await store.submit([aSubmit({ id: newId(), idempotencyKey: 'k' })], T0);
        expect(again).toMatchObject([{ kind: 'deduplicated', run: { id: first.id } }]);
        await cancel(first);
        const later = await store.submit([aSubmit({ id: newId(), idempotencyKey: 'k' })], T0 + 1);
        expect(later).toMatchObject([{ kind: 'deduplicated', run: { id: first.id, state: 'CANCELLED' } }]);
      });

      test('a failed run keeps its key, and a submit that replaces takes it', async () => {
        const key = { idempotencyKey: 'k' };
        const failed = await submit({ ...key, waitFor: [{ id: (await submit()).id, allowFailure: false }] });
        await store.apply([{ id: failed.waitFor[0]?.id as string, event: { type: 'cancel', reason: 'x' } }], T0);
        expect(await store.get(failed.id)).toMatchObject({ state: 'FAILED' });
        expect(await store.submit([aSubmit({ id: newId(), ...key })], T0)).toMatchObject([
          { kind: 'deduplicated', run: { id: failed.id } },
        ]);
        const next = await submit({ ...key, onConflict: 'replace' });
        expect(await store.submit([aSubmit({ id: newId(), ...key })], T0)).toMatchObject([{ kind: 'deduplicated', run: { id: next.id } }]);
        expect(await store.get(failed.id)).toMatchObject({ state: 'FAILED' });
      });

      test('an idempotency key counts for its task alone', async () => {
        await submit({ idempotencyKey: 'k', task: 'one' });
        expect(await store.submit([aSubmit({ id: newId(), idempotencyKey: 'k', task: 'two' })], T0)).toMatchObject([{ kind: 'new' }]);
      });

      test('an idempotency key ends with its ttl, and with its run', async () => {
        const key = { idempotencyKey: 'k', idempotencyTtlMs: 1_000 };
        const first = await submit(key);
        const before = await store.submit([aSubmit({ id: newId(), ...key })], T0 + 999);
        expect(before).toMatchObject([{ kind: 'deduplicated', run: { id: first.id } }]);
        const [second] = await store.submit([aSubmit({ id: newId(), idempotencyKey: 'k' })], T0 + 1_000);
        expect(second).toMatchObject({ kind: 'new' });
        await cancel(second?.run as Run);
        await store.remove([second?.run?.id as string]);
        expect(await store.submit([aSubmit({ id: newId(), idempotencyKey: 'k' })], T0)).toMatchObject([{ kind: 'new' }]);
      });

      test('onConflict says what becomes of a submit whose key another run has', async () => {
        const key = { idempotencyKey: 'k' };
        const first = await submit(key);
        expect(await store.submit([aSubmit({ id: newId(), ...key, onConflict: 'reject' })], T0)).toMatchObject([
          { kind: 'duplicate', run: { id: first.id } },
        ]);
        const second = await submit({ ...key, onConflict: 'replace' });
        const replaced = (await store.get(first.id)) as Run;
        expect(replaced).toMatchObject({ state: 'CANCELLED', stateName: 'Cancelled' });
        expect(replaced.history.at(-1)?.reason).toBe(`Replaced by ${second.id}`);
        const start = async ([run]: LeasedRun[]) => apply(run as LeasedRun, { type: 'start', token: (run as LeasedRun).lease.token });
        await start(await claim());
        const third = await submit({ ...key, onConflict: 'replace' });
        expect(await store.get(second.id)).toMatchObject({ state: 'RUNNING' });
        expect(await store.submit([aSubmit({ id: newId(), ...key })], T0)).toMatchObject([{ kind: 'deduplicated', run: { id: third.id } }]);
        await start(await claim());
        const [fourth] = await store.submit([aSubmit({ id: newId(), ...key, onConflict: 'cancel' })], T0);
        expect(fourth).toMatchObject({ kind: 'new', displaced: third.id });
        expect(await store.get(third.id)).toMatchObject({ state: 'CANCELLING' });
      });

      test('runs that replace each other are due no later than the first of them said', async () => {
        const call = (at: number) =>
          submit({ idempotencyKey: 'k', onConflict: 'replace', createdAt: at, dueAt: at + 100, dueBy: at + 250 });
        const dueAts: number[] = [];
        for (const at of [T0, T0 + 90, T0 + 180, T0 + 240]) dueAts.push((await call(at)).dueAt - T0);
        expect(dueAts).toEqual([100, 190, 250, 250]);
      });

      test('a run that is refused replaces none', async () => {
        const first = await submit({ idempotencyKey: 'k' });
        const waitFor = [{ id: 'nobody', allowFailure: false }];
        const refused = aSubmit({ id: newId(), idempotencyKey: 'k', onConflict: 'replace', waitFor });
        expect(await store.submit([refused], T0)).toMatchObject([{ kind: 'no-upstream' }]);
        expect(await store.get(first.id)).toMatchObject({ state: 'SCHEDULED' });
      });

      test('a direct call comes with its lease and runs already', async () => {
        const lease = { token: 'mine', workerId: 'caller', workerName: 'me' };
        const run = await submit({ direct: lease });
        expect(run).toMatchObject({ state: 'RUNNING', attempt: 1, lease });
        expect(await store.leased()).toEqual([run]);
      });

      test('arguments come back as the text they were, but for line breaks between values', async () => {
        const args = '[{"__proto__":{"x":1},"n":12345678901234567890,"n":1e999,"\\ud800":"ü\\u2028 💡"},"\\",\\"args\\":[1]"]';
        const run = await submit({ args });
        expect((await store.get(run.id))?.args).toBe(args);
        const broken = await submit({ args: '[1,\n 2]' });
        expect(broken.args).toBe('[1,  2]');
        expect(await store.submit([aSubmit({ id: broken.id, args: '[1,\n 2]' })], T0)).toMatchObject([{ kind: 'same' }]);
      });
    });

    describe('waiting for other runs', () => {
      test('a run waits until those it names have completed, and is due in the same commit', async () => {
        const [one, two] = [await submit({ task: 'up' }), await submit({ task: 'up' })];
        const waitFor = [one, two].map(({ id }) => ({ id, allowFailure: false }));
        const run = await submit({ waitFor });
        expect(run).toMatchObject({ stateName: 'AwaitingDependency', blockedBy: [one.id, two.id] });
        const [first, second] = await claim(2, T0, 'up');
        await succeed(first as LeasedRun);
        expect(await claim()).toHaveLength(0);
        void succeed(second as LeasedRun, T0 + 7);
        expect(await claim(1, T0 + 7)).toMatchObject([{ id: run.id, state: 'PENDING', blockedBy: [] }]);
      });

      test('those that have completed already hold nothing up', async () => {
        const up = await complete();
        expect(await submit({ waitFor: [{ id: up.id, allowFailure: false }] })).toMatchObject({ stateName: 'Scheduled', blockedBy: [] });
      });

      test('the failure of one is the failure of all that wait for it, down to the last', async () => {
        const up = await submit({ task: 'up' });
        const middle = await submit({ waitFor: [{ id: up.id, allowFailure: false }] });
        const last = await submit({ waitFor: [{ id: middle.id, allowFailure: false }] });
        const [leased] = await claim(1, T0, 'up');
        const event: RunEvent = {
          type: 'fail',
          token: (leased as LeasedRun).lease.token,
          error: BOOM,
          retry: false,
          retryDelayMs: 0,
          timedOut: false,
        };
        await apply(up, event, T0 + 9);
        for (const run of [middle, last]) {
          expect(await store.get(run.id)).toMatchObject({ state: 'FAILED', stateName: 'UpstreamFailed', endedAt: T0 + 9 });
        }
      });

      test('one that failed already ends a new run at once, unless it may fail', async () => {
        const up = await submit();
        await cancel(up);
        expect(await submit({ waitFor: [{ id: up.id, allowFailure: false }] })).toMatchObject({
          state: 'FAILED',
          stateName: 'UpstreamFailed',
        });
        expect(await submit({ waitFor: [{ id: up.id, allowFailure: true }] })).toMatchObject({ state: 'SCHEDULED', blockedBy: [] });
      });

      test('runs of one call may wait for each other; one that is not there is told', async () => {
        const answers = await store.submit(
          [
            aSubmit({ id: 'a' }),
            aSubmit({ id: 'b', waitFor: [{ id: 'a', allowFailure: false }] }),
            aSubmit({ id: 'c', waitFor: [{ id: 'c', allowFailure: false }] }),
          ],
          T0,
        );
        expect(answers.map(({ kind }) => kind)).toEqual(['new', 'new', 'no-upstream']);
        expect(await store.get('c')).toBeUndefined();
      });

      test('a chain of thousands ends in one commit', async () => {
        const ids = Array.from({ length: 5_000 }, () => newId());
        await store.submit(
          ids.map((id, index) => aSubmit({ id, waitFor: index === 0 ? [] : [{ id: ids[index - 1] as string, allowFailure: false }] })),
          T0,
        );
        const commits: Commit[] = [];
        store.onCommit((commit) => commits.push(commit));
        await store.apply([{ id: ids[0] as string, event: { type: 'cancel', reason: 'x' } }], T0);
        expect(commits).toHaveLength(1);
        expect(commits[0]?.runs).toHaveLength(5_000);
        expect((await store.counts()).FAILED).toBe(4_999);
      });
    });

    describe('claim', () => {
      test('leases due runs in order of submission, as many as there are slots', async () => {
        const runs = [await submit(), await submit(), await submit()];
        const leased = await claim(2);
        expect(leased.map(({ id }) => id)).toEqual([runs[0]?.id, runs[1]?.id]);
        expect(leased[0]).toMatchObject({ state: 'PENDING', worker: 'W', maxAttempts: 3 });
        expect((await store.leased()).map(({ id }) => id)).toEqual(leased.map(({ id }) => id));
      });

      test('sees what was submitted in the same turn', async () => {
        void store.submit([aSubmit({ id: 'a' })], T0);
        expect(await claim()).toMatchObject([{ id: 'a' }]);
      });

      test('leaves alone what is not due, of another task, paused, or over its limit', async () => {
        await submit({ dueAt: T0 + 1_000 });
        await submit({ task: 'other' });
        expect(await claim()).toHaveLength(0);
        expect(store.nextWakeAt()).toBe(T0 + 1_000);
        await store.setPaused('task', 'greet', true, T0);
        expect(await claim(1, T0 + 1_000)).toHaveLength(0);
        await store.setPaused('task', 'greet', false, T0);
        store.setLimits('greet', { concurrency: 1, concurrencyPerKey: null });
        const second = await submit();
        expect(await claim(5, T0 + 1_000)).toHaveLength(1);
        expect(store.shownName(second, T0 + 1_000)).toBe('AwaitingConcurrency');
      });

      test('a run whose ttl has passed is not leased any more', async () => {
        const run = await submit({ expiresAt: T0 + 1_000 });
        expect(await claim(1, T0 + 1_000)).toHaveLength(0);
        expect(await state(run)).toBe('EXPIRED');
      });
    });

    describe('apply', () => {
      test('takes a run through its life', async () => {
        const run = await submit();
        const [leased] = await claim();
        const { token } = (leased as LeasedRun).lease;
        const changes = [{ id: run.id, event: { type: 'start', token } as RunEvent }];
        const applied = store.apply(changes, T0 + 1);
        await succeed(leased as LeasedRun, T0 + 2);
        expect(await applied).toMatchObject([{ changed: true, run: { state: 'RUNNING', attempt: 1 } }]);
        expect(await store.get(run.id)).toMatchObject({
          state: 'COMPLETED',
          result: '"ok"',
          startedAt: T0 + 1,
          endedAt: T0 + 2,
          lease: null,
        });
      });

      test('a stale token, a final run and an unknown id change nothing', async () => {
        const run = await complete();
        const start: RunEvent = { type: 'start', token: 'stale' };
        const answers = await store.apply(
          [
            { id: run.id, event: start },
            { id: 'nobody', event: start },
          ],
          T0,
        );
        expect(answers).toMatchObject([{ changed: false, run: { state: 'COMPLETED' } }, { changed: false }]);
        expect(answers[1]?.run).toBeUndefined();
      });

      test('undefined and null results are told apart', async () => {
        await submit();
        await submit();
        const [one, two] = await claim(2);
        await apply(one as LeasedRun, { type: 'succeed', token: (one as LeasedRun).lease.token, result: null });
        await apply(two as LeasedRun, { type: 'succeed', token: (two as LeasedRun).lease.token, result: 'null' });
        expect(await store.get((one as LeasedRun).id)).toMatchObject({ result: null });
        expect(await store.get((two as LeasedRun).id)).toMatchObject({ result: 'null' });
      });

      test('a start is durable without anybody writing after it', async () => {
        await submit();
        const [leased] = await claim();
        const applied = await apply(leased as LeasedRun, { type: 'start', token: (leased as LeasedRun).lease.token });
        expect(applied).toMatchObject({ changed: true });
      });

      test('a reader sees a start at once', async () => {
        await submit();
        const [leased] = await claim();
        void apply(leased as LeasedRun, { type: 'start', token: (leased as LeasedRun).lease.token });
        expect(await state(leased as LeasedRun)).toBe('RUNNING');
      });
    });

    describe('time', () => {
      test('runs that nobody started in time expire, each at its own', async () => {
        const soon = await submit({ expiresAt: T0 + 10 });
        const late = await submit({ expiresAt: T0 + 20, dueAt: T0 + 15 });
        await claim(0);
        expect(store.nextWakeAt()).toBe(T0 + 10);
        await store.expire(T0 + 10);
        expect([await state(soon), await state(late)]).toEqual(['EXPIRED', 'SCHEDULED']);
        await store.expire(T0 + 20);
        expect(await state(late)).toBe('EXPIRED');
        expect(store.nextWakeAt()).toBeNull();
      });

      test('a run that was started never expires; one given back before its start does', async () => {
        const run = await submit({ expiresAt: T0 + 10 });
        const [leased] = await claim();
        await store.expire(T0 + 10);
        expect(await state(run)).toBe('PENDING');
        await apply(run, { type: 'release', token: (leased as LeasedRun).lease.token, reason: 'drain' });
        await store.expire(T0 + 10);
        expect(await state(run)).toBe('EXPIRED');
      });
    });

    describe('reading', () => {
      test('lists newest first, in pages', async () => {
        const runs = [];
        for (let index = 0; index < 5; index += 1) runs.push(await submit());
        const ids = runs.map(({ id }) => id).reverse();
        const one = await store.list({ limit: 2 });
        expect(one.runs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
        const newer = await submit();
        const two = await store.list({ limit: 3, cursor: one.nextCursor as string });
        expect(two.runs.map(({ id }) => id)).toEqual(ids.slice(2));
        expect(two.nextCursor).toBeNull();
        expect((await store.list({ limit: 1 })).runs[0]?.id).toBe(newer.id);
      });

      test('filters by state, task and tag, and counts the same', async () => {
        const tagged = await submit({ tags: ['vip', 'x'] });
        await submit({ task: 'other', tags: ['vip'] });
        await cancel(await submit());
        const ids = async (query: object) => (await store.list({ limit: 10, ...query })).runs.map(({ id }) => id);
        expect(await ids({ state: ['SCHEDULED'], task: 'greet' })).toEqual([tagged.id]);
        expect(await ids({ tag: 'vip' })).toHaveLength(2);
        expect(await ids({ text: 'GRE vip' })).toEqual([tagged.id]);
        expect(await ids({ text: 'none' })).toEqual([]);
        expect(await store.counts({ text: 'vip' })).toMatchObject({ SCHEDULED: 2 });
        expect(await ids({ tag: 'vip', task: 'greet', state: ['SCHEDULED', 'CANCELLED'] })).toEqual([tagged.id]);
        expect(await ids({ state: ['RUNNING'] })).toEqual([]);
        expect(await store.counts()).toMatchObject({ SCHEDULED: 2, CANCELLED: 1, RUNNING: 0 });
        expect(await store.counts({ task: 'greet' })).toMatchObject({ SCHEDULED: 1, CANCELLED: 1 });
        expect(await store.counts({ tag: 'vip', state: ['SCHEDULED'] })).toMatchObject({ SCHEDULED: 2, CANCELLED: 0 });
      });

      test('a cursor that no page gave is refused', async () => {
        await expect(store.list({ limit: 1, cursor: 'x' })).rejects.toThrow(/cursor/);
      });

      test('tells what each task has waiting and running', async () => {
        await submit();
        await submit();
        await claim(1);
        await store.setPaused('task', 'other', true, T0);
        expect(await store.tasks()).toEqual(
          expect.arrayContaining([
            { name: 'greet', queued: 1, running: 1, paused: false },
            { name: 'other', queued: 0, running: 0, paused: true },
          ]),
        );
      });
    });

    test('a paused worker is told as such until it goes on', async () => {
      await store.setPaused('worker', 'gpu 1', true, T0);
      await store.setPaused('worker', 'gpu 1', true, T0);
      expect([...store.pausedWorkers()]).toEqual(['gpu 1']);
      expect(await store.tasks()).toEqual([]);
      await store.setPaused('worker', 'gpu 1', false, T0);
      expect([...store.pausedWorkers()]).toEqual([]);
    });

    test('which process a worker was is known until it is another', async () => {
      const process = { pid: 7, host: 'here', machine: null, startTicks: '9' };
      await store.noteWorker('w', process, T0);
      await store.noteWorker('w', process, T0);
      expect(store.workerProcess('w')).toEqual(process);
      expect(store.workerProcess('v')).toBeUndefined();
    });

    test('what was told last of the input of a task is known, until it is told that there is nothing', async () => {
      await store.noteInputs([{ task: 'greet', schema: '{"type":"string"}' }], T0);
      await store.noteInputs(
        [
          { task: 'greet', schema: 'true' },
          { task: 'resize', schema: '{}' },
        ],
        T0,
      );
      expect(store.inputs()).toEqual([
        { task: 'greet', schema: 'true' },
        { task: 'resize', schema: '{}' },
      ]);
      await store.noteInputs(
        [
          { task: 'greet', schema: null },
          { task: 'other', schema: null },
        ],
        T0,
      );
      expect(store.inputs()).toEqual([{ task: 'resize', schema: '{}' }]);
    });

    describe('commits', () => {
      test('what is called in one turn is one commit, with the newest form of each run, told before anybody is answered', async () => {
        const told: string[] = [];
        store.onCommit(({ runs, removed }) => told.push(...runs.map((run) => `${run.id} ${run.state}`), ...removed));
        const submitted = store.submit([aSubmit({ id: 'a' }), aSubmit({ id: 'b' })], T0);
        const claimed = store.claim(offer(1), T0, grant);
        await submitted;
        expect(told).toEqual(['a PENDING', 'b SCHEDULED']);
        expect(await claimed).toHaveLength(1);
      });

      test('a removal is told by id, and a listener that left hears nothing', async () => {
        const run = await complete();
        const commits: Commit[] = [];
        const stop = store.onCommit((commit) => commits.push(commit));
        await store.remove([run.id]);
        expect(commits).toEqual([{ runs: [], removed: [run.id] }]);
        stop();
        await submit();
        expect(commits).toHaveLength(1);
      });

      test('calls in a row are answered in a row', async () => {
        const order: number[] = [];
        const calls = Array.from({ length: 20 }, (_, index) => submit().then(() => order.push(index)));
        await Promise.all(calls);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      });
    });

    describe('results that answer for others', () => {
      const make = async (key: string, at = T0, ttlMs: number | null = null): Promise<LeasedRun> => {
        await submit({ task: 'made' });
        const [run] = await claim(1, at, 'made');
        await apply(run as LeasedRun, { type: 'key', token: (run as LeasedRun).lease.token, cache: { key, ttlMs } }, at);
        return run as LeasedRun;
      };
      const ids = async (task: string | null = null, at = T0) => (await store.cached(task, at)).map(({ id }) => id);

      test('a completed run answers for its key until its time is over, and the newest counts', async () => {
        const first = await make('k', T0, 100);
        expect(store.cachedBy('k', T0)).toBeUndefined();
        await succeed(first);
        expect(store.cachedBy('k', T0 + 99)).toBe(first.id);
        expect(store.cachedBy('k', T0 + 100)).toBeUndefined();
        const second = await make('k', T0 + 5);
        await succeed(second, T0 + 5);
        expect(store.cachedBy('k', T0 + 1e9)).toBe(second.id);
        expect(await ids()).toEqual([second.id]);
      });

      test('it is gone with its run, and what it replaced does not come back', async () => {
        const [first, second] = [await make('k'), await make('k')];
        await succeed(first);
        await succeed(second);
        expect(await store.remove([second.id])).toEqual([second.id]);
        expect(store.cachedBy('k', T0)).toBeUndefined();
      });

      test('they are cleared for one task or for all, and their runs stay', async () => {
        const runs = [await make('a'), await make('b')];
        for (const run of runs) await succeed(run);
        expect(await store.uncache('other', T0)).toBe(0);
        expect(await store.uncache('made', T0)).toBe(2);
        expect([await ids(), store.cachedBy('a', T0)]).toEqual([[], undefined]);
        expect(await state(runs[0] as Run)).toBe('COMPLETED');
        expect(await store.uncache(null, T0)).toBe(0);
      });

      test('a run that waits for the one that makes its result is due in the commit of its end', async () => {
        const [owner, other] = [await make('k'), await make('k')];
        await apply(other, { type: 'defer', token: other.lease.token, until: owner.id });
        expect(await claim(1, T0, 'made')).toHaveLength(0);
        void apply(owner, { type: 'fail', token: owner.lease.token, error: BOOM, retry: false, retryDelayMs: 0, timedOut: false });
        expect(await claim(1, T0, 'made')).toMatchObject([{ id: other.id, attempt: 0, blockedBy: [] }]);
      });

      test('where that one has ended or is gone already, it is due at once', async () => {
        const [owner, one] = [await make('k'), await make('k')];
        await succeed(owner);
        await apply(one, { type: 'defer', token: one.lease.token, until: owner.id });
        const [again] = await claim(1, T0, 'made');
        await apply(again as LeasedRun, { type: 'defer', token: (again as LeasedRun).lease.token, until: 'nobody' });
        expect(await claim(1, T0, 'made')).toMatchObject([{ id: one.id }]);
      });
    });

    describe('keeping', () => {
      const keep = { ...DEFAULT_KEEP, completedCount: 2, failedCount: 1 };

      test('removes final runs only, and says which', async () => {
        const done = await complete();
        const open = await submit();
        expect(await store.remove([done.id, open.id, 'nobody', done.id])).toEqual([done.id]);
        expect(await store.get(done.id)).toBeUndefined();
        expect(await state(open)).toBe('SCHEDULED');
        expect((await store.counts()).COMPLETED).toBe(0);
      });

      test('an id up to the newest removed one is refused; a newer one and any other name is not', async () => {
        const [older, removed, newer] = [newId(), newId(), newId()];
        await complete({ id: removed });
        await store.remove([removed]);
        const answers = await store.submit(
          [older, removed, newer, 'by-hand'].map((id) => aSubmit({ id })),
          T0,
        );
        expect(answers.map(({ kind }) => kind)).toEqual(['expired', 'expired', 'new', 'new']);
      });

      test('removing an id from the future locks nobody out', async () => {
        const far = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
        await complete({ id: far });
        await store.remove([far]);
        expect(await submit()).toMatchObject({ state: 'SCHEDULED' });
      });

      test('a sweep removes what is beyond the number, oldest end first, failures apart', async () => {
        const done = [await complete({}, T0 + 1), await complete({}, T0 + 2), await complete({}, T0 + 3)];
        expect(await store.sweep(T0 + 2_001, keep)).toEqual([]);
        expect(await store.sweep(T0 + 9_000, keep)).toEqual([done[0]?.id]);
        expect(await store.sweep(T0 + 9_000, keep)).toEqual([]);
      });

      test('a sweep removes what is too old', async () => {
        const old = await complete({}, T0);
        const fresh = await complete({}, T0 + 5_000);
        expect(await store.sweep(T0 + 6_000, { ...DEFAULT_KEEP, completedMs: 5_000 })).toEqual([old.id]);
        expect(await state(fresh)).toBe('COMPLETED');
      });

      test('a run that an open run waits for stays until that one has ended', async () => {
        const up = await complete();
        const [low, high] = [
          { ...keep, completedCount: 0 },
          { ...keep, completedCount: 0, failedCount: 0 },
        ];
        const run = await submit({ waitFor: [{ id: up.id, allowFailure: false }] });
        expect(await store.sweep(T0 + 9_000, low)).toEqual([]);
        expect(await store.remove([up.id])).toEqual([]);
        await cancel(run);
        expect((await store.sweep(T0 + 9_000, high)).toSorted()).toEqual([up.id, run.id].toSorted());
      });
    });

    describe('logs', () => {
      test('come back in order, with all that was written before', async () => {
        const run = await submit();
        store.appendLogs(run.id, [line('one'), line('two', { level: 'error', attempt: 2 })]);
        store.appendLogs(run.id, [line('drei ü 💡\nvier')]);
        expect(await store.logs(run.id)).toEqual([line('one'), line('two', { level: 'error', attempt: 2 }), line('drei ü 💡\nvier')]);
        expect(await store.logs('nobody')).toEqual([]);
      });

      test('a line that is too long is cut, and says so', async () => {
        const run = await submit();
        store.appendLogs(run.id, [line('ü'.repeat(20_000))]);
        const [cut] = await store.logs(run.id);
        expect(Buffer.byteLength(cut?.text as string)).toBeLessThanOrEqual(LIMITS.logLineBytes);
        expect(cut?.text).toMatch(/^ü+ … \[40000 bytes\]$/);
      });

      test('the log of a run ends at its limit, and says so once', async () => {
        const run = await submit();
        const long = line('x'.repeat(LIMITS.logLineBytes));
        for (let index = 0; index < 700; index += 1) store.appendLogs(run.id, [long]);
        const lines = await store.logs(run.id);
        expect(lines.at(-1)).toMatchObject({ text: RUN_FULL, level: 'warn' });
        expect(lines.filter(({ text }) => text === RUN_FULL)).toHaveLength(1);
        expect(lines.length).toBeGreaterThan(600);
        expect(lines.length).toBeLessThan(650);
      });

      test('go with their run', async () => {
        const run = await complete();
        store.appendLogs(run.id, [line('one')]);
        expect(await store.logs(run.id)).toHaveLength(1);
        await store.remove([run.id]);
        expect(await store.logs(run.id)).toEqual([]);
        store.appendLogs(run.id, [line('late')]);
        expect(await store.logs(run.id)).toEqual([]);
      });
    });

    test('closing twice is closing once, and a closed store refuses', async () => {
      const pending = submit();
      await Promise.all([store.close(), store.close()]);
      expect(await pending).toMatchObject({ state: 'SCHEDULED' });
      await expect(submit()).rejects.toThrow(/closed/);
      await expect(store.get('a')).rejects.toThrow(/closed/);
    });
  });
}
