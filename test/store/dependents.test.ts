import { expect, test } from 'vitest';
import { newRun } from '../../src/core/transition.ts';
import { Dependents, unmetOf } from '../../src/store/dependents.ts';
import { newRow, type Row } from '../../src/store/rows.ts';
import { aSubmit, play } from '../core/builders.ts';

const row = (id: string, ...blockedBy: string[]): Row =>
  newRow({ run: newRun(aSubmit({ id }), blockedBy), seq: 1, keyUntil: null, uncached: false });

function entering(...all: Row[]): Dependents {
  const rows = new Map<string, Row>();
  const dependents = new Dependents(rows);
  for (const one of all) {
    rows.set(one.run.id, one);
    dependents.enter(one);
  }
  return dependents;
}

test('those that wait for a run are told of its end, once', () => {
  const [first, one, other] = [row('a'), row('b', 'a'), row('c', 'a')];
  const dependents = entering(first, one, other);
  expect(dependents.take(first)).toEqual([one, other]);
  expect(dependents.take(first)).toEqual([]);
});

test('a run may come after those that wait for it', () => {
  const [waiting, late] = [row('b', 'a'), row('a')];
  expect(entering(waiting, late).take(late)).toEqual([waiting]);
});

test('a run waits for another once, however often that is said', () => {
  const [first, one] = [row('a'), row('b')];
  const dependents = entering(first, one);
  dependents.add(one, 'a');
  dependents.add(one, 'a');
  expect(first.dependents).toEqual([one]);
});

test('what a run was told and is taken back makes it wait again', () => {
  const [first, one] = [row('a'), row('b', 'a')];
  const dependents = entering(first, one);
  dependents.take(first);
  dependents.again(one, { ...one.run, blockedBy: [] });
  expect(first.dependents).toEqual([one]);
});

test('a run waits for those that are open, and for one whose end is its own', () => {
  const rows = new Map(['a', 'b', 'c'].map((id) => [id, row(id)]));
  for (const [id, way] of [
    ['b', 'cancel'],
    ['c', 'cancel'],
  ] as const) {
    const ended = rows.get(id) as Row;
    ended.run = play(ended.run, way);
  }
  const waitFor = [
    { id: 'a', allowFailure: true },
    { id: 'b', allowFailure: true },
    { id: 'c', allowFailure: false },
  ];
  expect(unmetOf(waitFor, rows).map((one) => one.run.id)).toEqual(['a', 'c']);
});
