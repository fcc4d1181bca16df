import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { REPEAT_MS } from '../../src/client/requests.ts';
import type { WatchEvent } from '../../src/client/watches.ts';
import { ClientClosedError, RunNotFoundError, ServerUnreachableError, UnauthorizedError, WaitTimeoutError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/system/system.ts';
import { completed, ended, FakeServer, tell } from './fake-server.ts';

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

function open(...ids: string[]): void {
  for (const id of ids) server.store({ id, task: 'greet' });
}
const watched = () => server.framesOf('watch').flatMap(({ ids }) => ids);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a wait', () => {
  test('ends when the run is final, and asks nothing meanwhile', async () => {
    open('a');
    const final = client.final('a');
    await server.until(() => watched().length === 1);
    server.change('a', { state: 'RUNNING' });
    server.change('a', completed(42));
    expect(await final).toMatchObject({ state: 'COMPLETED', result: 42 });
    expect(server.asked).toEqual([]);
    expect(server.frames).toHaveLength(1);
  });

  test('for a run that is final already is answered at once', async () => {
    open('a');
    server.change('a', ended('FAILED'));
    expect(await client.final('a')).toMatchObject({ state: 'FAILED' });
  });

  test('for a run that never was says so; also for what can be no id', async () => {
    await expect(client.final('never')).rejects.toBeInstanceOf(RunNotFoundError);
    await expect(client.final(`no id ${'x'.repeat(5_000_000)}`)).rejects.toBeInstanceOf(RunNotFoundError);
    expect(watched()).toEqual(['never']);
  });

  test('among 1,000 shares one socket and one frame, and each gets its own run', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `run-${index}`);
    open(...ids);
    const finals = Promise.all(ids.map((id) => client.final(id)));
    await server.until(() => watched().length === 1_000);
    for (const [index, id] of ids.entries()) server.change(id, completed(index));
    expect((await finals).map(({ result }) => result)).toEqual(ids.map((_, index) => index));
    expect(server.framesOf('watch')).toHaveLength(1);
    expect(server.connections).toBe(1);
  });

  test('of several for one run asks once, and ends for all', async () => {
    open('a');
    const first = client.final('a');
    await server.until(() => watched().length === 1);
    const others = [client.final('a'), client.final('a')];
    await turn();
    server.change('a', completed(1));
    expect(await Promise.all([first, ...others])).toHaveLength(3);
    expect(watched()).toEqual(['a']);
  });

  test('outlives a restart of the server', async () => {
    open('a');
    const final = client.final('a');
    await server.until(() => watched().length === 1);
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 200)); // tries that fail
    await server.listen();
    await server.until(() => watched().length === 2);
    server.change('a', completed('after'));
    expect((await final).result).toBe('after');
  });

  test('hears what ended while the socket was down', async () => {
    open('a');
    const final = client.final('a');
    await server.until(() => watched().length === 1);
    server.onFrame = () => true; // deaf until it is back
    server.drop();
    server.change('a', completed('meanwhile'));
    server.onFrame = () => false;
    expect((await final).result).toBe('meanwhile');
  });

  test('ends with its time, and lets go of the run', async () => {
    open('a');
    await expect(client.final('a', { timeoutMs: 50 })).rejects.toBeInstanceOf(WaitTimeoutError);
    await expect(client.final('a', { timeoutMs: 50 })).rejects.toMatchObject({ runId: 'a', message: expect.stringContaining('50 ms') });
    await server.until(() => server.framesOf('unwatch').length === 1);
  });

  test('ends with its signal, for its reason; one that is aborted already asks nothing', async () => {
    open('a');
    const controller = new AbortController();
    const final = client.final('a', { signal: controller.signal });
    await server.until(() => watched().length === 1);
    controller.abort(new Error('enough'));
    await expect(final).rejects.toThrow('enough');
    await server.until(() => server.framesOf('unwatch').length === 1);
    await expect(client.final('b', { signal: controller.signal })).rejects.toThrow('enough');
    await turn();
    expect(watched()).toEqual(['a']);
  });

  test('that ended leaves the other waits for the run alone', async () => {
    open('a');
    const short = client.final('a', { timeoutMs: 30 });
    const long = client.final('a');
    await expect(short).rejects.toBeInstanceOf(WaitTimeoutError);
    await turn();
    expect(server.framesOf('unwatch')).toEqual([]);
    server.change('a', completed(1));
    expect((await long).result).toBe(1);
  });

  test('where nobody ever answered fails at once', async () => {
    await server.kill();
    await expect(client.final('a')).rejects.toBeInstanceOf(ServerUnreachableError);
  });

  test('where the key is wrong fails at once', async () => {
    server.refuseUpgrade = { status: 401, body: '' };
    await expect(client.final('a')).rejects.toBeInstanceOf(UnauthorizedError);
  });

  test('where a stranger answers fails at once', async () => {
    server.refuseUpgrade = { status: 404, body: '<html>' };
    await expect(client.final('a')).rejects.toBeInstanceOf(ServerUnreachableError);
  });

  test('begun while a known server is away gets 30 s for it to come back', async () => {
    let skew = 0;
    await client.close();
    client = server.client({ clock: { ...systemClock, monotonic: () => systemClock.monotonic() + skew } });
    await client.request('GET', '/health');
    await server.kill();
    let failed: unknown;
    const final = client.final('a').catch((error: unknown) => {
      failed = error;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(failed).toBeUndefined();
    skew = REPEAT_MS;
    await final;
    expect(failed).toBeInstanceOf(ServerUnreachableError);
  });

  test('ends when the client is closed, and none begins after it', async () => {
    open('a');
    const final = client.final('a');
    await turn();
    await client.close();
    await expect(final).rejects.toBeInstanceOf(ClientClosedError);
    await expect(client.final('a')).rejects.toBeInstanceOf(ClientClosedError);
  });
});

