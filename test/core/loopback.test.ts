import { expect, test } from 'vitest';
import { isLoopback, isLoopbackName } from '../../src/core/loopback.ts';

test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('%s is this machine, and so in an address', (host) => {
  expect(isLoopback(host)).toBe(true);
  expect(isLoopbackName(new URL(`http://${host.includes(':') ? `[${host}]` : host}:4200`).hostname)).toBe(true);
});

test.each(['', '0.0.0.0', '::', '[::]', '10.0.0.7', '128.0.0.1', 'localhost.example', '127.0.0.1.example', 'x127.0.0.1'])(
  '%j is not',
  (host) => {
    expect([isLoopback(host), isLoopbackName(host)]).toEqual([false, false]);
  },
);

test('nobody listens on brackets', () => {
  expect(isLoopback('[::1]')).toBe(false);
});
