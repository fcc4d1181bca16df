/** The sending half of a socket, over one that a test drains by hand. */
import { describe, expect, test } from 'vitest';
import { Channel, type RawConnection, type RawSocket } from '../../src/server/channel.ts';

class FakeSocket implements RawSocket {
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly closes: [number, string][] = [];
  paused = false;
  #done: (() => void)[] = [];
  send(text: string, done: () => void): void {
    this.sent.push(text);
    this.bufferedAmount += text.length;
    this.#done.push(done);
  }
  /** The kernel takes all but `left` bytes. */
  drain(left = 0): void {
    this.bufferedAmount = left;
    for (const done of this.#done.splice(0)) done();
  }
  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
  }
  terminate(): void {}
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}
class FakeConnection implements RawConnection {
  readonly calls: string[] = [];
  cork(): void {
    this.calls.push('cork');
  }
  uncork(): void {
    this.calls.push('uncork');
  }
}

const turn = () => new Promise(setImmediate);
function channel(limit = 100) {
  const socket = new FakeSocket();
  const connection = new FakeConnection();
  return { socket, connection, channel: new Channel(socket, connection, limit) };
}

test('what one turn sends goes out together at its end, in order', async () => {
  const { socket, connection, channel: it } = channel();
  it.send('1');
  it.send('2');
  expect(socket.sent).toEqual([]);
  await turn();
  expect(socket.sent).toEqual(['1', '2']);
  expect(connection.calls).toEqual(['cork', 'uncork']);
});

describe('items', () => {
  test('that follow each other under one head share a frame', async () => {
    const { socket, channel: it } = channel();
    it.sendItems('{"a":[', ['1', '2']);
    it.sendItems('{"a":[', ['3']);
    it.sendItems('{"b":[', ['4']);
    it.send('x');
    it.sendItems('{"b":[', ['5']);
    it.sendItems('{"c":[', []);
    await turn();
    expect(socket.sent).toEqual(['{"a":[1,2,3]}', '{"b":[4]}', 'x', '{"b":[5]}']);
  });

  test('that are large fill frames of bounded size', async () => {
    const { socket, channel: it } = channel(1e9);
    it.sendItems(
      '{"a":[',
      Array.from({ length: 10 }, () => 'x'.repeat(300_000)),
    );
    await turn();
    expect(socket.sent.map((text) => text.length > 900_000)).toEqual([false, false, false, false, false]);
    expect(socket.sent).toHaveLength(5);
  });
});

describe('a peer that does not read', () => {
  test('is noticed once, and not read from until it has caught up', async () => {
    const { socket, channel: it } = channel(100);
    const events: string[] = [];
    it.onBehind = () => events.push('behind');
    it.onDrained = () => events.push('drained');
    it.send('x'.repeat(101));
    await turn();
    it.send('y');
    await turn();
    expect([it.isBehind, socket.paused, events]).toEqual([true, true, ['behind']]);
    socket.drain(60);
    expect(it.isBehind).toBe(true);
    it.send('z');
    await turn();
    socket.drain(40);
    expect([it.isBehind, socket.paused, events]).toEqual([false, false, ['behind', 'drained']]);
  });

  test('is sent no more than it may be behind; the rest waits as it is, in order', async () => {
    const { socket, channel: it } = channel(100);
    for (const letter of 'abcde') it.send(letter.repeat(60));
    await turn();
    expect(socket.sent.map((text) => text[0])).toEqual(['a', 'b']);
    expect([it.isBehind, it.unsentBytes]).toEqual([true, 300]);
    it.send('f');
    socket.drain();
    expect(socket.sent.map((text) => text[0])).toEqual(['a', 'b', 'c', 'd']);
    expect(it.isBehind).toBe(true);
    socket.drain();
    expect(socket.sent.map((text) => text[0])).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    socket.drain();
    expect([it.isBehind, it.unsentBytes]).toEqual([false, 0]);
  });

  test('that takes all of it at once is never behind', async () => {
    const { socket, connection, channel: it } = channel(100);
    connection.uncork = () => socket.drain();
    for (const letter of 'abcde') it.send(letter.repeat(60));
    await turn();
    expect(socket.sent.map((text) => text[0])).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect([it.isBehind, socket.paused]).toEqual([false, false]);
  });
});

describe('a goodbye', () => {
  test('to a peer that is behind does not wait for what it did not take', async () => {
    const { socket, channel: it } = channel(100);
    for (const letter of 'abcde') it.send(letter.repeat(60));
    await turn();
    it.close(1013, 'deaf');
    socket.drain();
    await turn();
    expect([socket.sent.length, socket.closes.length, it.unsentBytes]).toEqual([2, 1, 0]);
  });

  test('after a last word to a peer that is behind waits for what was sent, and nothing that was gathered comes in between', async () => {
    const { socket, channel: it } = channel(100);
    for (const letter of 'abcde') it.send(letter.repeat(60));
    await turn();
    it.giveUp('the last', 1013, 'deaf');
    it.giveUp('again', 1013, 'deaf');
    it.send('too late');
    expect([socket.sent.at(-1), socket.closes, it.unsentBytes - socket.bufferedAmount]).toEqual(['the last', [], 0]);
    socket.drain();
    await turn();
    expect([socket.sent.length, socket.closes, socket.paused]).toEqual([3, [[1013, 'deaf']], false]);
  });

  test('comes after what was sent before it, once, and nothing comes after it', async () => {
    const { socket, channel: it } = channel();
    it.send('last');
    it.close(1012, 'The server stops');
    it.close(1000, 'again');
    it.send('too late');
    await turn();
    expect(socket.sent).toEqual(['last']);
    expect(socket.closes).toEqual([[1012, 'The server stops']]);
    expect(it.isClosed).toBe(true);
  });

  test('has a reason that fits into its frame', () => {
    const { socket, channel: it } = channel();
    it.close(1002, 'ä'.repeat(200));
    const reason = socket.closes[0]?.[1] ?? '';
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(reason).toMatch(/^ä+$/);
  });
});
