import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { runContext } from '../../src/task/context.ts';
import { attempt, define } from './helpers.ts';

describe('runContext()', () => {
  test('outside a task throws and says where it belongs', () => {
    expect(() => runContext()).toThrow(
      expect.objectContaining({ code: 'BGTASK_NO_RUN', message: expect.stringContaining('outside a task') }),
    );
  });

  test('knows its run across awaits, while other runs go on beside it', async () => {
    const definition = define(async (ms: number) => {
      const before = runContext().runId;
      await sleep(ms);
      return [before, runContext().runId];
    });
    const runs = [9, 3, 6].map((ms, index) => attempt(definition, [ms], { runId: `run-${index}` }));
    const outcomes = (await Promise.all(runs)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual([0, 1, 2].map((n) => ({ type: 'succeed', result: `["run-${n}","run-${n}"]` })));
  });

  test('gives task, attempt and a key that is the same in every attempt of the run and differs from run to run', async () => {
    const definition = define(() => {
      const { task, attempt: n, attemptKey } = runContext();
      return `${task} ${n} ${attemptKey}`;
    });
    const texts = [];
    for (const more of [{ attempt: 1 }, { attempt: 2 }, { runId: 'run-2' }]) texts.push((await attempt(definition, [], more)).outcome);
    expect(texts).toMatchObject([
      { result: '"greet 1 greet/run-1"' },
      { result: '"greet 2 greet/run-1"' },
      { result: '"greet 1 greet/run-2"' },
    ]);
  });

  test('progress tells done, total and note', async () => {
    const { progress } = await attempt(
      define(() => {
        const { progress: tell } = runContext();
        tell(1, 3);
        tell(2, 3, 'almost');
      }),
    );
    expect(progress).toEqual([
      { done: 1, total: 3, note: null },
      { done: 2, total: 3, note: 'almost' },
    ]);
  });

  test('meta tells all that was set so far; after the end nobody is told', async () => {
    const told: string[] = [];
    let late = (): void => {};
    await attempt(
      define(() => {
        const { meta } = runContext();
        meta.set('page', 1);
        meta.set('url', 'x');
        late = () => meta.set('late', true);
      }),
      [],
      { onMeta: (text) => told.push(text) },
    );
    late();
    expect(told).toEqual(['{"page":1}', '{"page":1,"url":"x"}']);
  });

  test('meta that is no JSON is an error that names its key', async () => {
    const { outcome } = await attempt(define(() => runContext().meta.set('file', 1n)));
    expect(outcome).toMatchObject({ error: { name: 'InvalidOptionError', message: expect.stringContaining("meta.set('file', …)") } });
  });

  test('progress that is no number is an error that names it', async () => {
    const { outcome } = await attempt(define(() => runContext().progress(Number.NaN, 3)));
    expect(outcome).toMatchObject({ error: { name: 'InvalidOptionError', message: expect.stringContaining('done of progress') } });
  });

  test('log has levels, formats as the console does, and counts the attempt', async () => {
    const definition = define(() => {
      const { log } = runContext();
      log('plain %s', 'text');
      log.warn({ n: 1 });
      log.debug('d');
    });
    const { logs } = await attempt(definition, [], { attempt: 2 });
    expect(logs).toMatchObject([
      { level: 'info', text: 'plain text', attempt: 2 },
      { level: 'warn', text: '{ n: 1 }', attempt: 2 },
      { level: 'debug', text: 'd', attempt: 2 },
    ]);
    expect(logs[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test('a line beyond the limit is cut and says so, never in the middle of a character', async () => {
    const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const { logs } = await attempt(define(() => runContext().log('é'.repeat(LIMITS.logLineBytes))));
    print.mockRestore();
    expect(logs[0]?.text).toMatch(/é… \[cut: the line had 32768 bytes\]$/);
    expect(Buffer.byteLength(logs[0]?.text ?? '')).toBeLessThanOrEqual(LIMITS.logLineBytes);
    expect(logs[0]?.text).not.toContain('\uFFFD');
  });

  test('after the attempt has ended nothing more belongs to the run', async () => {
    let late = (): void => {};
    const recorded = await attempt(
      define(() => {
        const { log, progress } = runContext();
        late = () => {
          log('late');
          progress(1, 1);
        };
      }),
    );
    late();
    expect(recorded).toMatchObject({ logs: [], progress: [] });
  });
});
