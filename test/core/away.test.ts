import { expect, test } from 'vitest';
import { Away } from '../../src/core/away.ts';
import { newRun } from '../../src/core/transition.ts';
import { aSubmit } from './builders.ts';

test('counts the runs of each task that are away, each once', () => {
  const away = new Away();
  const [a1, a2, b] = ['a1', 'a2', 'b'].map((id) => newRun(aSubmit({ id, task: id.slice(0, 1) }), [])) as [never, never, never];
  for (const run of [a1, a2, b]) away.add(run);
  expect([away.of('a'), away.of('b'), away.of('c')]).toEqual([2, 1, 0]);
  expect([away.remove(a1), away.remove(a1)]).toEqual([true, false]);
  expect([away.has(a1), away.has(a2), away.of('a')]).toEqual([false, true, 1]);
});
