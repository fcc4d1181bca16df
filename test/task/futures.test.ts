import { describe, expect, test } from 'vitest';
import type { Future, WaitOptions } from '../../src/client/types.ts';
import { RunNotFoundError, WaitTimeoutError } from '../../src/core/errors.ts';
import { FUTURE } from '../../src/core/values.ts';
import { allowFailure, asCompleted, waitAll } from '../../src/task/futures.ts';

/** A future that is final when the test says so. */
function aFuture(id: string) {
  let end = (_run: object): void => {};
  let fail = (_error: Error): void => {};
  const waits: (WaitOptions | undefined)[] = [];
  const ended = new Promise<object>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const wait = (options?: WaitOptions) => {
    waits.push(options);
    return ended;
  };
  const future = { id, deduplicated: false, wait, [FUTURE]: { id, allowFailure: false } } as unknown as Future<string>;
  return { future, end, fail, waits };
}

test('allowFailure marks the future as one that may fail, and leaves the future itself as it was', () => {
  const { future } = aFuture('run-1');
  expect(allowFailure(future)).toMatchObject({ id: 'run-1', [FUTURE]: { id: 'run-1', allowFailure: true } });
  expect(future[FUTURE].allowFailure).toBe(false);
});

describe('waitAll', () => {
  test('gives the final runs in the order of the futures, failed ones too', async () => {
    const [a, b] = [aFuture('a'), aFuture('b')];
    const all = waitAll([a.future, b.future], { timeout: '1s' });
    b.end({ id: 'b', state: 'FAILED' });
    a.end({ id: 'a', state: 'COMPLETED' });
    await expect(all).resolves.toMatchObject([{ id: 'a' }, { id: 'b' }]);
    expect(a.waits).toEqual([{ timeout: '1s' }]);
  });

  test('that ends first tells which runs had ended, how, and which go on', async () => {
    const [a, b, c] = [aFuture('a'), aFuture('b'), aFuture('c')];
    const all = waitAll([a.future, b.future, c.future], { timeout: '1s' });
    c.end({ id: 'c', state: 'FAILED' });
    await c.future.wait();
    a.fail(new WaitTimeoutError('a', 1_000));
    const error = await all.catch((thrown: unknown) => thrown as WaitTimeoutError);
    expect(error).toMatchObject({ runId: 'a', message: '2 of 3 runs were not final within 1000 ms, the first of them a. They go on.' });
    b.end({ id: 'b', state: 'COMPLETED' });
    await b.future.wait();
    expect((error as WaitTimeoutError).runs).toEqual([null, null, { id: 'c', state: 'FAILED' }]);
  });

  test('fails with any other error as it is', async () => {
    const [a, b] = [aFuture('a'), aFuture('b')];
    const all = waitAll([a.future, b.future]);
    const gone = new RunNotFoundError('b');
    b.fail(gone);
    await expect(all).rejects.toBe(gone);
  });

  test('of nothing is nothing', async () => {
    await expect(waitAll([])).resolves.toEqual([]);
  });
});

describe('asCompleted', () => {
  test('gives each future when its run is final, first come first', async () => {
    const all = ['a', 'b', 'c'].map(aFuture);
    const seen: string[] = [];
    const loop = (async () => {
      for await (const { id } of asCompleted(all.map(({ future }) => future))) {
        seen.push(id);
        if (id === 'c') all[0]?.end({});
      }
    })();
    all[2]?.end({});
    all[1]?.end({});
    await loop;
    expect(seen).toEqual(['c', 'b', 'a']);
  });

  test('throws what the wait threw', async () => {
    const a = aFuture('a');
    const next = asCompleted([a.future]).next();
    a.fail(new WaitTimeoutError('a', 5));
    await expect(next).rejects.toThrow(WaitTimeoutError);
  });

  test('ends the waits that are left when the loop is left', async () => {
    const [a, b] = [aFuture('a'), aFuture('b')];
    a.end({});
    for await (const _future of asCompleted([a.future, b.future], { signal: new AbortController().signal })) break;
    expect(b.waits[0]?.signal?.aborted).toBe(true);
  });

  test('of nothing ends at once', async () => {
    expect(await asCompleted([]).next()).toEqual({ done: true, value: undefined });
  });
});
