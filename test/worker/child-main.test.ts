import { expect, test, vi } from 'vitest';
import { anAssignment, aPool, childOf, fixture, isAlive } from './pools.ts';

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

test('signals that a terminal or a service manager sends to all are the worker’s to answer', async () => {
  const { pool, told } = await aPool();
  const run = anAssignment('wait', [500]);
  pool.assign([run]);
  await told.startOf(run);
  const pid = childOf(process.pid);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
  expect(await told.outcomeOf(run)).toMatchObject({ type: 'succeed', result: String(pid) });
  expect(isAlive(pid)).toBe(true);
});

test('code that listens to SIGTERM may tidy up when its process is not needed any more', async () => {
  const { pool, told } = await aPool({ files: [fixture('tidy.ts')] });
  await pool.close();
  expect(told.events).toMatchObject([{ type: 'output', text: 'tidied up' }]);
});

test('an error that nobody caught, of a direct call inside a run, is that run’s', async () => {
  const { pool, told } = await aPool({ files: [fixture('strays.ts')] });
  const [run, neighbour] = [anAssignment('nested'), anAssignment('wait', [300])];
  pool.assign([run, neighbour]);
  expect(await told.outcomeOf(run)).toMatchObject({ type: 'fail', error: { message: 'nobody awaited the inner call' } });
  expect(await told.outcomeOf(neighbour)).toMatchObject({ type: 'succeed' });
});

test('a process says in its title what it runs', async () => {
  const { pool, told } = await aPool({ files: [fixture('tidy.ts')] });
  const run = anAssignment('title');
  pool.assign([run]);
  expect(await told.outcomeOf(run)).toMatchObject({ result: '"bgtask: environment ids title"' });
});
