import { expect, test } from 'vitest';
import type { NewRun } from '../../src/core/run.ts';
import { newRun } from '../../src/core/transition.ts';
import { Keys } from '../../src/store/keys.ts';
import { Changes, newRow, type Row } from '../../src/store/rows.ts';
import { aSubmit, play, T0 } from '../core/builders.ts';

let seq = 0;
function row(id: string, key: string | null, keyUntil: number | null = null, task = 'greet'): Row {
  const run = newRun(aSubmit({ id, task, idempotencyKey: key }), []);
  return newRow({ run, seq: ++seq, keyUntil, uncached: false });
}
const asking = (key: string | null, task = 'greet') => aSubmit({ id: 'asking', task, idempotencyKey: key });

test('a key leads to the newest run that has it, for its task alone, until its ttl ends', () => {
  const keys = new Keys();
  keys.add(row('a', 'k', T0 + 10));
  keys.add(row('other', 'k', null, 'sleep'));
  keys.add(row('none', null));
  expect(keys.live(asking('k'), T0 + 9)?.id).toBe('a');
  expect(keys.live(asking('k'), T0 + 10)).toBeUndefined();
  expect(keys.held(asking('k'))?.run.id).toBe('a');
  expect(keys.live(asking('k', 'sleep'), T0 + 99)?.id).toBe('other');
  expect(keys.live(asking(null), T0)).toBeUndefined();
  keys.add(row('b', 'k'));
  expect(keys.live(asking('k'), T0 + 99)?.id).toBe('b');
});

test('a run that goes takes its key with it, not that of its successor', () => {
  const keys = new Keys();
  const [first, second] = [row('a', 'k'), row('b', 'k')];
  keys.add(first);
  keys.add(second);
  keys.remove(first);
  expect(keys.held(asking('k'))).toBe(second);
  keys.remove(second);
  keys.remove(row('none', null));
  expect(keys.held(asking('k'))).toBeUndefined();
});

test('a run whose key is taken never answers for it again, unless that is taken back', () => {
  const keys = new Keys();
  const [first, second] = [row('a', 'k'), row('b', 'k')];
  const changes = new Changes();
  keys.add(first);
  keys.take(asking('k'), changes);
  keys.add(second);
  keys.remove(second);
  keys.add(first);
  expect(keys.live(asking('k'), T0)).toBeUndefined();
  for (const step of changes.steps) if ('undo' in step) step.undo();
  expect(keys.live(asking('k'), T0)?.id).toBe('a');
});

test('an older run that comes in again, because its removal was taken back, does not take the key from a newer one', () => {
  const keys = new Keys();
  const [older, newer] = [row('a', 'k'), row('b', 'k')];
  keys.add(newer);
  keys.add(older);
  expect(keys.held(asking('k'))).toBe(newer);
});

test('only a run that waits and was never started gives way to one that replaces it; any open one to one that cancels it', () => {
  const keys = new Keys();
  const old = row('a', 'k');
  keys.add(old);
  const [replace, cancel] = (['replace', 'cancel'] as const).map((onConflict) => ({ ...asking('k'), onConflict }));
  const displaced = () => [replace, cancel].map((said) => keys.taking(said as NewRun, T0).displaces);
  expect(displaced()).toEqual(['a', 'a']);
  old.run = play(old.run, 'assign');
  expect(displaced()).toEqual([null, 'a']);
  old.run = play(old.run, 'start', 'fail');
  expect(old.run.state).toBe('SCHEDULED');
  expect(displaced()).toEqual([null, 'a']);
  old.run = play(old.run, 'cancel');
  expect(displaced()).toEqual([null, null]);
});
