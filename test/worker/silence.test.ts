import { expect, test } from 'vitest';
import { Silence } from '../../src/worker/silence.ts';
import { ManualClock } from '../helpers/clock.ts';

function aSilence() {
  const clock = new ManualClock();
  const done: string[] = [];
  return { clock, done, silence: new Silence({ clock, stop: () => done.push('stop'), kill: () => done.push('kill') }) };
}

test('code is stopped 25 s and killed 28 s after the server was heard last', () => {
  const { clock, done, silence } = aSilence();
  clock.advance(100_000);
  silence.heard();
  clock.advance(1_000);
  silence.begins(false);
  clock.advance(23_999);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(['stop']);
  clock.advance(2_999);
  expect(done).toEqual(['stop']);
  clock.advance(1);
  expect(done).toEqual(['stop', 'kill']);
});

test('a connection that stood may have been quiet for 20 s, whatever was heard before', () => {
  const { clock, done, silence } = aSilence();
  clock.advance(100_000);
  silence.begins(true);
  clock.advance(4_999);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(['stop']);
});

test('tries that fail in silence do not begin it anew', () => {
  const { clock, done, silence } = aSilence();
  silence.begins(false);
  clock.advance(20_000);
  silence.begins(false);
  clock.advance(5_000);
  expect(done).toEqual(['stop']);
});

test('it is over when the server is back, or surely down', () => {
  const { clock, done, silence } = aSilence();
  silence.begins(false);
  clock.advance(24_000);
  silence.over();
  clock.advance(60_000);
  expect(done).toEqual([]);
  silence.over();
  silence.begins(false);
  clock.advance(25_000);
  expect(done).toEqual(['stop']);
  silence.close();
  clock.advance(60_000);
  expect(done).toEqual(['stop']);
});
