import { expect, test, vi } from 'vitest';
import { anAssignment, aPool, fixture } from './pools.ts';

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

test('nothing of how a child was started is left in its environment', async () => {
  const { pool, told } = await aPool({ files: [fixture('tidy.ts')], watch: true });
  const run = anAssignment('environment');
  pool.assign([run]);
  const outcome = await told.outcomeOf(run);
  const found: string[] = outcome.type === 'succeed' ? JSON.parse(outcome.result ?? '') : ['it failed'];
  // From sources the one flag for the tsx that reads them stays.
  expect(found.filter((key) => key !== 'TSX_TSCONFIG_PATH')).toEqual([]);
});
