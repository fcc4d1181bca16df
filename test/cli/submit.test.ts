import { describe, expect, test } from 'vitest';
import { durationOf, submitRequest } from '../../src/cli/submit.ts';

const newId = () => 'made';
const flags = { wait: false };

describe('a submit', () => {
  test('holds only what was said', async () => {
    expect(await submitRequest('greet', ['Ford', '42'], flags, newId)).toEqual({ id: 'made', task: 'greet', args: ['Ford', 42] });
    expect(await submitRequest('greet', [], { ...flags, id: 'mine' }, newId)).toEqual({ id: 'mine', task: 'greet', args: [] });
  });

  test('has its durations in milliseconds and its moment in UTC', async () => {
    const said = { delay: '1h30m', ttl: '500', priority: '2s', timeout: '1m', at: '2026-11-24T15:00:00+02:00' };
    expect((await submitRequest('greet', [], { ...flags, ...said }, newId)).options).toEqual({
      ...{ delay: 5_400_000, ttl: 500, priority: 2_000, timeout: 60_000, at: '2026-11-24T13:00:00.000Z' },
    });
  });

  test('says with its key what becomes of it where another run has that', async () => {
    expect((await submitRequest('greet', [], { ...flags, key: 'k', 'on-conflict': 'replace' }, newId)).options).toEqual({
      idempotencyKey: 'k',
      onConflict: 'replace',
    });
  });

  test('takes a moment without a zone as this machine’s', async () => {
    const { options } = await submitRequest('greet', [], { ...flags, at: '2026-11-24 15:00' }, newId);
    expect(options?.at).toBe(new Date(2026, 10, 24, 15).toISOString());
  });

  test('takes its arguments from --args or from the words, not from both', async () => {
    expect((await submitRequest('greet', [], { ...flags, args: '["-x"]' }, newId)).args).toEqual(['-x']);
    await expect(submitRequest('greet', ['a'], { ...flags, args: '[]' }, newId)).rejects.toThrow('not from both');
  });

  test.each(['soon', '5', 'Tue', '2026-13-01'])('refuses the moment %s', async (at) => {
    await expect(submitRequest('greet', [], { ...flags, at }, newId)).rejects.toThrow('--at is');
  });
});

test('a bare number is milliseconds; what is no duration is refused by the name of its flag', () => {
  expect(durationOf(undefined, '--x')).toBeUndefined();
  expect(durationOf('250', '--x')).toBe(250);
  expect(durationOf('2m', '--x')).toBe(120_000);
  expect(() => durationOf('-5s', '--x')).toThrow('--x is "-5s"');
});
