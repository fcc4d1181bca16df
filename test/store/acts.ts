/** Random histories: the same calls on a store, or on a table alone as its model. Nothing here asserts. */
import fc from 'fast-check';
import { type NewRun, ON_CONFLICT, type OnConflict, type RunEvent } from '../../src/core/run.ts';
import { Changes } from '../../src/store/rows.ts';
import { DEFAULT_KEEP, type Store } from '../../src/store/store.ts';
import { Table } from '../../src/store/table.ts';
import { aSubmit, BOOM, T0 } from '../core/builders.ts';
import { stateOf } from './helpers.ts';

/** One call that changes one record of the store at most, said in numbers so that it shrinks well. */
export type Act = {
  readonly kind:
    | 'submit'
    | 'key'
    | 'wait'
    | 'claim'
    | 'succeed'
    | 'keep'
    | 'defer'
    | 'hit'
    | 'clear'
    | 'fail'
    | 'cancel'
    | 'release'
    | 'start'
    | 'pause'
    | 'input'
    | 'expire'
    | 'remove'
    | 'sweep';
  readonly pick: number;
};
export const anAct: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom(
    'submit',
    'submit',
    'key',
    'wait',
    'claim',
    'claim',
    'start',
    'succeed',
    'succeed',
    'keep',
    'keep',
    'defer',
    'hit',
    'clear',
    'fail',
    'cancel',
    'release',
    'pause',
    'input',
    'expire',
    'remove',
    'sweep',
  ),
  pick: fc.nat(20),
});

/** The same calls on a store, or on a table alone. */
export interface Target {
  submit(run: NewRun, at: number): unknown;
  claim(at: number, token: string): unknown;
  apply(id: string, event: RunEvent, at: number): unknown;
  expire(at: number): unknown;
  pause(of: 'task' | 'worker', paused: boolean, at: number): unknown;
  input(schema: string | null, at: number): unknown;
  clear(at: number): unknown;
  remove(id: string, at: number): unknown;
  sweep(at: number): unknown;
}
export const OFFER = [{ workerId: 'w', tasks: new Set(['greet']), slots: 1 }];
const KEEP = { ...DEFAULT_KEEP, completedCount: 3, failedCount: 2 };
export const granting = (token: string) => (workerId: string) => ({
  type: 'assign' as const,
  lease: { token, workerId, workerName: 'W' },
  maxAttempts: 2,
});

export function onStore(store: Store): Target {
  return {
    submit: (run, at) => store.submit([run], at),
    claim: (at, token) => store.claim(OFFER, at, granting(token)),
    apply: (id, event, at) => store.apply([{ id, event }], at),
    expire: (at) => store.expire(at),
    pause: (of, paused, at) => store.setPaused(of, 'greet', paused, at),
    input: (schema, at) => store.noteInputs([{ task: 'greet', schema }], at),
    clear: (at) => store.uncache(null, at),
    remove: (id) => store.remove([id]),
    sweep: (at) => store.sweep(at, KEEP),
  };
}

export function onTable(table: Table): Target {
  return {
    submit: (run, at) => table.submit(run, at),
    claim: (at, token) => table.claim(OFFER, at, granting(token)),
    apply: (id, event, at) => table.apply(id, event, at),
    expire: (at) => table.expire(at),
    pause: (of, paused, at) => table.pauses.tell({ of, name: 'greet', paused, at }, table.changes),
    input: (schema, at) => table.inputs.tell([{ task: 'greet', schema }], at, table.changes),
    clear: (at) => table.uncache(null, at),
    remove: (id, at) => table.remove([id], at),
    sweep: (at) => table.sweep(at, KEEP),
  };
}

/** From one act to the next. A sweep leaves what ended in the last two seconds, so it must not be less than one. */
const STEP_MS = 1_000;

const idOf = (index: number) => {
  const time = (T0 + index).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
};
const tokenOf = (index: number) => `token-${index}`;

const PAUSABLE = ['task', 'task', 'task', 'worker'] as const;

