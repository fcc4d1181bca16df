/** What must hold of a history, however it came about: client, ledger and server against each other. Pure; each finding names its rule. */

/** One submit as its caller saw it. `unknown`: it ended without an answer that tells. */
export interface Submitted {
  readonly i: number;
  readonly task: 'ping' | 'crash_me';
  readonly id: string | null;
  readonly outcome: 'ok' | 'refused' | 'unknown';
  readonly error: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}
/** One line of the ledger: code that began. */
export interface Start {
  readonly id: string;
  readonly attempt: number;
  readonly pid: number;
  readonly at: number;
}
export interface RunSeen {
  readonly id: string;
  readonly task: string;
  readonly state: string;
  readonly stateName: string;
  readonly attempt: number;
  readonly crashes: number;
  readonly result?: unknown;
  readonly history: readonly { readonly state: string; readonly name: string; readonly attempt: number }[];
}
/** One record of the store. `token` proves the lease that it is about. */
export interface EventSeen {
  readonly k: string;
  readonly id?: string;
  readonly token?: string;
}
export interface Fault {
  readonly agent: string;
  readonly at: number;
  /** Until when callers may be refused because of it. */
  readonly until: number;
}
export interface History {
  readonly submitted: readonly Submitted[];
  readonly starts: readonly Start[];
  readonly runs: readonly RunSeen[];
  readonly events: readonly EventSeen[];
  readonly faults: readonly Fault[];
  /** Most runs that one fault can hit. */
  readonly slots: number;
}

const FINAL = new Set(['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED', 'EXPIRED']);
/** Faults that leave running code alone: after them nothing may have been started needlessly. */
const HARMLESS = new Set(['kill-server', 'stop-server', 'pause-server', 'lose-answer', 'wall-clock', 'save-code', 'intruder']);
/** How long a client goes on trying by itself. */
const PATIENCE_MS = 30_000;
const MOST_CRASHES = 3;
/** How a refusal reads that only a full disk may cause. */
const FULL = 'disk of the store is full';

/** Empty where all rules hold. */
export function violations(history: History): string[] {
  const runs = new Map(history.runs.map((run) => [run.id, run]));
  const starts = groupBy(history.starts, ({ id }) => id);
  return [
    ...history.submitted.flatMap((one) => judgeSubmit(one, runs, history.faults)),
    ...history.runs.flatMap((run) => judgeRun(run, starts.get(run.id) ?? [])),
    ...judgeNumbers(history, runs, starts),
    ...judgeTokens(history.events),
    ...judgeStrangers(history),
  ];
}

function judgeSubmit(one: Submitted, runs: ReadonlyMap<string, RunSeen>, faults: readonly Fault[]): string[] {
  const run = one.id === null ? undefined : runs.get(one.id);
  if (one.outcome === 'ok') {
    if (run === undefined) return [`H1 lost: ${one.task} ${one.i} was acknowledged as ${one.id} and is not there`];
    if (one.task === 'ping') return judgePing(one.i, run);
    const sound = run.state === 'CRASHED' && run.crashes === MOST_CRASHES;
    return sound ? [] : [`C3 ${say(run)} has crashed ${run.crashes} times and should be CRASHED after ${MOST_CRASHES}`];
  }
  if (one.outcome === 'refused' && run !== undefined) return [`H12 ${one.task} ${one.i} was refused and left ${say(run)} behind`];
  return isExcused(one, faults)
    ? []
    : [`C6 ${one.task} ${one.i} could not be submitted, and no fault was longer than its patience: ${one.error}`];
}

function isExcused(one: Submitted, faults: readonly Fault[]): boolean {
  const meanwhile = faults.filter((fault) => fault.at <= one.endedAt && one.startedAt <= fault.until);
  if (one.outcome === 'refused' && one.error?.includes(FULL)) return meanwhile.some(({ agent }) => agent === 'fill-disk');
  return meanwhile.length > 0 && one.endedAt - one.startedAt >= PATIENCE_MS;
}

function judgePing(i: number, run: RunSeen): string[] {
  if (run.state !== 'COMPLETED') return [`C2 ${say(run)} should be COMPLETED`];
  const right = JSON.stringify(run.result) === JSON.stringify(['pong', i]);
  return right ? [] : [`H4 ${say(run)} returned ${JSON.stringify(run.result)}, not ["pong",${i}]`];
}

function judgeRun(run: RunSeen, starts: readonly Start[]): string[] {
  const found: string[] = [];
  const ends = run.history.filter(({ state }) => FINAL.has(state)).length;
  if (!FINAL.has(run.state)) found.push(`H7 ${say(run)} has not ended`);
  else if (ends !== 1 || !FINAL.has(run.history.at(-1)?.state ?? ''))
    found.push(`H3 ${say(run)} has ${ends} ends, or something after its end`);
  const numbers = run.history.filter(({ state }) => state === 'RUNNING').map(({ attempt }) => attempt);
  const rising = numbers.every((attempt, at) => attempt > (numbers[at - 1] ?? 0));
  if (!rising || (numbers.at(-1) ?? 0) > run.attempt) found.push(`H5 ${say(run)} ran as attempts ${numbers.join(', ')}`);
  if (run.state === 'COMPLETED' && !starts.some(({ attempt }) => attempt === run.attempt)) {
    found.push(`H8 ${say(run)} is COMPLETED, and the code of its last attempt never began`);
  }
  return found;
}

/** Code that began more often than the faults explain. */
function judgeNumbers({ faults, slots }: History, runs: ReadonlyMap<string, RunSeen>, starts: ReadonlyMap<string, Start[]>): string[] {
  const found: string[] = [];
  const hurting = faults.filter(({ agent }) => !HARMLESS.has(agent));
  let repeated = 0;
  for (const [id, all] of starts) {
    const run = runs.get(id);
    if (run === undefined) {
      found.push(`H2 code of ${id} began, and the server knows no such run`);
      continue;
    }
    const distinct = new Set(all.map(({ attempt }) => attempt)).size;
    repeated += all.length - distinct;
    const recorded = run.history.filter(({ state }) => state === 'RUNNING').length;
    const unexplained = hurting.length === 0 && (all.length !== distinct || distinct !== recorded);
    if (unexplained) found.push(`H9 ${say(run)} began ${all.length} times for ${recorded} recorded starts, and no fault had touched it`);
  }
  const most = hurting.length * slots;
  if (repeated > most) found.push(`C4 ${repeated} starts were repeated; ${hurting.length} faults explain ${most}`);
  return found;
}

/** What came of an attempt is written down under the lease that the run had then. */
function judgeTokens(events: readonly EventSeen[]): string[] {
  const found: string[] = [];
  const leases = new Map<string, string>();
  for (const { k, id = '', token } of events) {
    if (token === undefined) continue;
    if (k === 'run.assigned') leases.set(id, token);
    else if (leases.has(id) && leases.get(id) !== token) found.push(`H6 ${k} of ${id} was taken under another lease than the one it had`);
  }
  return found;
}

/** Runs that nobody here submitted; a submit without an answer may have left one. */
function judgeStrangers({ submitted, runs }: History): string[] {
  const ours = new Set(submitted.map(({ id }) => id));
  const strangers = runs.filter(({ id }) => !ours.has(id));
  const unknown = submitted.filter(({ id }) => id === null).length;
  return strangers.length > unknown ? strangers.map((run) => `C8 ${say(run)} was submitted by nobody here`) : [];
}

function say(run: RunSeen): string {
  return `${run.task} ${run.id} (${run.stateName}, attempt ${run.attempt})`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
