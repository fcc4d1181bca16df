/** How long to wait before the next try to connect. Full jitter: a wait is evenly spread between 0 and a cap, which doubles with each failed try. Pure. */
import { isLoopbackName } from '../core/loopback.ts';

export const FIRST_CAP_MS = 100;
const LAST_CAP_MS = 10_000;
/** A server on this machine is one that somebody is working on, and a try there costs no network. */
const NEAR_LAST_CAP_MS = 2_000;

/** The cap after so many failed tries in a row, in milliseconds. `url` is the base of the API. */
export function capMs(url: string, failures: number): number {
  return Math.min(isNear(url) ? NEAR_LAST_CAP_MS : LAST_CAP_MS, FIRST_CAP_MS * 2 ** failures);
}

/** A try may fail before there is an address. */
function isNear(url: string): boolean {
  return URL.canParse(url) && isLoopbackName(new URL(url).hostname);
}
