/** What the store adds to its table: payloads on one line, logs that go with their runs, an end in order. */
import { expect, test } from 'vitest';
import type { LogLine } from '../../src/core/api.ts';
import type { Log } from '../../src/store/commits.ts';
import type { Fact } from '../../src/store/rows.ts';
import { Table } from '../../src/store/table.ts';
import { type RunLogs, TableStore } from '../../src/store/table-store.ts';
import { systemClock } from '../../src/system/system.ts';
import { aSubmit, T0 } from '../core/builders.ts';
import { grant, line, offer } from './contract.ts';

function recording() {
  const facts: Fact[] = [];
  const events: string[] = [];
  const log: Log = {
    costly: false,
    append: (batch) => void facts.push(...batch),
    rest: () => undefined,
    breakReserve: async () => undefined,
    hasRoom: async () => true,
  };
  const logs: RunLogs = {
    append: (id, lines) => events.push(`append ${id} ${lines.length}`),
    read: async (): Promise<readonly LogLine[]> => [],
    remove: (ids) => events.push(`remove ${ids}`),
  };
  const release = async () => void events.push('release');
  const parts = { url: 'test:', durability: 'durable' as const, table: new Table(), log, logs, clock: systemClock, release };
  return { store: new TableStore(parts), facts, events };
}

test('a payload is kept on one line, whatever line ends it came with', async () => {
  const { store, facts } = recording();
  await store.submit([aSubmit({ id: 'a', args: '[\r\n1,\n"\\n"]' })], T0);
  const [claimed] = await store.claim(offer(1), T0, grant);
  const token = claimed?.run.lease.token as string;
  await store.apply([{ id: 'a', event: { type: 'succeed', token, result: '{\n}' } }], T0);
  expect(
    facts.map((fact) =>
      fact.kind === 'submit' ? fact.run.args : fact.kind === 'event' && 'result' in fact.event ? fact.event.result : null,
    ),
  ).toEqual(['[  1, "\\n"]', null, '{ }']);
});

test('lines of a run go where logs are kept, and go with it; those of no run go nowhere', async () => {
  const { store, events } = recording();
  await store.submit([aSubmit({ id: 'a' })], T0);
  store.appendLogs('a', [line('x'), line('y')]);
  store.appendLogs('a', []);
  store.appendLogs('nobody', [line('x')]);
  await store.apply([{ id: 'a', event: { type: 'cancel', reason: 'x' } }], T0);
  expect(await store.remove(['a'])).toEqual(['a']);
  await store.close();
  store.appendLogs('a', [line('late')]);
  expect(events).toEqual(['append a 2', 'remove a', 'release']);
});

test('it wakes for what comes first, a due time or an expiry', async () => {
  const { store } = recording();
  expect(store.nextWakeAt()).toBeNull();
  await store.submit([aSubmit({ id: 'a', dueAt: T0 + 50 })], T0);
  expect(store.nextWakeAt()).toBe(T0 + 50);
  await store.submit([aSubmit({ id: 'b', dueAt: T0 + 90, expiresAt: T0 + 20 })], T0);
  expect(store.nextWakeAt()).toBe(T0 + 20);
});
