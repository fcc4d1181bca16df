import { describe, expect, test, vi } from 'vitest';
import { NonRetryableError, RetryAfterError } from '../../src/core/errors.ts';
import { attempt, define } from './helpers.ts';

describe('a retry', () => {
  const boom = () => {
    throw new Error('boom');
  };

  test('is asked for while failures are fewer than retries', async () => {
    const definition = define(boom, { retries: 2, retryDelay: ['1s', '10s'] });
    expect((await attempt(definition)).outcome).toMatchObject({ retry: true, retryDelayMs: 1_000 });
    expect((await attempt(definition, [], { failures: 1, attempt: 2 })).outcome).toMatchObject({ retry: true, retryDelayMs: 10_000 });
    expect((await attempt(definition, [], { failures: 2, attempt: 3 })).outcome).toMatchObject({ retry: false, retryDelayMs: 0 });
  });

  test('is in the log with the whole error, which nothing else keeps', async () => {
    const { logs } = await attempt(define(boom, { retries: 1, retryDelay: '10s' }), [], { attempt: 4 });
    expect(logs).toMatchObject([
      { level: 'warn', text: expect.stringMatching(/^Attempt 4 failed and is tried again in 10.0s:\nError: boom\n +at /) },
    ]);
  });

  test('counts failures and not attempts, which also count crashes', async () => {
    const { outcome } = await attempt(define(boom, { retries: 1 }), [], { failures: 0, attempt: 9 });
    expect(outcome).toMatchObject({ retry: true });
  });

  test('is limited by what the submit said and not by the definition', async () => {
    expect((await attempt(define(boom, { retries: 0 }), [], { maxAttempts: 2 })).outcome).toMatchObject({ retry: true });
  });

  test('waits with the jitter the task asks for', async () => {
    const random = { number: () => 0, token: () => '' };
    const definition = define(boom, { retries: 1, retryDelay: 1_000, retryJitter: 0.5 });
    expect((await attempt(definition, [], { random })).outcome).toMatchObject({ retryDelayMs: 500 });
  });

  test('waits as a function of the error and the attempt says, with jitter', async () => {
    const retryDelay = vi.fn((_error: unknown, { attempt: n }: { attempt: number }) => `${n}s` as const);
    const random = { number: () => 0, token: () => '' };
    const definition = define(boom, { retries: 5, retryDelay, retryJitter: 0.1 });
    expect((await attempt(definition, [], { attempt: 3, failures: 2, random })).outcome).toMatchObject({ retryDelayMs: 2_700 });
    expect(retryDelay).toHaveBeenCalledWith(expect.objectContaining({ message: 'boom' }), { attempt: 3 });
  });

  test('comes at once where the delay function throws or gives nonsense, and the log says so', async () => {
    for (const retryDelay of [() => boom(), () => 'soon']) {
      const { outcome, logs } = await attempt(define(boom, { retries: 1, retryDelay }));
      expect(outcome).toMatchObject({ retry: true, retryDelayMs: 0 });
      expect(logs[0]).toMatchObject({ level: 'error', text: expect.stringContaining("retry delay of task 'greet' is not known") });
    }
  });

  test('does not come after a NonRetryableError', async () => {
    const definition = define(() => Promise.reject(new NonRetryableError('never')), { retries: 5 });
    expect((await attempt(definition)).outcome).toMatchObject({ retry: false, error: { name: 'NonRetryableError', message: 'never' } });
  });

  test('comes when a RetryAfterError says, exactly', async () => {
    const definition = define(() => Promise.reject(new RetryAfterError('busy', '1m')), { retries: 1, retryDelay: 1, retryJitter: 1 });
    expect((await attempt(definition)).outcome).toMatchObject({ retry: true, retryDelayMs: 60_000 });
  });

  test('comes only where retryIf, which may be any callable thing and may take its time, says yes', async () => {
    const isWanted = async (error: unknown) => (error as Error).message === 'again';
    const retryIf = isWanted.bind(null);
    const failing = (message: string) => define(() => Promise.reject(new Error(message)), { retries: 1, retryIf });
    expect((await attempt(failing('again'))).outcome).toMatchObject({ retry: true });
    expect((await attempt(failing('never'))).outcome).toMatchObject({ retry: false });
  });

  test('does not come where retryIf throws, and the log says so', async () => {
    const { outcome, logs } = await attempt(define(boom, { retries: 1, retryIf: () => Promise.reject(new Error('undecided')) }));
    expect(outcome).toMatchObject({ retry: false, error: { message: 'boom' } });
    expect(logs[0]?.text).toMatch(/retryIf of task 'greet' failed.*undecided/s);
  });

  test('is not asked about when no retry is left', async () => {
    const retryIf = vi.fn(() => true);
    await attempt(define(boom, { retryIf }));
    expect(retryIf).not.toHaveBeenCalled();
  });
});
