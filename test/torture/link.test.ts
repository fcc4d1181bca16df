import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Link } from './link.ts';

/** Answers each byte with itself. */
const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
let link: Link;
let client: Socket;
let heard = '';

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await Link.open((server.address() as AddressInfo).port);
  client = connect(link.port, '127.0.0.1').setEncoding('utf8');
  heard = '';
  client
    .on('error', () => undefined)
    .on('data', (text) => {
      heard += text;
    });
  client.write('a');
  await expect.poll(() => heard).toBe('a');
});
afterEach(() => {
  client.destroy();
  link.close();
  server.close();
});

test.each(['both', 'to-server', 'to-client'] as const)('what is sent while it is cut (%s) arrives when it is whole again', async (way) => {
  link.cut(way);
  client.write('b');
  const late = connect(link.port, '127.0.0.1').setEncoding('utf8');
  let lateHeard = '';
  late.on('data', (text) => {
    lateHeard += text;
  });
  late.write('c');
  await new Promise((resolve) => setTimeout(resolve, 100)); // that nothing comes can only be waited for
  expect([heard, lateHeard]).toEqual(['a', '']);
  link.heal();
  await expect.poll(() => [heard, lateHeard]).toEqual(['ab', 'c']);
  late.destroy();
});

test('a lost answer is a reset for whoever asked, after the question has arrived', async () => {
  link.loseAnswer();
  const reset = once(client, 'error');
  client.write('b');
  expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
  expect(heard).toBe('a');
});

test('where nobody listens, neither does it', async () => {
  server.close();
  link.close();
  const other = await Link.open(1);
  expect(await once(connect(other.port, '127.0.0.1'), 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
  other.close();
});
