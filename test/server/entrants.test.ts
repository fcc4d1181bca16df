/** Connections by what is known of them, with sockets that only remember what happened to them. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/core/protocol.ts';
import { Entrants } from '../../src/server/entrants.ts';
import { ManualClock } from '../helpers/clock.ts';

class FakeSocket extends EventEmitter {
  remoteAddress: string;
  said = '';
  gone = false;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  end(text: string, done: () => void): void {
    this.said = text;
    done();
  }
  destroy(): void {
    this.gone = true;
    this.emit('close');
  }
}

function enter(entrants: Entrants, count: number, source = '1.1.1.1'): FakeSocket[] {
  return Array.from({ length: count }, () => {
    const socket = new FakeSocket(source);
    entrants.entered(socket as unknown as Socket);
    return socket;
  });
}
const gone = (sockets: readonly FakeSocket[]) => sockets.filter((socket) => socket.gone).length;

describe('strangers of one source', () => {
  test('beyond 32 the oldest make room, so that new ones are heard', () => {
    const clock = new ManualClock();
    const entrants = new Entrants(clock, LIMITS);
    const crowd = enter(entrants, 40);
    expect(gone(crowd)).toBe(0); // they came a moment ago
    clock.advance(6_000);
    const [late] = enter(entrants, 1);
    expect(gone(crowd)).toBe(8);
    expect(crowd[0]?.said).toMatch(/^HTTP\/1.1 503 /);
    expect(late?.gone).toBe(false);
  });

  test('those that showed a token count no more, nor do those that left', () => {
    const clock = new ManualClock();
    const entrants = new Entrants(clock, LIMITS);
    const crowd = enter(entrants, 100);
    for (const socket of crowd.slice(0, 60)) entrants.known(socket as unknown as Socket);
    for (const socket of crowd.slice(60, 80)) socket.emit('close');
    clock.advance(6_000);
    enter(entrants, 5);
    expect(gone(crowd)).toBe(0);
  });

  test('another source is not charged for them', () => {
    const clock = new ManualClock();
    const entrants = new Entrants(clock, LIMITS);
    const crowd = enter(entrants, 40);
    clock.advance(6_000);
    expect(gone(enter(entrants, 32, '2.2.2.2'))).toBe(0);
    expect(gone(crowd)).toBe(0);
  });
});

test('a connection beyond the limit is told so, one far beyond it is dropped', () => {
  const entrants = new Entrants(new ManualClock(), LIMITS);
  const sockets = Array.from({ length: 2 * LIMITS.connections + 1 }, (_, i) => enter(entrants, 1, `10.0.0.${i}`)[0] as FakeSocket);
  const refused = (at: number) => entrants.refusalOf(sockets[at] as unknown as Socket)?.code ?? null;
  expect(refused(LIMITS.connections - 1)).toBeNull();
  expect(refused(LIMITS.connections)).toBe('too_many_connections');
  expect(sockets.at(-1)?.gone).toBe(true);
  sockets[0]?.emit('close');
});
