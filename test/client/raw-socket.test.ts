import { describe, expect, test } from 'vitest';
import { drop, goodbye, type WebSocketLike } from '../../src/client/raw-socket.ts';
import { ManualClock } from '../helpers/clock.ts';

function aSocket(over: Partial<WebSocketLike> = {}): WebSocketLike & { calls: string[] } {
  const calls: string[] = [];
  const heard = () => calls.push('heard');
  return {
    ...{ calls, onopen: heard, onmessage: heard, onerror: heard, onclose: heard, send: () => undefined },
    close: (code) => calls.push(`close ${code}`),
    ...over,
  };
}

describe('letting go', () => {
  test('at once terminates where the platform can, and else closes', () => {
    const browser = aSocket();
    drop(browser);
    const calls: string[] = [];
    drop(aSocket({ terminate: () => calls.push('terminate') }));
    expect([browser.calls, calls]).toEqual([['close undefined'], ['terminate']]);
  });

  test('politely waits for the goodbye of the other side', async () => {
    const ws = aSocket();
    const done = goodbye(ws, new ManualClock());
    expect(ws.calls).toEqual(['close 1000']);
    expect([ws.onopen, ws.onmessage, ws.onerror]).toEqual([null, null, null]);
    ws.onclose?.({ code: 1000, reason: '' });
    await done;
  });

  test('politely does not wait for ever', async () => {
    const clock = new ManualClock();
    const ws = aSocket({ terminate: () => ws.calls.push('terminate') });
    const done = goodbye(ws, clock);
    clock.advance(1_000);
    await done;
    expect(ws.calls).toEqual(['close 1000', 'terminate']);
  });
});
