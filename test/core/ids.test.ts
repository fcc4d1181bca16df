import { webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idMaker, madeAt, shortId } from '../../src/core/ids.ts';
import { RUN_ID } from '../../src/core/protocol.ts';

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const chance = (bytes: Uint8Array) => void webcrypto.getRandomValues(bytes);

test('an id is a UUIDv7 and tells when it was made', () => {
  const id = idMaker(() => 1_700_000_000_123, chance)();
  expect(id).toMatch(UUID7);
  expect(id).toMatch(RUN_ID);
  expect(madeAt(id)).toBe(1_700_000_000_123);
});

test('ids of one maker rise strictly, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 300 }), (steps) => {
      let now = 1_700_000_000_000;
      const make = idMaker(() => now, chance);
      const ids = steps.map((step) => {
        now += step;
        return make();
      });
      expect(ids).toEqual([...ids].sort());
      expect(new Set(ids).size).toBe(ids.length);
    }),
  );
});

test('more ids in one millisecond than it has room for borrow from the next', () => {
  const make = idMaker(() => 1_700_000_000_000, chance);
  const ids = Array.from({ length: 10_000 }, () => make());
  expect(ids.every((id) => UUID7.test(id))).toBe(true);
  expect(ids).toEqual([...ids].sort());
  expect(madeAt(ids.at(-1) as string)).toBeGreaterThan(1_700_000_000_000);
});

test('two makers at the same moment make different ids', () => {
  const makers = Array.from({ length: 50 }, () => idMaker(() => 1_700_000_000_000, chance));
  expect(new Set(makers.map((make) => make())).size).toBe(50);
});

test.each(['', 'greet-1', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', '018bcfe5-687b-7000-8000-00000000000', '../../etc/passwd'])(
  '%j says nothing of its time',
  (id) => {
    expect(madeAt(id)).toBeNull();
  },
);

test('an id is short by its end, where runs of one moment differ', () => {
  expect(shortId('0192a5c1-0000-7000-8000-0000deadbeef')).toBe('deadbeef');
  expect(shortId('mine')).toBe('mine');
});
