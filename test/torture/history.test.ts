/** That each rule can be broken: a checker that never finds anything proves nothing. */
import { expect, test } from 'vitest';
import { type Fault, type History, type RunSeen, type Start, type Submitted, violations } from './history.ts';

const T0 = Date.UTC(2030, 0, 1);
const ID = 'run-1';

function aRun(over: Partial<RunSeen> = {}): RunSeen {
  const history = ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED'].map((state, at) => ({ state, name: state, attempt: at > 1 ? 1 : 0 }));
  return {
    id: ID,
    task: 'ping',
    state: 'COMPLETED',
    stateName: 'Completed',
    attempt: 1,
    crashes: 0,
    result: ['pong', 7],
    history,
    ...over,
  };
}
function aSubmit(over: Partial<Submitted> = {}): Submitted {
  return { i: 7, task: 'ping', id: ID, outcome: 'ok', error: null, startedAt: T0, endedAt: T0 + 5, ...over };
}
const aStart = (attempt = 1, id = ID): Start => ({ id, attempt, pid: 1, at: T0 });
const aFault = (over: Partial<Fault> = {}): Fault => ({ agent: 'kill-worker', at: T0, until: T0 + 60_000, ...over });
const ended = (state: string, from = aRun()) => [...from.history.slice(0, -1), { state, name: state, attempt: 1 }];

function aHistory(over: Partial<History> = {}): History {
  return { submitted: [aSubmit()], starts: [aStart()], runs: [aRun()], events: [], faults: [], slots: 2, ...over };
}

test('a sound history breaks no rule', () => {
  expect(violations(aHistory())).toEqual([]);
});

const lease = (token: string) => ({ k: 'run.assigned', id: ID, token });
const FULL = 'RefusedError: The disk of the store is full. Free some space.';
const crashed = aRun({ task: 'crash_me', state: 'CRASHED', crashes: 3, result: null, history: ended('CRASHED') });
test.each<[string, Partial<History>]>([
  ['H1', { runs: [], starts: [] }],
  ['H2', { starts: [aStart(), aStart(1, 'run-2')] }],
  ['H3', { runs: [aRun({ history: [...aRun().history, { state: 'RUNNING', name: 'Running', attempt: 1 }] })] }],
  ['H3', { runs: [aRun({ history: [...aRun().history, { state: 'COMPLETED', name: 'Completed', attempt: 1 }] })] }],
  ['H4', { runs: [aRun({ result: ['pong', 8] })] }],
  ['H5', { runs: [aRun({ history: [...aRun().history.slice(0, 3), ...aRun().history.slice(2)] })] }],
  ['H6', { events: [lease('a'), lease('b'), { k: 'run.succeeded', id: ID, token: 'a' }] }],
  ['H7', { runs: [aRun({ state: 'RUNNING' })] }],
  ['H8', { starts: [] }],
  ['H9', { starts: [aStart(), aStart()] }],
  ['H9', { starts: [aStart(1), aStart(2)], faults: [aFault({ agent: 'kill-server' })] }],
  ['H12', { submitted: [aSubmit({ outcome: 'refused' })] }],
  ['C2', { runs: [aRun({ state: 'FAILED', stateName: 'Failed', history: ended('FAILED') })] }],
  ['C3', { submitted: [aSubmit({ task: 'crash_me' })], runs: [{ ...crashed, crashes: 2 }] }],
  ['C4', { starts: [aStart(), aStart(), aStart(), aStart()], faults: [aFault()] }],
  ['C6', { submitted: [aSubmit({ id: null, outcome: 'refused', error: FULL })], runs: [], starts: [] }],
  ['C6', { submitted: [aSubmit({ id: null, outcome: 'unknown', error: 'x' })], runs: [], starts: [] }],
  ['C8', { runs: [aRun(), aRun({ id: 'run-2' })] }],
])('%s can be broken: %j', (rule, broken) => {
  expect(violations(aHistory(broken)).map((text) => text.split(' ')[0])).toContain(rule);
});

test('what a fault explains breaks none', () => {
  expect(violations(aHistory({ starts: [aStart(), aStart()], faults: [aFault()] }))).toEqual([]);
  expect(violations(aHistory({ submitted: [aSubmit({ task: 'crash_me' })], runs: [crashed] }))).toEqual([]);
  expect(violations(aHistory({ events: [lease('a'), lease('b'), { k: 'run.succeeded', id: ID, token: 'b' }] }))).toEqual([]);
  const full = aSubmit({ id: null, outcome: 'refused', error: FULL });
  expect(violations({ ...aHistory({ submitted: [full], faults: [aFault({ agent: 'fill-disk' })] }), runs: [], starts: [] })).toEqual([]);
  const gaveUp = aSubmit({ id: null, outcome: 'unknown', endedAt: T0 + 30_000 });
  expect(violations({ ...aHistory({ submitted: [gaveUp], faults: [aFault()] }), runs: [], starts: [] })).toEqual([]);
});
