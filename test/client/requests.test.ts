import { beforeEach, describe, expect, test } from 'vitest';
import { REPEAT_MS, Requests, SETTLE_MS, TRY_MS } from '../../src/client/requests.ts';
import { type HttpAnswer, type HttpRequest, NetworkError, type Transport } from '../../src/client/transport.ts';
import { ConfigError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/seams.ts';

type Step = HttpAnswer | NetworkError;
const ok = { status: 200, body: '"yes"' };
const refused = (code: string, status: number) => ({ status, body: JSON.stringify({ error: { code, message: code } }) });
const unsent = new NetworkError(false, Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
const reset = new NetworkError(true, Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));

/** Time passes only while somebody waits, and then at once. */
let now = 0;
const clock: Clock = {
  now: () => now,
  monotonic: () => now,
  after(ms, fn) {
    const timer = setImmediate(() => {
      now += ms;
      fn();
    });
    return { cancel: () => clearImmediate(timer) };
  },
};

let asked: (HttpRequest & { at: number })[] = [];
beforeEach(() => {
  now = 0;
  asked = [];
});

/** The steps in turn; the last is repeated. `takesMs`: how long each takes. */
function requests(
  steps: Step[],
  { takesMs = 0, apiKey = 'k' as string | null, address = undefined as undefined | (() => Promise<never>) } = {},
): Requests {
  const transport: Transport = {
    caller: 'test',
    connect: () => Promise.reject(new Error('not here')),
    request: async (request) => {
      asked.push({ ...request, at: now });
      now += takesMs;
      const step = (steps.length > 1 ? steps.shift() : steps[0]) as Step;
      if (step instanceof NetworkError) throw step;
      return step;
    },
    close: () => undefined,
  };
  const random = { number: () => 0.5, token: () => '' };
  return new Requests({ address: address ?? (async () => ({ url: 'http://h/api/', apiKey })), transport, clock, random });
}

describe('a request', () => {
  test('goes to the address of the moment, with the key, and nowhere else', async () => {
    expect(await requests([ok]).call('POST', '/runs', '{}', false)).toBe('yes');
    expect(asked[0]).toMatchObject({
      ...{ method: 'POST', url: 'http://h/api/runs', body: '{}' },
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    });
  });

  test('says no key where there is none, and no type where there is no body', async () => {
    await requests([ok], { apiKey: null }).call('GET', '/runs', null, true);
    expect(asked[0]?.headers).toEqual({ accept: 'application/json' });
  });

  test('fails at once where nothing ever answered', async () => {
    await expect(requests([unsent]).call('GET', '/runs', null, true)).rejects.toMatchObject({
      ...{ code: 'BGTASK_SERVER_UNREACHABLE', message: 'No bgtask server answers at http://h/api/.', runIds: [] },
      cause: { code: 'ECONNREFUSED' },
    });
    expect(asked).toHaveLength(1);
  });

  test('waits for a server that answered before and is being restarted', async () => {
    const them = requests([ok, unsent, unsent, ok]);
    await them.call('GET', '/runs', null, true);
    expect(await them.call('POST', '/runs/x/retry', null, false)).toBe('yes');
    expect(asked).toHaveLength(4);
  });

  test('is repeated for 30 s, less and less often, and then fails', async () => {
    const them = requests([ok, unsent]);
    await them.call('GET', '/runs', null, true);
    await expect(them.call('GET', '/runs', null, true)).rejects.toMatchObject({ code: 'BGTASK_SERVER_UNREACHABLE' });
    const gaps = asked.slice(1).map(({ at }, index, all) => at - (all[index - 1]?.at ?? 0));
    expect(gaps.slice(1, 5)).toEqual([37.5, 75, 150, 187.5]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(250);
    expect(now).toBeGreaterThanOrEqual(REPEAT_MS);
    expect(now).toBeLessThan(REPEAT_MS + 1_000);
  });

  test('that may have been heard is repeated only where that changes nothing', async () => {
    expect(await requests([reset, ok]).call('GET', '/runs', null, true)).toBe('yes');
    await expect(requests([reset, ok]).call('POST', '/runs/x/retry', null, false)).rejects.toMatchObject({
      code: 'BGTASK_SERVER_UNREACHABLE',
    });
    expect(asked).toHaveLength(3);
  });

  test('that was sent goes on being repeated while nobody listens, also by a client that heard of no server before', async () => {
    expect(await requests([reset, unsent, unsent, ok]).call('GET', '/runs', null, true)).toBe('yes');
  });

  test('is never repeated after a refusal', async () => {
    for (const answer of [refused('queue_full', 429), refused('internal', 500), refused('id_conflict', 409)]) {
      await expect(requests([answer, ok]).call('POST', '/runs', '{}', true)).rejects.toMatchObject({ name: 'RefusedError' });
    }
    expect(asked).toHaveLength(3);
  });

  test('that a stopping server did not take is made again, of whatever kind: nothing came of it', async () => {
    const steps = [refused('draining', 503), refused('draining', 503), unsent, ok];
    expect(await requests(steps).call('POST', '/runs/x/retry', null, false)).toBe('yes');
  });

  test('that a server goes on not taking because it stops ends as where there is none', async () => {
    const steps = Array.from({ length: 1_000 }, () => refused('draining', 503));
    const error = (await requests(steps)
      .call('POST', '/runs', '{}', true)
      .catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'BGTASK_SERVER_UNREACHABLE' });
    expect((error.cause as Error).message).toBe('draining');
    expect(now).toBeGreaterThanOrEqual(REPEAT_MS);
  });

  test('is repeated where the server says that it does not know, and where a proxy has no server', async () => {
    const steps = [refused('storage_failed', 503), refused('too_slow', 503), { status: 502, body: 'bad gateway' }, ok];
    expect(await requests(steps).call('POST', '/runs', '{}', true)).toBe('yes');
  });

  test('that was sent before is not settled by a server that takes nothing now', async () => {
    const steps = [reset, refused('draining', 503), refused('queue_full', 429), ok];
    expect(await requests(steps).call('POST', '/runs', '{}', true)).toBe('yes');
  });

  test('does not follow a redirect, and does not give the key to where it leads', async () => {
    await expect(requests([{ status: 302, body: '' }]).call('GET', '/runs', null, true)).rejects.toMatchObject({ reason: 'redirect' });
    expect(asked).toHaveLength(1);
  });

  test('passes on what is wrong with the settings', async () => {
    const address = () => Promise.reject(new ConfigError('no such profile', 'env'));
    await expect(requests([ok], { address }).call('GET', '/runs', null, true)).rejects.toThrow('no such profile');
  });

  test('has half the time where another try can follow, and never more than is left', async () => {
    const them = requests([reset], { takesMs: 12_000 });
    await expect(them.call('GET', '/runs', null, true)).rejects.toThrow();
    expect(asked.map(({ timeoutMs }) => Math.round(timeoutMs))).toEqual([TRY_MS, TRY_MS, expect.closeTo(REPEAT_MS - 24_000, -3)]);
  });
});

describe('a wrong key', () => {
  test('is told at once', async () => {
    await expect(requests([refused('unauthorized', 401)]).call('GET', '/runs', null, true)).rejects.toMatchObject({
      code: 'BGTASK_UNAUTHORIZED',
    });
    expect(asked).toHaveLength(1);
  });

  test('that was right before is looked up again for a moment: a server may listen before its record is written', async () => {
    const them = requests([ok, refused('unauthorized', 401), refused('unauthorized', 401), ok]);
    await them.call('GET', '/runs', null, true);
    expect(await them.call('POST', '/runs/x/retry', null, false)).toBe('yes');
  });

  test('however long it took until the server was back', async () => {
    const them = requests([ok, ...Array.from({ length: 30 }, () => unsent), refused('unauthorized', 401), ok]);
    await them.call('GET', '/runs', null, true);
    expect(await them.call('POST', '/runs', '{}', true)).toBe('yes');
    expect(now).toBeGreaterThan(SETTLE_MS);
  });

  test('that stays wrong is told then', async () => {
    const them = requests([ok, refused('unauthorized', 401)]);
    await them.call('GET', '/runs', null, true);
    await expect(them.call('GET', '/runs', null, true)).rejects.toMatchObject({ code: 'BGTASK_UNAUTHORIZED' });
    expect(now).toBeGreaterThanOrEqual(SETTLE_MS);
    expect(now).toBeLessThan(SETTLE_MS + 1_000);
  });
});

describe('a request with a patience of its own', () => {
  const ask = (them: Requests, patienceMs: number) =>
    them.repeat((timeoutMs) => them.once('POST', '/runs', '{}', timeoutMs), true, { patienceMs });
  const gone = { code: 'BGTASK_SERVER_UNREACHABLE' };

  test('is repeated for that long', async () => {
    const them = requests([ok, unsent]);
    await ask(them, 2_000);
    await expect(ask(them, 2_000)).rejects.toMatchObject(gone);
    expect(now).toBeGreaterThanOrEqual(2_000);
    expect(now).toBeLessThan(2_250);
    expect(asked.at(-1)?.timeoutMs).toBeLessThan(2_000);
  });

  test('of nothing is tried once, with the time of any try', async () => {
    const them = requests([ok, unsent]);
    await ask(them, 0);
    await expect(ask(them, 0)).rejects.toMatchObject(gone);
    expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([TRY_MS, TRY_MS]);
    await expect(requests([reset]).repeat(() => Promise.reject(reset), true, { patienceMs: 0, runIds: ['a'] })).rejects.toMatchObject({
      runIds: ['a'],
    });
  });

  test('of nothing fails with the try of another that is under way, and finds a server that is back', async () => {
    const them = requests([ok, unsent, unsent, ok]);
    await ask(them, 0);
    const both = await Promise.allSettled([ask(them, 0), ask(them, 0)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const before = asked.length;
    await expect(ask(them, 0)).rejects.toMatchObject(gone); // it was tried just now
    now += 250;
    const results = await Promise.allSettled([ask(them, 0), ask(them, 0)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(asked.length - before).toBe(2);
  });
});

test('an outcome that stays unknown names the runs it is not known of', async () => {
  const sent = requests([reset]).repeat(() => Promise.reject(reset), true, { runIds: ['a', 'b'] });
  await expect(sent).rejects.toMatchObject({ runIds: ['a', 'b'], message: expect.stringContaining('2 runs (a, b)') });
  const unheard = requests([unsent]).repeat(() => Promise.reject(unsent), true, { runIds: ['a'] });
  await expect(unheard).rejects.toMatchObject({ runIds: [] });
});
