import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { getRun, RunFuture, toRun } from '../../src/client/future.ts';
import type { Future, RunUpdate } from '../../src/client/types.ts';
import type { RunView } from '../../src/core/api.ts';
import { InvalidOptionError, RunNotFoundError, TaskRunError, WaitTimeoutError } from '../../src/core/errors.ts';
import { encodeArgs, encodeResult, FUTURE } from '../../src/core/values.ts';
import { aRun, completed, ended, FakeServer, tell } from './fake-server.ts';

let server: FakeServer;
let client: Client;
beforeEach(async () => {
  server = await FakeServer.start();
  client = server.client();
});
afterEach(async () => {
  await client.close();
  await server.kill();
});

function run(id: string, change: Partial<RunView> = {}): Future<unknown> {
  server.runs.set(id, { ...aRun(id), ...change });
  return new RunFuture(client, id);
}
const json = (value: unknown): unknown => JSON.parse(encodeResult(value) as string);

describe('a future', () => {
  test('is a handle and no promise', async () => {
    const future = run('a');
    expect(future.id).toBe('a');
    expect(future.deduplicated).toBe(false);
    expect('then' in future).toBe(false);
    expect(await future).toBe(future);
    expect(new RunFuture(client, 'a', { deduplicated: true }).deduplicated).toBe(true);
  });

  test('may stand inside arguments, where it becomes the run it stands for', () => {
    const future = run('a');
    expect(future[FUTURE]).toEqual({ id: 'a', allowFailure: false });
    expect(encodeArgs([{ deep: [future] }]).upstream).toEqual([{ id: 'a', allowFailure: false }]);
  });

  test('asks nothing before it is used', async () => {
    getRun(client, 'a');
    await new Promise((resolve) => setImmediate(resolve));
    expect([server.asked.length, server.connections]).toEqual([0, 0]);
  });

  test('gets its run with values decoded and times as dates', async () => {
    const args = JSON.parse(encodeArgs([1, new Date(7), new Map([['k', 2n]])]).args) as unknown[];
    const history = [{ state: 'SCHEDULED', name: 'Scheduled', at: '2030-01-01T00:00:00.000Z', attempt: 0, reason: null }] as const;
    const got = await run('a', { ...completed(json(new Set([1]))), args, history }).get();
    expect(got).toMatchObject({ id: 'a', state: 'COMPLETED', result: new Set([1]), error: null, startedAt: null });
    expect(got.args).toEqual([1, new Date(7), new Map([['k', 2n]])]);
    expect([got.createdAt, got.endedAt]).toEqual([new Date('2030-01-01T00:00:00.000Z'), new Date('2030-01-01T00:00:01.000Z')]);
    expect(got.history[0]?.at).toEqual(new Date('2030-01-01T00:00:00.000Z'));
  });

  test('of an open run has neither result nor error', async () => {
    expect(await run('a', { state: 'RUNNING' }).get()).toMatchObject({ state: 'RUNNING', result: null, error: null });
  });

  test('of a run that returned undefined gives undefined', async () => {
    const { result: _, ...view } = { ...aRun('a'), ...completed(0) };
    server.runs.set('a', view as RunView);
    const future = new RunFuture<undefined>(client, 'a');
    expect(await future.result()).toBeUndefined();
    expect(await future.wait()).toMatchObject({ state: 'COMPLETED', result: undefined });
  });

  test('gives the result when the run is final', async () => {
    const future = run('a');
    const result = future.result({ timeout: '10s' });
    await server.until(() => server.framesOf('watch').length === 1);
    server.change('a', completed(json(10n)));
    expect(await result).toBe(10n);
  });

  test('asks no more once it knows the end', async () => {
    const future = run('a', completed(1));
    await future.wait();
    const frames = server.frames.length;
    expect([await future.result(), (await future.wait()).state]).toEqual([1, 'COMPLETED']);
    expect([server.frames.length, server.asked.length]).toEqual([frames, 0]);
  });

  test('gets the history also of a run whose end it knows, and asks for it once', async () => {
    const future = run('a', completed(1));
    expect((await future.wait()).history).toEqual([]);
    const history = [{ state: 'COMPLETED', name: 'Completed', at: '2030-01-01T00:00:00.000Z', attempt: 1, reason: null }] as const;
    server.runs.set('a', { ...aRun('a'), ...completed(1), history });
    expect([(await future.get()).history.length, (await future.get()).history.length]).toEqual([1, 1]);
    expect(server.asked).toHaveLength(1);
  });

  test('whose end it knows gets what it knows where the run was removed since', async () => {
    const future = run('a', completed(1));
    await future.wait();
    server.runs.delete('a');
    expect(await future.get()).toMatchObject({ state: 'COMPLETED', result: 1 });
  });

  test('gives a new copy of the values each time', async () => {
    const future = run('a', completed({ list: [1] }));
    const first = (await future.result()) as { list: number[] };
    const again = (await future.wait()).result as { list: number[] };
    expect(again).toEqual(first);
  });

  test('asks the run to stop', async () => {
    const future = run('a');
    await future.cancel();
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/runs/a/cancel' });
    expect((await future.wait()).state).toBe('CANCELLED');
  });

  test('refuses a time that is none, and ends when its time is over', async () => {
    const future = run('a');
    await expect(future.wait({ timeout: 'soon' as never })).rejects.toBeInstanceOf(InvalidOptionError);
    await expect(future.result({ timeout: 20 })).rejects.toBeInstanceOf(WaitTimeoutError);
  });
});

