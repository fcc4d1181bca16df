import { describe, expect, test } from 'vitest';
import type { CacheHit, CacheQuestion } from '../../src/core/frames.ts';
import { attempt, define } from './helpers.ts';

/** Answers like a server that has `hit`. */
function answering(hit: CacheHit | null) {
  const asked: (CacheQuestion | null)[] = [];
  const recall = async (question: CacheQuestion | null) => {
    asked.push(question);
    return hit;
  };
  return { asked, recall };
}

describe('a task with a cache', () => {
  const calls: unknown[] = [];
  const definition = define((n: number) => calls.push(n), { cache: { key: ['inputs'], expires: '1m' } });
  definition.hooks.onRunning.push(() => calls.push('running'));
  definition.hooks.onCompleted.push((run: { stateName: string; result: unknown }) => calls.push(run.stateName, run.result));

  test('gets what is there: its function is not called, and only the hooks of the end are', async () => {
    const { asked, recall } = answering({ from: 'run-0', result: '{"$devalue":[["Date","1970-01-01T00:00:00.000Z"]]}' });
    const { outcome } = await attempt(definition, [1], { recall });
    expect(outcome).toEqual({ type: 'succeed', result: '{"$devalue":[["Date","1970-01-01T00:00:00.000Z"]]}', cachedFrom: 'run-0' });
    expect(calls.splice(0)).toEqual(['Cached', new Date(0)]);
    expect(asked).toEqual([{ key: expect.stringMatching(/^[0-9a-f]{64}$/), ttlMs: 60_000, refresh: false }]);
  });

  test('runs where nothing is there, and where nobody keeps results', async () => {
    expect((await attempt(definition, [1], { recall: answering(null).recall })).outcome).toEqual({ type: 'succeed', result: '2' });
    expect(calls.splice(0)).toEqual(['running', 1, 'Completed', 2]);
    expect((await attempt(definition, [1])).outcome.type).toBe('succeed');
  });

  test('asks nothing where its key function gives nothing', async () => {
    const { asked, recall } = answering(null);
    await attempt(
      define(() => 1, { cache: { key: () => null } }),
      [],
      { recall },
    );
    expect(asked).toEqual([null]);
  });

  test('fails for good where the arguments make no key, and is tried again where its key function threw', async () => {
    const { recall } = answering(null);
    const bad = await attempt(
      define(() => 1, { retries: 1, cache: { key: ['inputs'] } }),
      [() => 1],
      { recall },
    );
    expect(bad.outcome).toMatchObject({ type: 'fail', retry: false, error: { name: 'ValueError' } });
    const broken = () => {
      throw new Error('no file');
    };
    const { outcome } = await attempt(
      define(() => 1, { retries: 1, cache: { key: broken } }),
      [],
      { recall },
    );
    expect(outcome).toMatchObject({ type: 'fail', retry: true, error: { message: 'no file' } });
  });

  test('is stopped while it waits for the answer', async () => {
    const controller = new AbortController();
    const recall = () => new Promise<null>((_resolve, reject) => controller.signal.addEventListener('abort', () => reject(new Error('x'))));
    const made = attempt(definition, [1], { recall, signal: controller.signal });
    setImmediate(() => controller.abort());
    expect((await made).outcome).toEqual({ type: 'stopped' });
  });
});
