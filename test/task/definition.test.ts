import { describe, expect, test } from 'vitest';
import { definitionOf, findTasks, HOOK_NAMES, noHooks, TASK } from '../../src/task/definition.ts';
import { taskMaker } from '../../src/task/task.ts';
import { FakeReach } from './fake-reach.ts';

const task = taskMaker(new FakeReach());

describe('findTasks', () => {
  test('gives each exported task once, also through default and under other options', () => {
    const greet = task('greet', () => 1);
    const other = task('other', () => 2);
    const found = findTasks({ greet, vip: greet.withOptions({ tags: ['vip'] }), note: 'x', nothing: null, default: { greet, other } });
    expect(found.map(({ name }) => name)).toEqual(['greet', 'other']);
    expect(findTasks({ default: greet }).map(({ name }) => name)).toEqual(['greet']);
  });

  test('gives two tasks of one name both, for the worker to refuse', () => {
    expect(findTasks({ a: task('greet', () => 1), b: task('greet', () => 2) })).toHaveLength(2);
  });

  test('finds nothing where there is nothing', () => {
    expect(findTasks({ default: undefined, fn: () => 1, text: 'x' })).toEqual([]);
  });
});

test('a task of another copy of the library is a task too', () => {
  const definition = { name: 'greet' };
  expect(TASK).toBe(Symbol.for('bgtask.task'));
  expect(definitionOf({ [Symbol.for('bgtask.task')]: definition })).toBe(definition);
  expect(definitionOf(() => 1)).toBeUndefined();
  expect(definitionOf(undefined)).toBeUndefined();
});

test('each definition has lists of hooks of its own, one for each move', () => {
  const hooks = noHooks();
  hooks.onFailed.push(() => 1);
  expect(noHooks().onFailed).toEqual([]);
  expect(Object.keys(hooks)).toEqual(HOOK_NAMES);
});