describe('a watch', () => {
  const watch = (id: string, detail: boolean) => {
    const events: WatchEvent[] = [];
    const waiting = new Set<() => void>();
    const stop = client.watch(
      id,
      (event) => {
        events.push(event);
        for (const wake of waiting) wake();
      },
      { detail },
    );
    const until = async (count: number): Promise<void> => {
      while (events.length < count) await new Promise<void>((resolve) => waiting.add(resolve));
    };
    return { events, stop, until, types: () => events.map(({ type }) => type) };
  };
  const line = { at: '2030-01-01T00:00:00.000Z', level: 'info', text: 'hi', attempt: 1 } as const;
  const log = (id: string) => {
    for (const socket of server.sockets) tell(socket, { type: 'log', id, lines: [line] });
  };

  test('with detail hears each state from the first, and lines', async () => {
    open('a');
    const { events, until } = watch('a', true);
    await until(1);
    log('a');
    server.change('a', { state: 'RUNNING' });
    server.change('a', completed(1));
    await until(4);
    expect(events.map((event) => (event.type === 'run' ? event.run.state : event.type))).toEqual([
      'SCHEDULED',
      'log',
      'RUNNING',
      'COMPLETED',
    ]);
  });

  test('without detail hears no lines, also where another asked for them', async () => {
    open('a');
    const plain = watch('a', false);
    const full = watch('a', true);
    await full.until(1);
    log('a');
    server.change('a', completed(1));
    await full.until(3);
    expect(plain.types()).not.toContain('log');
    expect(full.types()).toEqual(['run', 'log', 'run']);
  });

  test('that joins another with detail is told the state it is in', async () => {
    open('a');
    const first = watch('a', true);
    await first.until(1);
    const second = watch('a', true);
    await second.until(1);
    expect(second.types()).toEqual(['run']);
  });

  test('that joins after the end is told the end', async () => {
    open('a');
    server.change('a', completed(1));
    const first = watch('a', true);
    await first.until(1);
    const second = watch('a', false);
    await second.until(1);
    expect(second.events).toMatchObject([{ type: 'run', run: { state: 'COMPLETED' } }]);
  });

  test('of an unknown run is told so', async () => {
    const { until, types } = watch('never', true);
    await until(1);
    expect(types()).toEqual(['unknown']);
  });

  test('that began and ended in one turn is never told to the server', async () => {
    open('a', 'b');
    const held = watch('a', true);
    await held.until(1);
    watch('b', true).stop();
    await turn();
    expect(watched()).toEqual(['a']);
    expect(server.framesOf('unwatch')).toEqual([]);
  });

  test('stops once, however often it is told to, and is given up at the server', async () => {
    open('a');
    const { stop, until, events } = watch('a', true);
    await until(1);
    stop();
    stop();
    await server.until(() => server.framesOf('unwatch').length === 1);
    server.change('a', completed(1));
    await turn();
    expect(events).toHaveLength(1);
  });

  test('of two with detail that leave in the turn in which one joined is given up', async () => {
    open('a');
    const first = watch('a', true);
    await first.until(1);
    const second = watch('a', true);
    first.stop();
    second.stop();
    await server.until(() => server.framesOf('unwatch').length === 1);
  });

  test('of a run that ended is not asked for again when the socket comes back', async () => {
    open('a', 'b');
    const over = watch('a', true);
    const going = watch('b', true);
    await Promise.all([over.until(1), going.until(1)]);
    server.change('a', completed(1));
    await over.until(2);
    server.frames.length = 0;
    server.drop();
    await server.until(() => watched().length > 0);
    expect(watched()).toEqual(['b']);
  });

  test('is told when nobody lets it in, if it wants to know', async () => {
    server.refuseUpgrade = { status: 401, body: '' };
    const error = await new Promise((resolve) => client.watch('a', () => undefined, { detail: true, failed: resolve }));
    expect(error).toBeInstanceOf(UnauthorizedError);
  });
});
