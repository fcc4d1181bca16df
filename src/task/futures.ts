/** What can be done with several futures, and with one that may fail. All of it stands on `Future` alone. */
import type { FinalRun, Future, WaitOptions } from '../client/types.ts';
import { toMilliseconds } from '../core/duration.ts';
import { WaitTimeoutError } from '../core/errors.ts';
import { FUTURE } from '../core/values.ts';
import type { Settling } from './types.ts';

/**
 * The same future as an argument or in `waitFor`, for a run that shall start however this one ends. As an argument it becomes
 * `{ status: 'fulfilled', value }` or `{ status: 'rejected', reason }`, as from `Promise.allSettled`.
 */
export function allowFailure<R>(future: Future<R>): Settling<PromiseSettledResult<R>> {
  const { id } = future;
  return { id, [FUTURE]: { id, allowFailure: true } } as unknown as Settling<PromiseSettledResult<R>>;
}

type FinalRuns<F extends readonly Future<unknown>[]> = { -readonly [K in keyof F]: F[K] extends Future<infer R> ? FinalRun<R> : never };

/**
 * The final runs of all futures, in their order. A failed one is no error.
 * @throws {WaitTimeoutError} One of them was not final in time. Those that go on do so; `runs` of the error are the others.
 */
export async function waitAll<const F extends readonly Future<unknown>[]>(futures: F, options: WaitOptions = {}): Promise<FinalRuns<F>> {
  const ended: (FinalRun<unknown> | null)[] = futures.map(() => null);
  const waits = futures.map(async (future, index) => {
    const run = await future.wait(options);
    ended[index] = run;
    return run;
  });
  try {
    return (await Promise.all(waits)) as FinalRuns<F>;
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
    const { id } = futures[ended.indexOf(null)] as Future<unknown>;
    throw new WaitTimeoutError(id, toMilliseconds(options.timeout, 'timeout'), [...ended]);
  }
}

/**
 * The futures, each when its run is final, first come first. Leaving the loop early ends the waits; the runs go on.
 * @throws {WaitTimeoutError} The time of `options` was over before the last was final. It counts from the start of the loop.
 */
export async function* asCompleted<R>(futures: Iterable<Future<R>>, options: WaitOptions = {}): AsyncGenerator<Future<R>, void, void> {
  const controller = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal;
  const ended: (() => Future<R>)[] = [];
  let wake = (): void => {};
  const tell = (next: () => Future<R>): void => {
    ended.push(next);
    wake();
  };
  let open = 0;
  for (const future of futures) {
    open += 1;
    future.wait({ ...options, signal }).then(
      () => tell(() => future),
      (error: unknown) =>
        tell(() => {
          throw error;
        }),
    );
  }
  try {
    for (; open > 0; open -= 1) {
      while (ended.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      yield (ended.shift() as () => Future<R>)();
    }
  } finally {
    controller.abort();
  }
}
