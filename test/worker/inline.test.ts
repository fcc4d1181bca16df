import { expect, test } from 'vitest';
import { whileWaiting } from '../../src/client/waiting.ts';
import { runContext, task } from '../../src/index.ts';
import { systemRandom } from '../../src/system/system.ts';
import { type Definition, definitionOf } from '../../src/task/definition.ts';
import { InlinePool } from '../../src/worker/inline.ts';
import { JumpClock } from './jump-clock.ts';
import { anAssignment, Told } from './pools.ts';

let release = () => {};
const definitions = [
  task('greet', async (name: string) => `Hello, ${name}! ${process.pid}`),
  task('polite', async () => {
    const { signal } = runContext();
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }),
  task('waits', async () => {
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    await whileWaiting(turn);
    await turn();
    return void whileWaiting(turn);
  }),
  task('deaf', async () => new Promise<void>((resolve) => (release = resolve))),
].map((one) => definitionOf(one) as Definition);

function anInlinePool() {
  const clock = new JumpClock();
  const pool = new InlinePool(definitions, clock, systemRandom);
  const told = new Told();
  pool.listener = told;
  return { pool, told, clock };
}

test('a run runs in this very process', async () => {
  const { pool, told } = anInlinePool();
  expect((await pool.load()).tasks.map(({ name }) => name)).toEqual(['greet', 'polite', 'waits', 'deaf']);
  const run = anAssignment('greet', ['Ford']);
  pool.assign([run]);
  expect(await told.outcomeOf(run)).toMatchObject({ type: 'succeed', result: `"Hello, Ford! ${process.pid}"` });
  expect(told.startedTokens).toEqual([run.token]);
  await pool.idle();
});

test('code that heeds its signal is stopped', async () => {
  const { pool, told } = anInlinePool();
  const [cancelled, left] = [anAssignment('polite'), anAssignment('polite')];
  pool.assign([cancelled, left]);
  await told.startOf(left);
  pool.stop(cancelled.token, 'cancel', 'no');
  expect(await told.outcomeOf(cancelled)).toMatchObject({ type: 'stopped' });
  pool.giveUp('over');
  expect(await told.outcomeOf(left)).toMatchObject({ type: 'release', reason: 'over' });
});

test('code that does not is given up after the grace, and its late end is nobody’s', async () => {
  const { pool, told, clock } = anInlinePool();
  const run = anAssignment('deaf');
  pool.assign([run]);
  await told.startOf(run);
  pool.stop(run.token, 'cancel', 'no');
  clock.jump(4_900);
  expect(told.outcomes).toEqual([]);
  clock.jump(100);
  expect(told.outcomes).toMatchObject([{ type: 'stopped' }]);
  await pool.idle();
  release();
  const next = anAssignment('greet', ['Arthur']);
  pool.assign([next]);
  await told.outcomeOf(next);
  expect(told.outcomes).toHaveLength(2);
});

test('a timeout is kept as far as it can be', async () => {
  const { pool, told, clock } = anInlinePool();
  const run = anAssignment('deaf', [], { timeoutMs: 100 });
  pool.assign([run]);
  await told.startOf(run);
  clock.jump(5_200);
  expect(await told.outcomeOf(run)).toMatchObject({ type: 'fail', timedOut: true });
  release();
});

test('at the end what still runs is given back', async () => {
  const { pool, told } = anInlinePool();
  const run = anAssignment('deaf');
  pool.assign([run]);
  await told.startOf(run);
  pool.kill('the end');
  expect(told.outcomes).toMatchObject([{ type: 'release', reason: 'the end' }]);
  await pool.idle();
  await pool.close();
  release();
});

test('a run that waits for others is told, and not behind its end', async () => {
  const { pool, told } = anInlinePool();
  const run = anAssignment('waits');
  pool.assign([run]);
  await told.outcomeOf(run);
  expect(told.waits).toEqual([true, false].map((waiting) => ({ runId: run.runId, token: run.token, waiting })));
});
