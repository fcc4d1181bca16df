import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../src/core/heap.ts';

const byNumber = (a: number, b: number) => a - b;

test('an empty heap has nothing to give', () => {
  const heap = new Heap(byNumber);
  expect([heap.size, heap.peek(), heap.pop()]).toEqual([0, undefined, undefined]);
});

test('whatever goes in comes out in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new Heap(byNumber);
      for (const number of numbers) heap.push(number);
      expect(numbers.map(() => heap.pop())).toEqual([...numbers].sort(byNumber));
      expect(heap.size).toBe(0);
    }),
  );
});

test('pushes, pops and prunes in any order agree with a sorted list', () => {
  const step = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant('pop' as const), fc.constant('prune' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Heap(byNumber);
      let model: number[] = [];
      for (const next of steps) {
        if (next === 'pop') expect(heap.pop()).toBe(model.shift());
        else if (next === 'prune') {
          heap.retain((number) => number % 2 === 0);
          model = model.filter((number) => number % 2 === 0);
        } else {
          heap.push(next);
          model = [...model, next].sort(byNumber);
        }
        expect([heap.size, heap.peek()]).toEqual([model.length, model[0]]);
      }
    }),
  );
});
