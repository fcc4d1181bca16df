/** The one real clock and the one real source of chance. Everything else gets them as arguments. */
import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../core/seams.ts';

const LONGEST_TIMER_MS = 86_400_000;

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, fn, unref = false) {
    const timer = setTimeout(fn, Math.min(Math.max(0, ms), LONGEST_TIMER_MS));
    if (unref) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = {
  number: Math.random,
  token: () => randomBytes(16).toString('hex'),
};
