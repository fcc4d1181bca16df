/**
 * Times as the viewer shows them. What is still going on is shown as an age that grows; what is over is shown as the clock showed it, which
 * stays true without being drawn again. So a screen of finished runs needs no timer. Pure; local time.
 */

import type { RunView } from '../core/api.ts';
import { formatDuration } from '../core/duration.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Since when a run is there: `12s ago` while it is open, `14:03:22` or `Nov 23` after its end. */
export function whenText(run: RunView, now: number): string {
  const created = Date.parse(run.createdAt);
  if (run.endedAt === null) return `${coarse(now - created)} ago`;
  const at = new Date(created);
  const sameDay = new Date(now).toDateString() === at.toDateString();
  return sameDay ? clockText(created) : at.toLocaleDateString('en', { month: 'short', day: 'numeric' });
}

/** How long the newest attempt took or takes, or how long it is until it is due. */
export function tookText(run: RunView, now: number): string {
  if (run.state === 'SCHEDULED') {
    const left = Date.parse(run.dueAt) - now;
    return left > 0 ? `in ${remaining(left).count}${remaining(left).unit.name}` : '';
  }
  if (run.startedAt === null) return '';
  const started = Date.parse(run.startedAt);
  return run.endedAt === null ? running(now - started) : formatDuration(Math.max(0, Date.parse(run.endedAt) - started));
}

/** Milliseconds until one of the texts above changes by itself; null when that never happens. */
export function nextChangeMs(run: RunView, now: number): number | null {
  if (run.endedAt !== null) return null;
  const age = untilOlder(now - Date.parse(run.createdAt), [MINUTE, HOUR, DAY]);
  if (run.state === 'SCHEDULED') {
    const left = Date.parse(run.dueAt) - now;
    return left > 0 ? Math.min(age, untilNearer(left)) : age;
  }
  return run.startedAt === null ? age : Math.min(age, untilOlder(now - Date.parse(run.startedAt), [HOUR, DAY, Number.POSITIVE_INFINITY]));
}

/** Time until something `age` old is shown as older: in seconds, and beyond each of `bounds` in the next larger unit. */
function untilOlder(age: number, bounds: readonly number[]): number {
  if (age < 0) return -age;
  const step = UNITS[bounds.filter((bound) => age >= bound).length]?.ms ?? DAY;
  return step - (age % step);
}

const UNITS = [
  { name: 's', ms: SECOND, most: 59 },
  { name: 'm', ms: MINUTE, most: 59 },
  { name: 'h', ms: HOUR, most: 23 },
  { name: 'd', ms: DAY, most: Number.POSITIVE_INFINITY },
] as const;

/** What is left in the smallest unit that has room for it, rounded up: five minutes are `5m` at first, and nothing is due in `0s`. */
function remaining(left: number): { readonly count: number; readonly unit: (typeof UNITS)[number]; readonly smaller: number } {
  const at = UNITS.findIndex(({ ms, most }) => Math.ceil(left / ms) <= most);
  const unit = UNITS[at] as (typeof UNITS)[number];
  const below = UNITS[at - 1];
  return { count: Math.ceil(left / unit.ms), unit, smaller: below === undefined ? 0 : below.ms * below.most };
}

/** Time until what is `left` is shown as less. */
function untilNearer(left: number): number {
  const { count, unit, smaller } = remaining(left);
  return left - Math.max((count - 1) * unit.ms, smaller);
}

/** One unit: `12s`, `3m`, `2h`, `5d`. */
function coarse(ms: number): string {
  const age = Math.max(0, ms);
  if (age < MINUTE) return `${Math.floor(age / SECOND)}s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)}m`;
  return age < DAY ? `${Math.floor(age / HOUR)}h` : `${Math.floor(age / DAY)}d`;
}

/** Whole seconds: tenths that stand still would lie. */
function running(ms: number): string {
  const age = Math.max(0, Math.floor(ms / SECOND) * SECOND);
  return age < MINUTE ? `${age / SECOND}s` : formatDuration(age);
}

/** `14:03:22` */
export function clockText(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** `14:03:22.131` */
export function preciseText(at: number): string {
  return `${clockText(at)}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;
}

/** `2026-11-24 14:03:22` */
export function dateText(at: number): string {
  const date = new Date(at);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
  return `${day} ${clockText(at)}`;
}
