import { expect, test } from 'vitest';
import { Gates } from '../../src/core/gates.ts';
import { newLane, newLine } from '../../src/core/lanes.ts';
import { T0 } from './builders.ts';

const rate = { limit: 10, perMs: 1_000, burst: 1, perKey: false };

test('a gate without a token is shut until there is one; one at which nobody waits is no reason to wake', () => {
  const gates = new Gates();
  const line = newLine('a');
  gates.setRate(line, rate);
  expect(gates.isShut(line.gate, '', T0)).toBe(false);
  line.buckets?.take('', T0);
  expect(gates.isShut(line.gate, '', T0)).toBe(true);
  line.ring.push(newLane(line, ''));
  expect(gates.next()?.at).toBe(T0 + 100);
  expect(gates.open(T0 + 99)).toBeUndefined();
  expect(gates.open(T0 + 100)).toBe(line.gate);
  expect(gates.isShut(line.gate, '', T0 + 100)).toBe(false);
  line.buckets?.take('', T0 + 100);
  expect(gates.isShut(line.gate, '', T0 + 100)).toBe(true);
  line.ring.shift();
  expect(gates.next()).toBeUndefined();
  expect(gates.size).toBe(0);
});

test('the same rate told again keeps its bucket, another one starts full', () => {
  const gates = new Gates();
  const line = newLine('a');
  gates.setRate(line, rate);
  line.buckets?.take('', T0);
  gates.setRate(line, { ...rate });
  expect(gates.isShut(line.gate, '', T0)).toBe(true);
  gates.setRate(line, { ...rate, limit: 11 });
  expect([line.gate.closed, gates.size, gates.isShut(line.gate, '', T0)]).toEqual([false, 0, false]);
  gates.setRate(line, null);
  expect(line.buckets).toBeNull();
});