describe('a run that did not complete', () => {
  const cause = { name: 'RangeError', message: 'inner', stack: 'RangeError: inner\n    at far away', cause: null };
  const error = { name: 'TypeError', message: 'boom', stack: 'TypeError: boom\n    at worker', cause };

  test('is given by wait, and thrown by result with what its task threw as the cause', async () => {
    const future = run('a', { ...ended('FAILED', error), stateName: 'TimedOut' });
    const final = await future.wait();
    expect(final).toMatchObject({ state: 'FAILED', stateName: 'TimedOut', result: null });
    const thrown = await future.result().catch((it: unknown) => it as TaskRunError);
    expect(thrown).toBeInstanceOf(TaskRunError);
    expect(thrown).toMatchObject({
      name: 'TaskRunError',
      runId: 'a',
      task: 'greet',
      state: 'FAILED',
      stateName: 'TimedOut',
      message: 'boom',
    });
    const remote = (thrown as TaskRunError).cause as Error;
    expect(remote).toBeInstanceOf(Error);
    expect(remote).toMatchObject({
      name: 'TypeError',
      message: 'boom',
      stack: error.stack,
      cause: { name: 'RangeError', message: 'inner' },
    });
    expect(final.error).toEqual(thrown);
  });

  test('is thrown where the result is awaited', async () => {
    const thrown = (await run('a', ended('FAILED', error))
      .result()
      .catch((it: unknown) => it)) as Error;
    expect(thrown.stack).toContain('future.test.ts');
  });

  test.each(['CRASHED', 'CANCELLED', 'EXPIRED'] as const)('%s is a TaskRunError as well', async (state) => {
    await expect(run('a', ended(state)).result()).rejects.toMatchObject({ name: 'TaskRunError', state });
  });
});

describe('a future from an id', () => {
  test('works where there is such a run', async () => {
    run('a', completed(7));
    expect(await getRun(client, 'a', 'greet').result()).toBe(7);
  });

  test('fails when it is used where there is none', async () => {
    const future = getRun(client, 'never');
    for (const use of [future.get(), future.wait(), future.result(), future.cancel()])
      await expect(use).rejects.toBeInstanceOf(RunNotFoundError);
    await expect(future.events().next()).rejects.toBeInstanceOf(RunNotFoundError);
  });

  test('fails where the run is of another task, and does not cancel it', async () => {
    run('a', { task: 'other' });
    const future = getRun(client, 'a', 'greet');
    const mismatch = { name: 'RunNotFoundError', runId: 'a', message: "This is a run of task 'other', not of 'greet': a." };
    await expect(future.get()).rejects.toMatchObject(mismatch);
    await expect(future.cancel()).rejects.toMatchObject(mismatch);
    await expect(future.events().next()).rejects.toMatchObject(mismatch);
    expect(server.runs.get('a')?.state).toBe('SCHEDULED');
    server.change('a', completed(1));
    await expect(future.result()).rejects.toMatchObject(mismatch);
  });

  test('that can be no id of a run is none, and nothing is asked', async () => {
    await expect(getRun(client, '../workers').get()).rejects.toBeInstanceOf(RunNotFoundError);
    expect(server.asked).toEqual([]);
  });
});

