import { expect, test } from 'vitest';
import { Silence } from '../../src/worker/silence.ts';
import { ManualClock } from '../helpers/clock.ts';

function aSilence() {
  const clock = new ManualClock();
  const done: string[] = [];
  return { clock, done, silence: new Silence({ clock, stop: () => done.push('stop'), kill: () => done.push('kill') }) };
}

test('code is stopped 25 s and killed 28 s after the server heard us last', () => {
  const { clock, done, silence } = aSilence();
  clock.advance(100_000);
  silence.heardUs(100_000);
  clock.advance(1_000);
  silence.begins();
  clock.advance(23_999);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(['stop']);
  clock.advance(2_999);
  expect(done).toEqual(['stop']);
  clock.advance(1);
  expect(done).toEqual(['stop', 'kill']);
});

test('it counts from what was answered, however late: then the time left is short', () => {
  const { clock, done, silence } = aSilence();
  clock.advance(20_000);
  silence.heardUs(4_000);
  silence.heardUs(2_000);
  silence.begins();
  clock.advance(8_999);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(['stop']);
});

test('tries that fail in silence do not begin it anew', () => {
  const { clock, done, silence } = aSilence();
  silence.begins();
  clock.advance(20_000);
  silence.begins();
  clock.advance(5_000);
  expect(done).toEqual(['stop']);
});

test('it is over when the server is back, or surely down', () => {
  const { clock, done, silence } = aSilence();
  silence.begins();
  clock.advance(24_000);
  silence.over(24_000);
  clock.advance(60_000);
  expect(done).toEqual([]);
  silence.over(84_000);
  silence.begins();
  clock.advance(25_000);
  expect(done).toEqual(['stop']);
  silence.close();
  clock.advance(60_000);
  expect(done).toEqual(['stop']);
});
