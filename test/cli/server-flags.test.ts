import { expect, test } from 'vitest';
import { plainServer, serverFlags, serverOptions } from '../../src/cli/server-flags.ts';

test('an operator writes the variables without the words of the command', () => {
  expect(Object.values(serverFlags).map((flag) => flag.env)).toEqual(
    [
      'HOST',
      'PORT',
      'STORE',
      'DURABILITY',
      'KEEP_COMPLETED',
      'KEEP_FAILED',
      'LIMITS',
      'ALLOW_HOST',
      'NO_AUTH',
      'BREAK_LOCK',
      'BACKGROUND',
    ].map((name) => `BGTASK_${name}`),
  );
});

test('flags become options; names come again and by commas', () => {
  const flags = { host: '0.0.0.0', port: 1, durability: 'relaxed', 'allow-host': ['a,b', 'c'], 'no-auth': false, 'break-lock': true };
  const onNotice = () => {};
  expect(serverOptions(flags, '1', onNotice)).toEqual({
    ...{
      host: '0.0.0.0',
      port: 1,
      durability: 'relaxed',
      allowHosts: ['a', 'b', 'c'],
      auth: true,
      breakLock: true,
      version: '1',
      onNotice,
    },
  });
});

test('a server for one terminal stays on the loopback and asks for a key', () => {
  expect(plainServer(1, '1', () => {})).toMatchObject({ host: '127.0.0.1', auth: true, durability: 'durable' });
});