describe('events', () => {
  const lines = [
    { at: '2030-01-01T00:00:00.000Z', level: 'info', text: 'one', attempt: 1 },
    { at: '2030-01-01T00:00:00.000Z', level: 'error', text: 'two', attempt: 1 },
  ] as const;
  const shown = (update: RunUpdate<unknown>): unknown => {
    if (update.type === 'state') return update.run.state;
    if (update.type === 'meta') return update.meta.file;
    return update.type === 'log' ? update.text : `${update.done}/${update.total}`;
  };

  test('are states, lines and progress in order, and end with the final state', async () => {
    const future = run('a');
    const seen: unknown[] = [];
    for await (const update of future.events()) {
      seen.push(shown(update));
      if (seen.length > 1) continue;
      server.change('a', { state: 'RUNNING', stateName: 'Running', attempt: 1 });
      server.logs.set('a', [lines[0]]);
      for (const socket of server.sockets) tell(socket, { type: 'log', id: 'a', lines });
      server.change('a', { progress: { done: 1, total: 2, note: null } });
      server.change('a', { progress: { done: 1, total: 2, note: null }, meta: { file: 'cat.png' } });
      server.change('a', completed('end'));
    }
    expect(seen).toEqual(['SCHEDULED', 'one', 'RUNNING', 'two', '1/2', 'cat.png', 'COMPLETED']);
  });

  test('of a final run are its log and its final state', async () => {
    const seen: unknown[] = [];
    server.logs.set('a', lines);
    for await (const update of run('a', completed(1)).events()) seen.push(shown(update));
    expect(seen).toEqual(['one', 'two', 'COMPLETED']);
  });

  test('are there where the log cannot be read', async () => {
    server.misbehave = ({ path }) => (path.endsWith('/logs') ? { status: 500, body: '' } : undefined);
    const seen: unknown[] = [];
    for await (const update of run('a', completed(1)).events()) seen.push(shown(update));
    expect(seen).toEqual(['COMPLETED']);
  });

  test('that nobody wants any more are given up', async () => {
    for await (const _ of run('a').events()) break;
    await server.until(() => server.framesOf('unwatch').length === 1);
  });

  test('end with their signal', async () => {
    const controller = new AbortController();
    const events = run('a').events({ signal: controller.signal });
    await events.next();
    const next = events.next();
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await server.until(() => server.framesOf('unwatch').length === 1);
    await expect(run('a').events({ signal: controller.signal }).next()).rejects.toThrow('enough');
  });

  test('have the lines that were written while the connection was lost, each once', async () => {
    const three = { ...lines[1], at: '2030-01-01T00:00:01.000Z', text: 'three' };
    server.logs.set('a', [lines[0]]);
    const seen: unknown[] = [];
    for await (const update of run('a').events()) {
      seen.push(shown(update));
      if (seen.length !== 2) continue;
      server.logs.set('a', lines);
      for (const socket of server.sockets) {
        tell(socket, { type: 'resync' });
        socket.close(1013);
      }
      void server
        .until(() => server.framesOf('watch').length === 2)
        .then(() => {
          for (const socket of server.sockets) tell(socket, { type: 'log', id: 'a', lines: [lines[1], three] });
          server.change('a', completed(1));
        });
    }
    expect(seen).toEqual(['SCHEDULED', 'one', 'two', 'three', 'COMPLETED']);
  });

  test('go on over a broken connection, and tell nothing twice', async () => {
    const seen: unknown[] = [];
    for await (const update of run('a').events()) {
      seen.push(shown(update));
      if (seen.length === 1) {
        server.drop();
        void server.until(() => server.framesOf('watch').length === 2).then(() => server.change('a', completed(1)));
      }
    }
    expect(seen).toEqual(['SCHEDULED', 'COMPLETED']);
  });
});

test('a run that no server of ours can have made is an error, not a wrong value', () => {
  expect(() => toRun({ ...aRun('a'), ...completed({ $devalue: 'nonsense' }) })).toThrow();
});
