import { expect, test, vi } from 'vitest';
import { followLogs, logText } from '../../src/cli/logs.ts';
import type { Client, WatchEvent } from '../../src/client/client.ts';
import type { LogLine } from '../../src/core/api.ts';
import { aRunning, aRunView } from '../helpers/fake-client.ts';

const line = (text: string): LogLine => ({ at: '2026-11-24T12:00:00.000Z', level: 'info', text, attempt: 1 });

/** A server whose log and events the test decides. */
function fakeServer() {
  let log: LogLine[] = [];
  let tell: (event: WatchEvent) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const unwatch = vi.fn();
  const client = {
    request: vi.fn(async () => [...log]),
    watch(_id: string, listener: (event: WatchEvent) => void, options: { failed: (error: Error) => void }) {
      tell = listener;
      fail = options.failed;
      return unwatch;
    },
  } as unknown as Client;
  return {
    ...{ client, unwatch },
    set: (...texts: string[]) => {
      log = texts.map(line);
    },
    tell: (event: WatchEvent) => tell(event),
    fail: (error: Error) => fail(error),
    requests: () => (client.request as ReturnType<typeof vi.fn>).mock.calls.length,
  };
}
const END: WatchEvent = { type: 'run', run: aRunView() };
const MORE: WatchEvent = { type: 'log', lines: [] };

test('what is there is given, then what comes, each line once, until the run is final', async () => {
  const server = fakeServer();
  const shown: string[] = [];
  server.set('one');
  const followed = followLogs(server.client, 'id', (one) => shown.push(one.text));
  await vi.waitUntil(() => shown.length === 1);
  server.set('one', 'two');
  server.tell(MORE);
  await vi.waitUntil(() => shown.length === 2);
  server.tell({ type: 'run', run: aRunning() }); // as after a new connection: nothing is told twice
  server.set('one', 'two', 'three');
  server.tell(END);
  await followed;
  expect(shown).toEqual(['one', 'two', 'three']);
  expect(server.unwatch).toHaveBeenCalled();
});

test('many events at once are one look', async () => {
  const server = fakeServer();
  const followed = followLogs(server.client, 'id', () => {});
  for (let n = 0; n < 100; n += 1) server.tell(MORE);
  server.tell(END);
  await followed;
  expect(server.requests()).toBe(2);
});

test('a server that is gone for good ends it with the error', async () => {
  const server = fakeServer();
  const followed = followLogs(server.client, 'id', () => {});
  await vi.waitUntil(() => server.requests() === 1);
  server.fail(new Error('gone'));
  await expect(followed).rejects.toThrow('gone');
});

test('a log that was dropped for want of room is not told again from its start', async () => {
  const server = fakeServer();
  const shown: string[] = [];
  server.set('one', 'two');
  const followed = followLogs(server.client, 'id', (one) => shown.push(one.text));
  await vi.waitUntil(() => shown.length === 2);
  server.set('dropped');
  server.tell(MORE);
  await vi.waitUntil(() => server.requests() === 2);
  server.set('dropped', 'three');
  server.tell(END);
  await followed;
  expect(shown).toEqual(['one', 'two', 'three']);
});

test('the lines of a text stand below each other, and nothing in them commands the terminal', () => {
  expect(logText({ ...line('a\nb\u001b[2J\n'), level: 'warn' })).toBe(`2026-11-24T12:00:00.000Z warn  a\n${' '.repeat(31)}b\\x1b[2J`);
});
