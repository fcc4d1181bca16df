import { expect, test } from 'vitest';
import { NetworkError } from '../../src/client/transport.ts';

test('a network error keeps its cause, in its words, whatever was thrown', () => {
  const cause = new Error('socket hang up');
  expect(new NetworkError(true, cause)).toMatchObject({ reached: true, message: 'socket hang up', cause });
  expect(new NetworkError(false, 'odd')).toMatchObject({ reached: false, message: 'odd' });
});
