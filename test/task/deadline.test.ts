import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/task/deadline.ts';
import { ManualClock } from '../helpers/clock.ts';

function deadline(timeoutMs: number, graceMs: number | null = null) {
  const clock = new ManualClock();
  const controller = new AbortController();
  return { clock, controller, deadline: new Deadline({ task: 'greet', timeoutMs, graceMs, clock, of: controller }) };
}

describe('a deadline', () => {
  test('aborts at its time and not before', () => {
    const { clock, deadline: it } = deadline(100);
    clock.advance(99);
    expect(it.signal.aborted).toBe(false);
    clock.advance(1);
    expect(it.signal.reason).toMatchObject({ name: 'TaskTimeoutError', timeoutMs: 100 });
  });

  test('gives a signal that is aborted already where it is first asked for too late', () => {
    const { clock, deadline: it } = deadline(100);
    clock.advance(100);
    expect(it.signal.aborted).toBe(true);
  });

  test('longer than one timer can last is kept by several', () => {
    const { clock, deadline: it } = deadline(3 * 86_400_000);
    const real = clock.after.bind(clock);
    clock.after = (ms, fn) => real(Math.min(ms, 86_400_000), fn);
    clock.advance(2 * 86_400_000);
    expect(it.signal.aborted).toBe(false);
    clock.advance(86_400_000);
    expect(it.signal.aborted).toBe(true);
  });

  test('follows the signal of the run, with its reason', () => {
    const { controller, deadline: it } = deadline(100);
    const { signal } = it;
    controller.abort('why');
    expect(signal.reason).toBe('why');
    expect(it.end('why')).toBeNull();
  });

  test('lets go of the signal of the run and of its timer when it ends', () => {
    const { clock, controller, deadline: it } = deadline(100);
    const { signal } = it;
    expect(it.end()).toBeNull();
    controller.abort('later');
    clock.advance(1_000);
    expect(signal.aborted).toBe(false);
  });

  test('gives up on work that goes on, after its grace', async () => {
    const { clock, deadline: it } = deadline(100, 50);
    const raced = Promise.resolve(it.race(new Promise(() => {})));
    clock.advance(149);
    const early = await Promise.race([raced.catch(() => 'gone'), Promise.resolve('waiting')]);
    expect(early).toBe('waiting');
    clock.advance(1);
    await expect(raced).rejects.toMatchObject({ name: 'TaskTimeoutError' });
  });
});
