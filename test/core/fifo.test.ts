import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../src/core/fifo.ts';

test('pushes, shifts and prunes in any order agree with an array', () => {
  const step = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant('shift' as const), fc.constant('prune' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      for (const next of steps) {
        if (next === 'shift') expect(fifo.shift()).toBe(model.shift());
        else if (next === 'prune') {
          fifo.retain((number) => number % 2 === 0);
          model = model.filter((number) => number % 2 === 0);
        } else {
          fifo.push(next);
          model.push(next);
        }
        expect(fifo.size).toBe(model.length);
      }
    }),
  );
});
