/** Who may execute what, and until when. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ServerFrame } from '../../src/core/frames.ts';
import { HEARTBEAT_MS, LEASE_MS } from '../../src/core/protocol.ts';
import { callerId, type Holder, type Link, Roster, usedSlots } from '../../src/server/roster.ts';

const link: Link<ServerFrame> = { send: () => undefined, close: () => undefined };
const process = { pid: 1, host: 'here', machine: 'm', startTicks: '1' };
const alive = () => false;
const dead = () => true;
let roster: Roster;
const worker = (id: string, over: Partial<Holder> = {}) => Object.assign(roster.enter(id, id, 0, 0), { link, slots: 2, process, ...over });

beforeEach(() => {
  roster = new Roster();
});

describe('a lease', () => {
  test('is found by run and token together, and freed once', () => {
    const one = worker('one');
    roster.lease(one, 't', 'r');
    expect(roster.holderOf({ runId: 'r', token: 't' })).toBe(one);
    expect(roster.holderOf({ runId: 'other', token: 't' })).toBeUndefined();
    expect(roster.free({ runId: 'other', token: 't' })).toBe(false);
    expect(roster.free({ runId: 'r', token: 't' })).toBe(true);
    expect(roster.free({ runId: 'r', token: 't' })).toBe(false);
  });

  test('goes with its holder', () => {
    const one = worker('one');
    roster.lease(one, 't', 'r');
    roster.remove(one);
    expect(roster.holderOf({ runId: 'r', token: 't' })).toBeUndefined();
    expect(roster.get('one')).toBeUndefined();
  });
});

test('room is offered at connected workers that neither drain nor are paused, the emptiest first', () => {
  roster.lease(worker('busy'), 't', 'r');
  worker('full', { slots: 0 });
  worker('draining', { draining: true });
  worker('gone', { link: null });
  worker('empty');
  worker('paused');
  expect(roster.offers(new Set(['paused'])).map(({ workerId, slots }) => [workerId, slots])).toEqual([
    ['empty', 2],
    ['busy', 1],
  ]);
});

test('what waits for other runs takes no slot, as long as its lease holds', () => {
  const one = worker('one');
  const slots = () => roster.offers()[0]?.slots;
  roster.lease(one, 't', 'r');
  one.waiting.add('t');
  roster.lease(one, 'u', 's');
  expect([slots(), usedSlots(one)]).toEqual([1, 1]);
  roster.free({ runId: 'r', token: 't' });
  expect([slots(), usedSlots(one)]).toEqual([1, 1]);
  roster.free({ runId: 's', token: 'u' });
  expect([slots(), usedSlots(one)]).toEqual([2, 0]);
});

describe('a verdict', () => {
  test('on a silent worker comes with the end of its lease, connected or not', () => {
    for (const one of [worker('one'), worker('two', { link: null })]) {
      expect(roster.verdict(one, LEASE_MS - 1, alive)).toBeNull();
      expect(roster.verdict(one, LEASE_MS, alive)).toBe(`Worker ${one.id} was silent for 30 s`);
    }
  });

  test('on a dead process comes a second after it was found dead, but only where its connection is closed', () => {
    expect(roster.verdict(worker('one'), 10, dead)).toBeNull();
    const two = worker('two', { link: null });
    expect(roster.verdict(two, 10, dead)).toBeNull();
    expect(roster.verdict(two, 1_009, alive)).toBeNull();
    expect(roster.verdict(two, 1_010, alive)).toBe('Worker two died');
  });

  test('on a caller waits for it to come back', () => {
    const caller = worker(callerId('x'), { process: null });
    expect(roster.verdict(caller, 10 * LEASE_MS, dead)).toBeNull();
    Object.assign(caller, { link: null, deadSince: 100, lastHeardAt: 100 });
    expect(roster.verdict(caller, 5_099, dead)).toBeNull();
    expect(roster.verdict(caller, 5_100, dead)).toMatch(/^The caller .* died$/);
  });
});

test('the next look is due when a heartbeat could be missed, soon where a connection is closed, never where nobody is', () => {
  expect(roster.quietForMs(0)).toBeNull();
  worker(callerId('x'));
  expect(roster.quietForMs(0)).toBeNull();
  const one = worker('one');
  expect(roster.quietForMs(0)).toBe(LEASE_MS);
  expect(roster.quietForMs(LEASE_MS)).toBe(HEARTBEAT_MS);
  one.link = null;
  expect(roster.quietForMs(0)).toBe(1_000);
});
