/**
 * The limits of a server that may be set, as a setting says them: `openRuns=500000,logRunBytes=50MiB`. The names are those of
 * `GET /api/limits`; the end of a name says what it takes. What is not here is agreed between both ends of a connection, or follows.
 */
import { DURATION_TEXT, toMilliseconds } from '../core/duration.ts';
import { limitsOf, MOST_PAYLOAD_BYTES, type ServerLimits } from '../core/protocol.ts';
import { nearest } from './nearest.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const GIB = 1_024 * MIB;
const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: KIB, MiB: MIB, GiB: GIB };
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** The least and the most of each. Beyond them a server would keep out those it is for, or hold more than a process can. */
const BOUNDS = {
  openRuns: [1, 10_000_000],
  argsBytes: [KIB, MOST_PAYLOAD_BYTES],
  resultBytes: [KIB, MOST_PAYLOAD_BYTES],
  headerBytes: [4 * KIB, MIB],
  headersMs: [SECOND, HOUR],
  requestMs: [5 * SECOND, HOUR],
  connections: [8, 65_536],
  strangers: [1, 65_536],
  watchBehindBytes: [64 * KIB, GIB],
  watchBehindMs: [SECOND, HOUR],
  workBehindBytes: [64 * KIB, GIB],
  logLineBytes: [KIB, 128 * KIB],
  logRunBytes: [64 * KIB, 128 * MIB],
  logTotalBytes: [MIB, 1_024 * GIB],
} as const satisfies Partial<Record<keyof ServerLimits, readonly [least: number, most: number]>>;
type Settable = keyof typeof BOUNDS;
const NAMES = Object.keys(BOUNDS) as Settable[];

/** `text` in one form: each limit once, in a fixed order, in bytes, milliseconds or runs. @throws {Error} A sentence that says what was expected. */
export function settleLimits(text: string): string {
  const said = new Map<Settable, number>();
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const [name, value] = partsOf(part);
    if (said.has(name)) throw new Error(`${name} stands there twice`);
    said.set(name, numberOf(name, value));
  }
  return NAMES.flatMap((name) => (said.has(name) ? [`${name}=${said.get(name)}`] : [])).join(',');
}

/** A settled text, read; null: nothing was said. */
export function readLimits(settled: string | null): ServerLimits {
  const said = (settled ?? '').split(',').filter(Boolean);
  return limitsOf(Object.fromEntries(said.map((part) => part.split('=')).map(([name, value]) => [name, Number(value)])));
}

function partsOf(part: string): [Settable, string] {
  const [, name = part, value] = /^(\w+)\s*=\s*(.*)$/s.exec(part) ?? [];
  const known = NAMES.find((one) => one === name);
  if (known !== undefined && value !== undefined) return [known, value];
  if (known !== undefined) throw new Error(`expected a value, as in ${known}=${shown(known, BOUNDS[known][1])}`);
  const near = nearest(name, NAMES);
  throw new Error(`there is no limit ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : '.'} The limits are ${NAMES.join(', ')}`);
}

function numberOf(name: Settable, value: string): number {
  const [least, most] = BOUNDS[name];
  const number = name.endsWith('Bytes') ? bytesOf(value) : name.endsWith('Ms') ? msOf(value) : plain(value);
  if (number >= least && number <= most) return number;
  throw new Error(`${name} must be from ${shown(name, least)} to ${shown(name, most)}, not ${JSON.stringify(value)}`);
}

function bytesOf(text: string): number {
  const [, number, unit = 'B'] = /^(\d{1,13})\s*([KMG]iB|B)?$/.exec(text) ?? [];
  return number === undefined ? Number.NaN : Number(number) * (UNITS[unit] as number);
}

function msOf(text: string): number {
  return DURATION_TEXT.test(text) ? toMilliseconds(text, 'limit') : plain(text);
}

function plain(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
}

function shown(name: Settable, number: number): string {
  if (name.endsWith('Ms')) return number % HOUR === 0 ? `${number / HOUR}h` : `${number / SECOND}s`;
  if (!name.endsWith('Bytes')) return String(number);
  const [unit, size] = Object.entries(UNITS).findLast(([, bytes]) => number % bytes === 0) as [string, number];
  return `${number / size}${unit}`;
}