/** Does act number `index`. What it picks depends on the acts before it alone, so that store and table do the same. */
export function perform(target: Target, acts: readonly Act[], index: number): unknown {
  const { kind, pick } = acts[index] as Act;
  const at = T0 + index * STEP_MS;
  const [id, token] = [idOf(pick % Math.max(1, index)), tokenOf(pick % Math.max(1, index))];
  const said = { id: idOf(index), createdAt: at, dueAt: at + (pick % 3) * (STEP_MS / 2) };
  switch (kind) {
    case 'submit':
      return target.submit(
        aSubmit({
          ...said,
          parentId: id,
          expiresAt: pick % 4 === 0 ? at + 6 * STEP_MS : null,
          priority: pick,
          args: `["ü\\u2028",${pick}]`,
        }),
        at,
      );
    case 'key':
      return target.submit(
        aSubmit({
          ...{ ...said, idempotencyKey: `k${pick % 3}`, idempotencyTtlMs: pick % 2 === 0 ? null : 10 * STEP_MS },
          ...{ onConflict: ON_CONFLICT[pick % 4] as OnConflict, dueBy: pick % 5 === 0 ? at + 3 * STEP_MS : null },
        }),
        at,
      );
    case 'wait':
      return target.submit(aSubmit({ ...said, waitFor: [{ id, allowFailure: pick % 2 === 0 }] }), at);
    case 'claim':
      return target.claim(at, tokenOf(index));
    case 'pause':
      return target.pause(PAUSABLE[pick % PAUSABLE.length] as 'task' | 'worker', pick % 3 === 0, at);
    case 'input':
      return target.input(pick % 3 === 0 ? null : `{"const":"${'ü'.repeat(pick)}"}`, at);
    case 'expire':
      return target.expire(at);
    case 'remove':
      return target.remove(id, at);
    case 'sweep':
      return target.sweep(at);
    case 'fail':
      return target.apply(id, { type: 'fail', token, error: BOOM, retry: true, retryDelayMs: STEP_MS / 2, timedOut: false }, at);
    case 'release':
      return target.apply(id, { type: 'release', token, reason: 'drain' }, at);
    case 'cancel':
      return target.apply(id, { type: 'cancel', reason: 'asked' }, at);
    case 'succeed':
      return target.apply(id, { type: 'succeed', token, result: '{"result":null,"args":[]}' }, at);
    case 'start':
      return target.apply(id, { type: 'start', token }, at);
    default:
      return cacheAct(target, acts, index);
  }
}
function cacheAct(target: Target, acts: readonly Act[], index: number): unknown {
  const { kind, pick } = acts[index] as Act;
  const at = T0 + index * STEP_MS;
  const [id, token] = [idOf(pick % Math.max(1, index)), tokenOf(pick % Math.max(1, index))];
  if (kind === 'keep')
    return target.apply(id, { type: 'key', token, cache: { key: `c${pick % 2}`, ttlMs: pick % 3 === 0 ? 10 * STEP_MS : null } }, at);
  if (kind === 'defer') return target.apply(id, { type: 'defer', token, until: idOf((pick + 1) % Math.max(1, index)) }, at);
  if (kind === 'hit') return target.apply(id, { type: 'succeed', token, result: '1', cachedFrom: idOf(index) }, at);
  return target.clear(at);
}

/** An event names its run and its token by one number: make them meet. */
export const acts = fc.array(anAct, { minLength: 1, maxLength: 60, size: 'max' });

/** For each act the states that its facts lead through, the last one after all of them; first of all the empty one. */
export function statesOf(all: readonly Act[]): string[][] {
  const table = new Table();
  const onDisk = new Table();
  const target = onTable(table);
  return [
    [stateOf(onDisk)],
    ...all.map((_act, index) => {
      const before = stateOf(onDisk);
      const changes = new Changes();
      table.changes = changes;
      perform(target, all, index);
      const after = changes.facts.map((fact) => {
        onDisk.replay(fact);
        return stateOf(onDisk);
      });
      return after.length > 0 ? after : [before];
    }),
  ];
}
