import { expect, test } from 'vitest';
import { runFlags } from '../../src/cli/run-flags.ts';

test('every flag has a variable of this command alone, and words that explain it', () => {
  for (const [name, flag] of Object.entries(runFlags)) {
    expect(flag.env).toBe(`BGTASK_TASK_RUN_${name.replaceAll('-', '_').toUpperCase()}`);
    expect(flag.description).toMatch(/\w{3}/);
  }
});

test('a run is due after a delay or at a moment, not both', () => {
  expect(runFlags.delay.exclusive).toEqual(['at']);
});
