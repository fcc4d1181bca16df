/** The one real clock and the one real source of chance, in Node and in browsers. Everything else gets them as arguments. */
import type { Clock, Random } from '../core/seams.ts';

const LONGEST_TIMER_MS = 86_400_000;

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, fn, unref = false) {
    const timer: { unref?(): void } | number = setTimeout(fn, Math.min(Math.max(0, ms), LONGEST_TIMER_MS));
    if (unref && typeof timer === 'object') timer.unref?.();
    return { cancel: () => clearTimeout(timer as number) };
  },
};

const TOKEN_BYTES = 16;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** Random bytes in stock: one call into the system for each token would cost more than all the rest of a lease. */
const stock = new Uint8Array(TOKEN_BYTES * 256);
let used = stock.length;

export const systemRandom: Random = {
  number: Math.random,
  token() {
    if (used === stock.length) {
      crypto.getRandomValues(stock);
      used = 0;
    }
    let token = '';
    for (const end = used + TOKEN_BYTES; used < end; used += 1) token += HEX[stock[used] as number];
    return token;
  },
};
