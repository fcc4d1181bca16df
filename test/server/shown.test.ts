/** How runs are shown. */
import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/api.ts';
import { RUN_STATES } from '../../src/core/run.ts';
import { runView } from '../../src/server/schemas.ts';
import { fitting, page, shower } from '../../src/server/shown.ts';
import { openStore } from '../../src/store/open.ts';
import { aRun, aSubmit } from '../core/builders.ts';
import { ManualClock } from '../helpers/clock.ts';

const clock = new ManualClock();

describe('a run', () => {
  test('that a pause holds back says so', async () => {
    const store = await openStore('memory:', { clock });
    await store.submit([aSubmit()], clock.now());
    const run = (await store.get('run-1')) as NonNullable<Awaited<ReturnType<typeof store.get>>>;
    const show = shower(store, clock);
    expect(JSON.parse(show(run, false))).toMatchObject({ state: 'SCHEDULED', stateName: 'Scheduled' });
    await store.setPaused('task', 'greet', true, clock.now());
    expect(JSON.parse(show(run, false))).toMatchObject({ state: 'SCHEDULED', stateName: 'Paused' });
  });

  test.each(RUN_STATES)('in state %s has the form the API promises', async (state) => {
    const show = shower(await openStore('memory:', { clock }), clock);
    for (const history of [true, false]) {
      const view = JSON.parse(show(aRun(state), history)) as RunView;
      expect(runView.parse(view)).toEqual(view);
      expect('history' in view).toBe(history);
    }
  });
});

describe('a page', () => {
  test('is cut before it is too large to send, and the rest comes with the next one', async () => {
    const store = await openStore('memory:', { clock });
    const args = JSON.stringify(['x'.repeat(1_000_000)]);
    await store.submit(
      Array.from({ length: 20 }, (_, i) => aSubmit({ id: `run-${i}`, args })),
      clock.now(),
    );
    const first = await page(store, { limit: 20 });
    expect(first.runs).toHaveLength(16);
    const second = await page(store, { limit: 20, cursor: first.nextCursor ?? undefined });
    expect(second.runs).toHaveLength(4);
    expect(second.nextCursor).toBeNull();
  });

  test('has at least one run, however large', () => {
    expect(fitting([aRun('SCHEDULED', { args: 'x'.repeat(20_000_000) })], 1_000)).toBe(1);
    expect(fitting([], 1_000)).toBe(0);
  });
});
